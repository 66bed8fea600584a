"""Whether a sound has a pitch, where it holds it, and which."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sonolume.signal.harmonics import refine
from sonolume.signal.pitch import PitchTrack, track_pitch
from sonolume.signal.strike import Strike, find_strike, strike_pitch

__all__ = ["PITCHED", "Tone", "find_tone"]

# Confidence from which a sound is played by pitch.
PITCHED = 0.5
# A steady stretch stays within this many cents of its middle, gaps up to three frames apart.
STEADY_CENTS = 60.0
# Birds and alarms: beyond music, but they can be brought down.
HIGHEST_TONE = 4000.0
GAP = 3
# The ear needs about 0.1 s to hear a pitch firmly; here a pitch of full weight lasts 0.2 s.
FULL_SECONDS = 0.2
# A shorter note that wanders further than this has no pitch that two listeners would agree on.
LONG_SECONDS, SHORT_SPREAD = 0.4, 10.0
# Frames this far below the loudest do not count.
LOUD_DB = 35.0


@dataclass(frozen=True)
class Tone:
    """The steadiest pitch of a sound.

    Attributes:
        f0: Hz.
        start, end: seconds of the stretch that holds it.
        confidence: 0..1; from 0.5 a sound may count as pitched.
        spread: cents, half the range in which four fifths of the stretch's frames lie.
        struck: its partials are those of a bell, a bar or a glass: they rest, and are no harmonics.
    """

    f0: float
    start: float
    end: float
    confidence: float
    spread: float
    struck: bool = False

    @property
    def pitched(self) -> bool:
        """Whether it is one note that can be tuned: surely one, and long enough or steady."""
        firm = self.end - self.start >= LONG_SECONDS or self.spread <= SHORT_SPREAD
        return self.confidence >= PITCHED and firm


def find_tone(samples: NDArray[np.float32], rate: int) -> Tone | None:
    """The steadiest pitch of mono samples [n], or None where there is none.

    The strike note of a bell, a bar or a glass (`strike.find_strike`) where that is surer than any
    period; its strongest harmonic, where there is one, says the pitch to the cent. Else the
    stretch is the run of frames within 60 cents of one pitch that holds most amplitude.
    Its confidence is the product of three shares: the probability of a period in it (pYIN), the
    energy up to 6 kHz that lies at its partials, and its length over 0.2 s, at most 1. A sound
    counts as pitched from 0.5 on: noise fails the first two, clicks and barks the third, glides
    too, because no stretch of them stays within 60 cents.
    """
    held, strike = _held_tone(samples, rate), find_strike(samples, rate)
    if strike is None or strike.confidence < PITCHED:
        return held
    surer = held is None or not held.pitched or strike.confidence > held.confidence
    return _struck_tone(samples, rate, strike) if surer else held


def _struck_tone(samples: NDArray[np.float32], rate: int, strike: Strike) -> Tone:
    cut = samples[int(strike.start * rate) : int(strike.end * rate) + 1]
    f0 = _near(strike_pitch(cut, rate, strike.f0), strike.f0)
    return Tone(f0, strike.start, strike.end, strike.confidence, 0.0, struck=True)


def _near(found: float, guess: float) -> float:
    return found if abs(1200 * np.log2(found / guess)) < STEADY_CENTS else guess


def _held_tone(samples: NDArray[np.float32], rate: int) -> Tone | None:
    track = track_pitch(samples, rate, highest=HIGHEST_TONE)
    stretch = _steadiest(track)
    if stretch is None:
        return None
    inside = np.zeros(len(track.f0), bool)
    inside[stretch] = True
    inside &= ~np.isnan(track.f0)
    cents = 1200 * np.log2(track.f0[inside])
    middle = float(2 ** (np.median(cents) / 1200))
    hop = float(track.time[1] - track.time[0]) if len(track.time) > 1 else 0.01
    first, last = float(track.time[stretch.start]), float(track.time[stretch.stop - 1]) + hop
    cut = samples[int(first * rate) : int(last * rate) + 1]
    partials = refine(cut, rate, middle)
    weight = np.sqrt(track.power[inside])
    voiced = float(np.average(track.voiced[inside], weights=weight + 1e-12))
    length = min(1.0, float(inside.sum()) * hop / FULL_SECONDS)
    low, high = np.percentile(cents, (10, 90))
    f0 = _near(partials.f0, middle)
    confidence = voiced * partials.explained * length
    return Tone(f0, first, last, float(np.clip(confidence, 0, 1)), float(high - low) / 2)


def _steadiest(track: PitchTrack) -> slice | None:
    """The run of frames around one pitch with the greatest sum of amplitudes."""
    loud = track.power > track.power.max() * 10 ** (-LOUD_DB / 10)
    heard = ~np.isnan(track.f0) & loud
    if not heard.any():
        return None
    cents = 1200 * np.log2(np.where(heard, track.f0, 1.0))
    amplitude = np.sqrt(track.power) * track.voiced
    best, most = slice(0, 0), 0.0
    for middle in np.unique(np.rint(cents[heard] / 20) * 20):
        frames = np.flatnonzero(heard & (np.abs(cents - middle) < STEADY_CENTS))
        breaks = np.flatnonzero(np.diff(frames) > GAP + 1) + 1
        first_of = np.concatenate([[0], breaks])
        sums = np.add.reduceat(amplitude[frames], first_of)
        run = int(sums.argmax())
        if sums[run] > most:
            stop = breaks[run] if run < len(breaks) else len(frames)
            best, most = slice(int(frames[first_of[run]]), int(frames[stop - 1]) + 1), sums[run]
    return best if most > 0 else None
