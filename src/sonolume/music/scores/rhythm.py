"""Bars of rhythm, written as words of sixteenths."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

__all__ = ["QUARTER", "Stroke", "grid", "swung"]

QUARTER: Final = 4


@dataclass(frozen=True)
class Stroke:
    """A note of a bar: where it begins and how long it is, in sixteenths, and its sign."""

    step: int
    length: int
    sign: str


def grid(word: str) -> list[Stroke]:
    """The strokes of a word: "x---.5" is a quarter note at 0 and a sixteenth at 5."""
    strokes = []
    for step, sign in enumerate(word):
        if sign in ".-":
            continue
        rest = word[step + 1 :]
        strokes.append(Stroke(step, 1 + len(rest) - len(rest.lstrip("-")), sign))
    return strokes


def swung(quarters: float, swing: float) -> float:
    """A time in quarter notes whose second eighths fall at ``swing`` of the beat, not at half."""
    beat, part = divmod(quarters, 1.0)
    late = part * 2 * swing if part < 0.5 else swing + (part - 0.5) * 2 * (1 - swing)
    return beat + late
