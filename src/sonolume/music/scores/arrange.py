"""Chords and form, played by an ensemble."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Final

import numpy as np

from sonolume.music.scores.harmony import Chord, voicing
from sonolume.music.scores.melody import draw_phrase, sing
from sonolume.music.scores.recipe import Part, PartName, Recipe
from sonolume.music.scores.rhythm import QUARTER, Stroke, grid

__all__ = ["Ensemble", "Plan", "Row", "arrange"]

Rng = np.random.Generator
# Start and end in quarter notes, key, velocity.
Row = tuple[float, float, int, int]
Ensemble = dict[PartName, list[Row]]

BARS: Final = 4
BASS_ROOTS: Final = (28, 40)
SPANS: Final[Mapping[PartName, tuple[int, int]]] = {
    "keys": (48, 76), "guitar": (50, 74), "pad": (48, 72),
}  # fmt: skip
ACCENTS: Final = {"X": 14, "o": -22}
DOWNBEAT, BEAT, OFFBEAT = 8, 3, -3
SPREAD: Final = 4.0
ARC: Final = 5.0
CRASH, KICK, SNARE, TOMS = 49, 36, 38, (48, 45, 43, 41)
FILL_STEPS: Final = 4
# With this many phrases there is room for one that introduces the piece, without melody.
WITH_INTRODUCTION: Final = 6


@dataclass(frozen=True)
class Plan:
    """Form and harmony.

    Attributes:
        labels: of each four-bar phrase; equal labels have the same melody.
        chords: one a bar, and one for the last bar.
        scale: pitch classes.
        tonic: pitch class.
    """

    labels: tuple[str, ...]
    chords: tuple[Chord, ...]
    scale: tuple[int, ...]
    tonic: int

    def phrase(self, number: int) -> tuple[Chord, ...]:
        return self.chords[number * BARS : (number + 1) * BARS]

    @property
    def introduction(self) -> int:
        """The number of phrases before the melody."""
        return 1 if len(self.labels) >= WITH_INTRODUCTION else 0


def arrange(plan: Plan, recipe: Recipe, rng: Rng) -> Ensemble:
    """Notes of every part that the recipe names."""
    voice = _Voice(recipe, rng)
    rows: Ensemble = {"lead": list(_lead(plan, voice))}
    for name, part in recipe.parts.items():
        play = _bass if name == "bass" else _chords
        rows[name] = list(play(plan, voice, name, part))
    if recipe.grooves:
        rows["drums"] = list(_drums(plan, voice))
    return rows


@dataclass(frozen=True)
class _Voice:
    """Turns strokes into notes, with a human hand's velocities."""

    recipe: Recipe
    rng: Rng

    @property
    def bar(self) -> int:
        """Sixteenths a bar."""
        return self.recipe.beats * QUARTER

    def word(self, words: Sequence[str]) -> str:
        return words[int(self.rng.integers(len(words)))]

    def note(self, bar: int, stroke: Stroke, key: int, part: Part) -> Row:
        start = (bar * self.bar + stroke.step) / QUARTER
        length = stroke.length * part.gate / QUARTER
        return start, start + length, key, self.velocity(bar, stroke, part.level)

    def velocity(self, bar: int, stroke: Stroke, level: int) -> int:
        beat = stroke.step % QUARTER == 0
        accent = DOWNBEAT if stroke.step == 0 else BEAT if beat else OFFBEAT
        # A phrase swells towards its third bar and falls back.
        arc = ARC * np.sin(np.pi * (bar % BARS + stroke.step / self.bar) / BARS)
        chance = self.rng.normal(0.0, SPREAD)
        value = self.recipe.velocity + level + accent + arc + chance + ACCENTS.get(stroke.sign, 0)
        return int(np.clip(round(value), 1, 127))

    def last(self, bar: int, key: int, part: Part) -> Row:
        """A note that lasts the final bar."""
        return self.note(bar, Stroke(0, self.bar, "x"), key, part)


