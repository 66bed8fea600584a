"""A melody over chords: motifs that return, chord notes where the beat is strong."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from sonolume.music.scores.harmony import Chord, palette
from sonolume.music.scores.rhythm import QUARTER, Stroke, grid

__all__ = ["Phrase", "draw_phrase", "sing"]

STEPS: Final = (-1, 1, -1, 1, -2, 2, 0)
LEAPS: Final = (-4, -3, 3, 4)
WIDEST_STEP: Final = 2
FIFTH: Final = 7

Rng = np.random.Generator
Sung = tuple[Stroke, int]


@dataclass(frozen=True)
class Phrase:
    """Four bars of rhythm and, for each of their notes, steps along the scale."""

    bars: tuple[tuple[Stroke, ...], ...]
    steps: tuple[tuple[int, ...], ...]


def draw_phrase(rng: Rng, cells: Sequence[str], endings: Sequence[str], leaps: float) -> Phrase:
    """A motif, a second, the first again (same rhythm and steps: a sequence), and an ending."""
    first, second = rng.choice(len(cells), 2, replace=False).tolist()
    words = [cells[first], cells[second], cells[first], endings[int(rng.integers(len(endings)))]]
    bars = tuple(tuple(grid(word)) for word in words)
    motifs = [_steps(rng, len(bar), leaps) for bar in bars]
    motifs[2] = motifs[0]
    return Phrase(bars, tuple(motifs))


def _steps(rng: Rng, count: int, leaps: float) -> tuple[int, ...]:
    """Mostly small steps; a leap is followed by a step back, as singers have it."""
    steps: list[int] = []
    for _ in range(count):
        if steps and abs(steps[-1]) > WIDEST_STEP:
            steps.append(-int(np.sign(steps[-1])))
        else:
            steps.append(int(rng.choice(LEAPS if rng.random() < leaps else STEPS)))
    return tuple(steps)


def sing(
    phrase: Phrase, chords: Sequence[Chord], scale: Sequence[int], span: tuple[int, int], start: int
) -> list[list[Sung]]:
    """Keys for a phrase over its chords, one list a bar.

    Notes on a strong beat, of a quarter or more, or reached by a leap are notes of the chord; the
    rest are of the scale and reached by step.
    """
    key, bars = start, []
    for strokes, steps, harmony in zip(phrase.bars, phrase.steps, chords, strict=True):
        usable = _keys(palette(harmony, scale), span)
        chordal = _keys(harmony.classes, span)
        sung: list[Sung] = []
        for stroke, step in zip(strokes, steps, strict=True):
            key = _next(key, step, usable, chordal, fixed=_strong(stroke))
            sung.append((stroke, key))
        bars.append(sung)
    return bars


def _strong(stroke: Stroke) -> bool:
    return stroke.step % (2 * QUARTER) == 0 or stroke.length >= QUARTER


def _keys(classes: Iterable[int], span: tuple[int, int]) -> np.ndarray:
    keys = np.arange(span[0], span[1] + 1)
    return keys[np.isin(keys % 12, list(classes))]


def _next(key: int, step: int, usable: np.ndarray, chordal: np.ndarray, *, fixed: bool) -> int:
    place = int(np.abs(usable - key).argmin())
    target = place + step
    if not 0 <= target < len(usable):
        # At the edge of its range the melody turns back.
        target = place - step
    goal = int(usable[np.clip(target, 0, len(usable) - 1)])
    if not fixed and (goal in chordal or abs(goal - key) <= WIDEST_STEP):
        return goal
    # Near the goal, not much more than a fifth from the note before, and of two equally good in
    # the direction of the step.
    jump = np.maximum(np.abs(chordal - key) - FIFTH, 0)
    ahead = np.sign(step) * np.sign(chordal - key)
    distance = np.abs(chordal - goal) + jump - 0.1 * ahead
    return int(chordal[distance.argmin()])
