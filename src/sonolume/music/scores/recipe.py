"""What a mood's music is made of: parts, and how they are played.

Rhythms are written on a grid of sixteenths, one bar a word: a sign begins a note, "-" holds it, "."
is silence. In bass lines the sign is R (root), 5 (fifth) or 8 (octave); in accompaniments it is x
(the chord) or 1 to 4 (one voice, from below); X is an accent and o a soft stroke of a drum.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

__all__ = ["Part", "PartName", "Recipe"]

PartName = Literal["drums", "bass", "guitar", "keys", "lead", "pad"]


@dataclass(frozen=True)
class Part:
    """An accompanying instrument.

    Attributes:
        program: General MIDI program.
        bars: rhythms, one chosen for each phrase.
        gate: share of its length that a note sounds.
        level: added velocity.
        pan: -1 to 1.
    """

    program: int
    bars: tuple[str, ...]
    gate: float = 0.95
    level: int = 0
    pan: float = 0.0


@dataclass(frozen=True)
class Recipe:
    """A mood as music.

    Attributes:
        tempo: slowest and fastest, quarter notes a minute.
        beats: quarter notes a bar.
        modes: scales of the melody.
        phrases: chords of four-bar phrases, a bar each.
        cadence: the two bars before the last; it is on ``tonic``.
        tonic: the last chord.
        velocity: of a usual note.
        cells: rhythms of a bar of melody.
        endings: rhythms of a phrase's last bar.
        register: lowest and highest key of the melody.
        leaps: share of melody steps that leap.
        lead: program of the melody, its gate and level; its bars are ``cells``.
        parts: the accompaniment.
        grooves: drum key → rhythm; one groove for each phrase; empty for none.
        swing: where the second eighth of a beat falls, 0.5 (straight) to 0.67.
        ritard: tempo of the last three bars, as a share.
    """

    tempo: tuple[float, float]
    beats: int
    modes: tuple[str, ...]
    phrases: tuple[tuple[str, str, str, str], ...]
    cadence: tuple[str, str]
    tonic: str
    velocity: int
    cells: tuple[str, ...]
    endings: tuple[str, ...]
    register: tuple[int, int]
    leaps: float
    lead: Part
    parts: Mapping[PartName, Part]
    grooves: tuple[Mapping[int, str], ...] = ()
    swing: float = 0.5
    ritard: float = 1.0