def _lead(plan: Plan, voice: _Voice) -> Iterator[Row]:
    recipe, low, high = voice.recipe, *voice.recipe.register
    phrases = {
        label: draw_phrase(voice.rng, recipe.cells, recipe.endings, recipe.leaps)
        for label in sorted(set(plan.labels))
    }
    middle, key = (low + high) // 2, (low + high) // 2
    for number, label in enumerate(plan.labels):
        if number < plan.introduction:
            continue
        # Each statement starts from the same place, so that a theme comes back as it was.
        bars = sing(phrases[label], plan.phrase(number), plan.scale, recipe.register, middle)
        for bar, sung in enumerate(bars, number * BARS):
            yield from (voice.note(bar, stroke, key, recipe.lead) for stroke, key in sung)
        key = bars[-1][-1][1]
    final = [each for each in range(low, high + 1) if each % 12 == plan.tonic]
    nearest = min(final, key=lambda each: abs(each - key))
    yield voice.last(len(plan.chords) - 1, nearest, recipe.lead)


def _bass(plan: Plan, voice: _Voice, _: PartName, part: Part) -> Iterator[Row]:
    for bar, harmony, word in _bars(plan, voice, part.bars):
        root = BASS_ROOTS[0] + (harmony.root - BASS_ROOTS[0]) % 12
        above = {"R": 0, "5": harmony.fifth, "8": 12}
        for stroke in grid(word):
            yield voice.note(bar, stroke, root + above[stroke.sign], part)
    root = BASS_ROOTS[0] + (plan.tonic - BASS_ROOTS[0]) % 12
    yield voice.last(len(plan.chords) - 1, root, part)


def _chords(plan: Plan, voice: _Voice, name: PartName, part: Part) -> Iterator[Row]:
    keys: tuple[int, ...] | None = None
    for bar, harmony, word in _bars(plan, voice, part.bars):
        keys = voicing(harmony, SPANS[name], keys)
        for stroke in grid(word):
            yield from (voice.note(bar, stroke, key, part) for key in _voices(keys, stroke.sign))
    last = len(plan.chords) - 1
    for key in voicing(plan.chords[last], SPANS[name], keys):
        yield voice.last(last, key, part)


def _voices(keys: tuple[int, ...], sign: str) -> tuple[int, ...]:
    if not sign.isdigit():
        return keys
    octave, voice = divmod(int(sign) - 1, len(keys))
    # A triad's fourth voice is its lowest, an octave up where that stays below the melody.
    key = keys[voice] + 12 * octave
    return (key if key <= SPANS["keys"][1] else keys[-1],)


def _bars(plan: Plan, voice: _Voice, words: Sequence[str]) -> Iterator[tuple[int, Chord, str]]:
    """Every bar but the last: its number, chord and rhythm, which a label keeps."""
    chosen = {label: voice.word(words) for label in sorted(set(plan.labels))}
    for bar, harmony in enumerate(plan.chords[:-1]):
        yield bar, harmony, chosen[plan.labels[bar // BARS]]


def _drums(plan: Plan, voice: _Voice) -> Iterator[Row]:
    part = Part(0, (), 0.5)
    grooves = voice.recipe.grooves
    busy = SNARE in chain.from_iterable(grooves)
    last = len(plan.chords) - 1
    for bar in range(last):
        groove = grooves[(bar // BARS) % len(grooves)]
        fill = busy and bar % (2 * BARS) == 2 * BARS - 1
        for key, word in groove.items():
            for stroke in grid(word):
                if not fill or stroke.step < voice.bar - FILL_STEPS:
                    yield voice.note(bar, stroke, key, part)
        if fill:
            for index, key in enumerate(TOMS):
                stroke = Stroke(voice.bar - FILL_STEPS + index, 1, "x")
                yield voice.note(bar, stroke, key, part)
        if busy and bar % (2 * BARS) == 0:
            yield voice.note(bar, Stroke(0, QUARTER, "x"), CRASH, part)
    if busy:
        yield voice.last(last, CRASH, part)
        yield voice.last(last, KICK, part)
