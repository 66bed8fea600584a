"""Music for a mood, when no score is given."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from sonolume.errors import OptionError
from sonolume.music.scene import MOODS, Mood
from sonolume.music.score import Controller, Curve, Meter, Notes, Score, Track
from sonolume.music.scores.arrange import Ensemble, Plan, Row, arrange
from sonolume.music.scores.harmony import MODES, Chord, chord, tonic_class
from sonolume.music.scores.moods import RECIPES
from sonolume.music.scores.recipe import Part, PartName, Recipe
from sonolume.music.scores.rhythm import swung

__all__ = ["compose"]

PHRASE: Final = 4
# Statement, repeat, contrast, return: the form of most songs.
FORM: Final = "AABACABA"
SHORTEST, LONGEST = 5.0, 1800.0
SLOWEST, FASTEST = 30.0, 300.0
CLOSING: Final = 3
ORDER: Final[tuple[PartName, ...]] = ("drums", "bass", "guitar", "keys", "pad", "lead")
LOUDNESS: Final = {"lead": 110, "bass": 105, "drums": 100, "keys": 92, "guitar": 86, "pad": 78}


@dataclass(frozen=True)
class _Time:
    """Bars, quarter notes a bar, and tempo; the last bars are slower by ``ritard``."""

    bars: int
    beats: int
    tempo: float
    ritard: float

    def seconds(self, quarters: float) -> float:
        turn = (self.bars - CLOSING) * self.beats
        late = max(0.0, quarters - turn)
        return (quarters - late + late / self.ritard) * 60 / self.tempo

    def meters(self) -> tuple[Meter, ...]:
        first = Meter(0.0, self.tempo, self.beats, 4)
        if self.ritard == 1.0:
            return (first,)
        turn = self.seconds((self.bars - CLOSING) * self.beats)
        return first, Meter(turn, self.tempo * self.ritard, self.beats, 4)


def compose(
    mood: Mood,
    *,
    seconds: float = 60.0,
    seed: int = 0,
    tempo: float | None = None,
    key: str | None = None,
) -> Score:
    """Compose a piece of four-bar phrases that ends on its tonic.

    Tracks are named drums, bass, guitar, keys, pad and lead, those that fit the mood, with General
    MIDI programs. Chords move by the shortest way, the bass plays roots and fifths, the melody
    has chord notes on strong beats. The same arguments give the same piece.

    Args:
        mood: one of `MOODS`.
        seconds: 5 to 1800. Met exactly where the mood's range of tempi allows; where it does not,
            or with ``tempo``, the piece has the nearest number of whole phrases.
        seed: of everything that is left to chance, ≥ 0.
        tempo: quarter notes a minute, 30 to 300; drawn for the mood if None.
        key: tonic such as "C", "F#" or "Bb"; drawn if None. The mood sets the mode.

    Raises:
        OptionError: an unknown mood or key, or numbers out of range.
    """
    _check(mood, seconds, seed, tempo)
    recipe = RECIPES[mood]
    rng = np.random.default_rng([seed, MOODS.index(mood)])
    tonic = int(rng.integers(12)) if key is None else tonic_class(key)
    phrases, pace = _length(recipe, seconds, rng.uniform(*recipe.tempo), tempo)
    mode = recipe.modes[rng.integers(len(recipe.modes))]
    plan = _plan(recipe, phrases, tonic, mode)
    time = _Time(phrases * PHRASE + 1, recipe.beats, pace, recipe.ritard)
    rows = arrange(plan, recipe, rng)
    tracks = tuple(_track(name, rows, recipe, time) for name in ORDER if rows.get(name))
    return Score(tracks, time.meters(), f"{mood.capitalize()} piece")


def _check(mood: str, seconds: float, seed: int, tempo: float | None) -> None:
    if mood not in RECIPES:
        raise OptionError(f"mood {mood!r}: expected one of {', '.join(MOODS)}")
    if not SHORTEST <= seconds <= LONGEST:
        raise OptionError(f"seconds {seconds}: expected {SHORTEST:g} to {LONGEST:g}")
    if seed < 0:
        raise OptionError(f"seed {seed}: expected a whole number ≥ 0")
    if tempo is not None and not SLOWEST <= tempo <= FASTEST:
        raise OptionError(f"tempo {tempo}: expected {SLOWEST:g} to {FASTEST:g}")


def _length(recipe: Recipe, seconds: float, drawn: float, tempo: float | None) -> tuple[int, float]:
    """The number of phrases, and the tempo."""
    goal = tempo or drawn

    def exact(phrases: int) -> float:
        time = _Time(phrases * PHRASE + 1, recipe.beats, 60.0, recipe.ritard)
        return time.seconds(time.bars * time.beats) * 60 / seconds

    def misfit(phrases: int) -> tuple[float, float]:
        # Out of the mood's range is worse than far from the tempo that was drawn.
        pace = exact(phrases)
        outside = 0.0 if tempo else abs(math.log(pace / float(np.clip(pace, *recipe.tempo))))
        return outside, abs(math.log(pace / goal))

    most = math.ceil(seconds * goal / 60 / recipe.beats / PHRASE) + 1
    phrases = min(range(1, most + 1), key=misfit)
    return phrases, tempo or float(np.clip(exact(phrases), *recipe.tempo))


def _plan(recipe: Recipe, phrases: int, tonic: int, mode: str) -> Plan:
    labels = [FORM[number % len(FORM)] for number in range(phrases)]
    # The last phrase is the theme, whatever the form would have there.
    labels[-1] = "A"
    numerals: list[str] = []
    for label in labels:
        numerals += recipe.phrases["ABC".index(label)]
    numerals[-2:] = recipe.cadence
    chords: list[Chord] = [chord(numeral, tonic) for numeral in (*numerals, recipe.tonic)]
    scale = tuple((tonic + step) % 12 for step in MODES[mode])
    return Plan(tuple(labels), tuple(chords), scale, tonic)


def _track(name: PartName, rows: Ensemble, recipe: Recipe, time: _Time) -> Track:
    part = recipe.lead if name == "lead" else recipe.parts.get(name, Part(0, ()))
    curves: dict[Controller, Curve] = {
        "volume": Curve(np.zeros(1), np.full(1, LOUDNESS[name] / 127, np.float32)),
        "pan": Curve(np.zeros(1), np.full(1, part.pan, np.float32)),
    }
    drums = name == "drums"
    return Track(name, _notes(rows[name], recipe, time), part.program, drums, curves)


def _notes(rows: Sequence[Row], recipe: Recipe, time: _Time) -> Notes:
    return Notes.of(
        [
            (
                time.seconds(swung(start, recipe.swing)),
                time.seconds(swung(end, recipe.swing)),
                key,
                velocity,
            )
            for start, end, key, velocity in rows
        ]
    )
