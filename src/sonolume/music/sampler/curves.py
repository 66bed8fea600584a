"""Controllers over frames: gains without steps, and the pitch as a place that moves."""

from __future__ import annotations

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sonolume.music.score import Curve, Track

__all__ = ["Warp", "held_until", "mix_gains"]

VOLUME: Final = 100 / 127
SMOOTHING: Final = 0.01  # seconds over which a step of a controller is spread
VIBRATO_HERTZ: Final = 5.5
VIBRATO_SEMITONES: Final = 0.5  # at full modulation, as SF2's default modulator has it


def held_until(track: Track) -> NDArray[np.float64]:
    """Seconds [N] at which each note is let go by key and sustain pedal alike.

    A pedal that is never lifted is lifted when the last key is.
    """
    end = track.notes.end
    pedal = track.curves.get("sustain")
    if pedal is None or not len(pedal.time) or not len(end):
        return end
    lifts = pedal.time[pedal.value < 0.5]
    index = np.searchsorted(lifts, end, side="right")
    lifted = np.append(lifts, np.inf)[index]
    lifted = np.maximum(np.minimum(lifted, end.max()), end)
    held: NDArray[np.float64] = np.where(pedal.at(end, 0.0) >= 0.5, lifted, end)
    return held


def mix_gains(track: Track, first: int, last: int, rate: int) -> NDArray[np.float32]:
    """Gains of the left and right side [2, n], or [2, 1] where they do not change.

    Volume and expression as 40 log10 (General MIDI 2); pan with equal power, 1 at the centre.
    """
    gain = _gain(track, first, last, rate)
    angle = _angle(track, first, last, rate)
    sides = math.sqrt(2) * np.stack([np.cos(angle), np.sin(angle)])
    return (sides * gain).astype(np.float32)


def _gain(track: Track, first: int, last: int, rate: int) -> NDArray[np.float64]:
    volume = _smooth(track.curves.get("volume"), VOLUME, first, last, rate)
    expression = _smooth(track.curves.get("expression"), 1.0, first, last, rate)
    return np.square(volume * expression)


def _angle(track: Track, first: int, last: int, rate: int) -> NDArray[np.float64]:
    pan = _smooth(track.curves.get("pan"), 0.0, first, last, rate)
    angle: NDArray[np.float64] = (np.clip(pan, -1, 1) + 1) * (math.pi / 4)
    return angle


def _smooth(
    curve: Curve | None, default: float, first: int, last: int, rate: int
) -> NDArray[np.float64]:
    """The mean of a curve over the time before each frame: [n], or [1] where it rests."""
    if curve is None or not len(curve.time):
        return np.array([default])
    start, end = first / rate - SMOOTHING, last / rate
    low, high = np.searchsorted(curve.time, (start, end), side="right")
    before = float(curve.value[low - 1]) if low else default
    if low == high or not (curve.value[low:high] != before).any():
        return np.array([before])
    # The integral of a step function is a polyline, known at its corners. All of it, so that
    # the sums do not depend on where a block begins.
    times = np.concatenate([[-1.0], curve.time, [curve.time[-1] + 2 * end + 1]])
    values = np.concatenate([[default], curve.value.astype(np.float64)])
    area = np.concatenate([[0.0], np.cumsum(np.diff(times) * values)])
    now = np.arange(first, last) / rate
    mean: NDArray[np.float64] = (
        np.interp(now, times, area) - np.interp(now - SMOOTHING, times, area)
    ) / SMOOTHING
    return mean


class Warp:
    """Where a table is read at each frame, for a track whose pitch moves.

    The place is the sum of 2^(semitones / 12) over the frames before; it goes on from block to
    block, so that a bend has no seam.
    """

    def __init__(self, track: Track, rate: int) -> None:
        self._bend, self._modulation = track.curves.get("bend"), track.curves.get("modulation")
        self._rate, self._place = rate, 0.0
        self.moves = _any(self._bend) or _any(self._modulation)

    def advance(self, first: int, last: int) -> NDArray[np.float64]:
        """Places [n + 1] of frames ``first`` to ``last`` (included); call without gaps."""
        now = np.arange(first, last) / self._rate
        semitones = np.zeros(last - first)
        semitones += _smooth(self._bend, 0.0, first, last, self._rate)
        depth = VIBRATO_SEMITONES * _smooth(self._modulation, 0.0, first, last, self._rate)
        semitones += depth * np.sin(2 * math.pi * VIBRATO_HERTZ * now)
        places = np.cumsum(np.concatenate([[self._place], np.exp2(semitones / 12)]))
        self._place = float(places[-1])
        return places

    def reach(self, start: float, end: float) -> tuple[float, float]:
        """The lowest and the highest semitones between two times in seconds; (0, 0) where the
        pitch rests."""
        earlier = start - SMOOTHING
        bends = _between(self._bend, earlier, end)
        vibrato = VIBRATO_SEMITONES * float(_between(self._modulation, earlier, end).max())
        return float(bends.min()) - vibrato, float(bends.max()) + vibrato


def _any(curve: Curve | None) -> bool:
    return curve is not None and bool(curve.value.any())


def _between(curve: Curve | None, start: float, end: float) -> NDArray[np.float32]:
    if curve is None:
        return np.zeros(1, np.float32)
    low, high = np.searchsorted(curve.time, (start, end), side="right")
    if low:
        return curve.value[low - 1 : high]
    return np.concatenate([np.zeros(1, np.float32), curve.value[:high]])
