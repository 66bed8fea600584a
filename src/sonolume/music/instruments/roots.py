"""Roots: one recording as samples at several keys, each in tune."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from sonolume.signal.harmonics import refine
from sonolume.signal.stretch import repitch, shift
from sonolume.signal.strike import strike_pitch

__all__ = [
    "IN_TUNE",
    "Root",
    "cents_off",
    "frequency_of",
    "key_of",
    "key_ranges",
    "make_root",
    "root_keys",
]

# Beyond this a second pass would chase the noise of the measurement.
IN_TUNE = 0.5
# A bell's partials lie closer than harmonics, and its hum below the strike note.
APART = 4
# A measurement this far off has lost the tone; then the exact ratio of the shift is trusted.
LOST = 40.0


@dataclass(frozen=True, eq=False)
class Root:
    """A sample in tune.

    Attributes:
        key: its root key.
        samples: float32 [C, n].
        tune: cents to add for exact pitch; what is left after resampling.
        start, end: seconds of the stretch that holds the pitch.
        struck: the pitch is a strike note.
    """

    key: int
    samples: NDArray[np.float32]
    tune: float
    start: float
    end: float
    struck: bool = False


def frequency_of(key: float) -> float:
    """Hz of a key; 69 is 440 Hz, equal temperament."""
    return float(440.0 * 2 ** ((key - 69) / 12))


def key_of(frequency: float) -> float:
    """The key of a frequency in Hz, with its fraction."""
    return float(69 + 12 * np.log2(frequency / 440.0))


def root_keys(middle: int, span: int, spacing: int) -> list[int]:
    """Roots from ``middle`` outwards every ``spacing`` semitones, such that the outer ones reach
    ``span``; within 0..127."""
    steps = max(0, -(-(span - spacing // 2) // spacing))
    keys = middle + spacing * np.arange(-steps, steps + 1)
    return [int(key) for key in keys if 0 <= key <= 127]


def key_ranges(roots: list[int], middle: int, span: int) -> list[tuple[int, int]]:
    """The keys nearest to each root; the outer ones reach ``middle`` ± ``span``, within 0..127."""
    low, high = max(0, middle - span), min(127, middle + span)
    edges = [low, *((a + b) // 2 + 1 for a, b in pairwise(roots)), high + 1]
    return [(a, max(a, b - 1)) for a, b in pairwise(edges)]


def make_root(
    samples: NDArray[np.float32],
    rate: int,
    key: int,
    *,
    f0: float,
    struck: bool = False,
    start: float,
    end: float,
    longest: float,
) -> Root:
    """The tone [C, n] of ``f0`` Hz at ``key``, resampled to its exact pitch and measured again.

    Args:
        samples: [C, n].
        rate: Hz.
        key: 0..127.
        f0: Hz, the pitch between ``start`` and ``end`` seconds.
        struck: it is the strike note of a bell, a bar or a glass (`Tone.struck`).
        start, end: seconds of the stretch that holds it.
        longest: seconds; the result is cut there.
    """
    target = frequency_of(key)
    semitones = 12 * float(np.log2(target / f0))
    moved = shift(samples, rate, semitones, f0=f0 / APART if struck else f0)
    # A small shift is a change of speed, and moves the stretch in time.
    pace = moved.shape[1] / samples.shape[1]
    start, end = start * pace, min(end * pace, longest)
    moved = moved[:, : int(longest * rate)]
    cents = cents_off(moved, rate, start, end, target, struck=struck)
    if abs(cents) > IN_TUNE:
        moved = repitch(moved, rate, 2 ** (-cents / 1200))
        cents = cents_off(moved, rate, start, end, target, struck=struck)
    return Root(key, moved, -cents, start, min(end, moved.shape[1] / rate), struck)


def cents_off(
    samples: NDArray[np.float32],
    rate: int,
    start: float,
    end: float,
    target: float,
    *,
    struck: bool = False,
) -> float:
    """Cents by which samples [C, n] are above ``target`` Hz between two times in seconds; 0 where
    no tone is found near it."""
    cut = samples[:, int(start * rate) : int(end * rate)].mean(axis=0)
    if len(cut) < 64 or target > 0.4 * rate:
        return 0.0
    found = strike_pitch(cut, rate, target) if struck else refine(cut, rate, target).f0
    cents = 1200 * float(np.log2(found / target))
    return cents if abs(cents) < LOST else 0.0
