"""Which drum is on which key (General MIDI Level 1, percussion map), and what drums are like."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["DRUMS", "HATS", "Drum"]

HATS = 1


@dataclass(frozen=True)
class Drum:
    """A kind of drum.

    Attributes:
        name: as in General MIDI, where it has a name for the kind.
        keys: the keys that play it.
        brightness: Hz, spectral centroid of a typical stroke.
        seconds: to fall by 60 dB.
        highpass: Hz; what lies below is no part of it. 0 for none.
        lowpass: Hz; 0 for none.
        gain_db: loudness in a balanced kit.
        choke: group of strokes that silence one another, 0 for none.
    """

    name: str
    keys: tuple[int, ...]
    brightness: float
    seconds: float
    highpass: float = 0.0
    lowpass: float = 0.0
    gain_db: float = 0.0
    choke: int = 0


# The first eight are the kit proper: recordings are shared out among them first.
DRUMS: tuple[Drum, ...] = (
    Drum("kick", (35, 36), 200, 0.5, lowpass=2500),
    Drum("snare", (38, 40), 2500, 0.4, highpass=120, gain_db=-2),
    Drum("closed hat", (42, 44), 8000, 0.12, highpass=2500, gain_db=-9, choke=HATS),
    Drum("crash", (49, 52, 55, 57), 6000, 2.5, highpass=500, gain_db=-8),
    Drum("low tom", (41, 43, 45), 350, 0.7, gain_db=-3),
    Drum("high tom", (47, 48, 50), 600, 0.6, gain_db=-3),
    Drum("open hat", (46,), 8000, 0.8, highpass=2500, gain_db=-9, choke=HATS),
    Drum("ride", (51, 53, 59), 5500, 1.5, highpass=800, gain_db=-9),
    Drum("side stick", (37, 75, 76, 77), 2000, 0.12, highpass=300, gain_db=-4),
    Drum("clap", (39, 58), 2800, 0.25, highpass=400, gain_db=-4),
    Drum("shaker", (54, 69, 70, 71, 72, 73, 74, 82), 7000, 0.2, highpass=2500, gain_db=-9),
    Drum("bell", (56, 67, 68, 80, 81), 3500, 0.6, highpass=500, gain_db=-8),
    Drum("conga", (60, 61, 62, 63, 64, 65, 66, 78, 79), 700, 0.3, highpass=80, gain_db=-4),
)
