"""Keys, modes, chords and how one chord leads to the next."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from sonolume.errors import OptionError

__all__ = ["MODES", "Chord", "chord", "palette", "tonic_class", "voicing"]

MODES: Final = {
    "ionian": (0, 2, 4, 5, 7, 9, 11),
    "dorian": (0, 2, 3, 5, 7, 9, 10),
    "phrygian": (0, 1, 3, 5, 7, 8, 10),
    "lydian": (0, 2, 4, 6, 7, 9, 11),
    "mixolydian": (0, 2, 4, 5, 7, 9, 10),
    "aeolian": (0, 2, 3, 5, 7, 8, 10),
    "harmonic minor": (0, 2, 3, 5, 7, 8, 11),
}
LETTERS: Final = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
ACCIDENTALS: Final = {"": 0, "#": 1, "b": -1, "♯": 1, "♭": -1}
DEGREES: Final = dict(zip(("I", "II", "III", "IV", "V", "VI", "VII"), MODES["ionian"], strict=True))
MAJOR: Final = {
    "": (0, 4, 7), "7": (0, 4, 7, 10), "maj7": (0, 4, 7, 11), "add9": (0, 4, 7, 14),
    "sus4": (0, 5, 7), "7b9": (0, 4, 10, 13),
}  # fmt: skip
MINOR: Final = {
    "": (0, 3, 7), "7": (0, 3, 7, 10), "maj7": (0, 3, 7, 11), "add9": (0, 3, 7, 14),
    "o": (0, 3, 6), "o7": (0, 3, 6, 9),
}  # fmt: skip
NUMERAL: Final = re.compile(r"([b#]?)(VII|VI|IV|V|III|II|I|vii|vi|iv|v|iii|ii|i)(.*)")
SECOND_COST: Final = 6.0
CENTRE_COST: Final = 0.5


@dataclass(frozen=True)
class Chord:
    """Pitch classes 0..11, the root first, and the key distance of the fifth above the root."""

    classes: tuple[int, ...]
    fifth: int

    @property
    def root(self) -> int:
        return self.classes[0]


def tonic_class(key: str) -> int:
    """Pitch class of a tonic such as "C", "F#" or "Bb". Raises OptionError for anything else."""
    letter, accidental = key.strip()[:1].upper(), key.strip()[1:]
    if letter not in LETTERS or accidental not in ACCIDENTALS:
        raise OptionError(f"key {key!r}: expected a tonic such as C, F# or Bb")
    return (LETTERS[letter] + ACCIDENTALS[accidental]) % 12


def chord(numeral: str, tonic: int) -> Chord:
    """A chord by its Roman numeral over the major scale of ``tonic``: "vi", "bVII", "V7", "iio"."""
    match = NUMERAL.fullmatch(numeral)
    kinds = MAJOR if match and match[2].isupper() else MINOR
    if not match or match[3] not in kinds:
        raise OptionError(f"chord {numeral!r} is no Roman numeral of a known kind")
    shape = kinds[match[3]]
    root = tonic + DEGREES[match[2].upper()] + ACCIDENTALS[match[1]]
    fifth = 6 if 6 in shape and 7 not in shape else 7
    return Chord(tuple((root + step) % 12 for step in shape), fifth)


def palette(harmony: Chord, scale: Sequence[int]) -> frozenset[int]:
    """Pitch classes that a melody may use over a chord: the chord's, and those of the scale that
    do not rub against a chord note from outside the scale (no B flat over a major dominant)."""
    altered = [tone for tone in harmony.classes if tone not in scale]
    fitting = [step for step in scale if all((step - tone) % 12 not in (1, 11) for tone in altered)]
    return frozenset(fitting) | frozenset(harmony.classes)


def voicing(
    harmony: Chord, span: tuple[int, int], previous: Sequence[int] | None
) -> tuple[int, ...]:
    """Keys of a chord within ``span``, each voice near to where it was.

    All close positions, and those with the second voice from above dropped an octave, are weighed
    by how far the voices move, how far they lie from the middle, and for minor seconds.
    """
    centre = (span[0] + span[1]) / 2

    def cost(keys: tuple[int, ...]) -> float:
        away = CENTRE_COST * abs(sum(keys) / len(keys) - centre)
        seconds = SECOND_COST * sum(b - a == 1 for a, b in pairwise(keys))
        return away + seconds + _movement(keys, previous)

    return min(_positions(harmony, span), key=cost)


def _movement(keys: Sequence[int], previous: Sequence[int] | None) -> float:
    if not previous:
        return 0.0
    if len(keys) == len(previous):
        return float(sum(abs(a - b) for a, b in zip(keys, previous, strict=True)))
    return float(sum(min(abs(key - other) for other in previous) for key in keys))


def _positions(harmony: Chord, span: tuple[int, int]) -> list[tuple[int, ...]]:
    low, high = span
    found = []
    for bottom in range(low, high + 1):
        if bottom % 12 not in harmony.classes:
            continue
        close = sorted(bottom + (tone - bottom) % 12 for tone in harmony.classes)
        found.append(tuple(close))
        if len(close) > 3:
            found.append(tuple(sorted([close[-2] - 12, *close[:-2], close[-1]])))
    return [keys for keys in found if low <= keys[0] and keys[-1] <= high]
