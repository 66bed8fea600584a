"""A music21 stream as a `Score`: repeats played, ties joined, transposing parts as they sound."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final

import numpy as np

from sonolume.errors import DataError
from sonolume.music.score import MAX_SECONDS, Meter, Notes, Score, Track
from sonolume.music.scores.clock import Clock

__all__ = ["to_score"]

# Divides by 2 to 2^5, 3, 5, 7 and 9: the tuplets in use fall on whole ticks.
DIVISION: Final = 10_080
DRUM_CHANNEL: Final = 9
GRACE: Final = 0.125  # quarter notes
SLOWEST, FASTEST = 1.0, 2000.0
DEFAULT_DRUM: Final = 38  # a snare drum, where the score names none
MAX_NOTES: Final = 200_000

# Start and end in ticks, key, velocity, whether it is an unpitched drum.
Row = tuple[int, int, int, int, bool]


def to_score(stream: Any) -> Score:
    """Turn a music21 score into notes in seconds.

    Grace notes take an eighth of a quarter note each before the beat. Velocities are music21's:
    dynamics and accents of the page, 90 without any.

    Raises DataError for tempi or durations that make no sense.
    """
    sounding = stream.expandRepeats().toSoundingPitch().stripTies()
    parts = list(sounding.parts) or [sounding]
    clock, meters = _time(sounding, parts[0])
    if clock.at(_tick(sounding.duration.quarterLength)) > MAX_SECONDS:
        raise DataError("lasts more than 12 hours")
    tracks = tuple(track for part in parts for track in _tracks(part, clock))
    title = sounding.metadata.title if sounding.metadata else None
    return Score(tracks, meters, " ".join(str(title or "").split())[:200])


def _tick(quarters: Any) -> int:
    return round(float(quarters) * DIVISION)


def _time(sounding: Any, part: Any) -> tuple[Clock, tuple[Meter, ...]]:
    tempi: dict[int, float] = {}
    for mark in sounding.flatten().getElementsByClass("MetronomeMark"):
        tempo = mark.getQuarterBPM()
        if tempo is not None:
            if not SLOWEST <= tempo <= FASTEST:
                raise DataError(f"a tempo of {tempo:g} quarter notes a minute")
            tempi[_tick(mark.offset)] = float(tempo)
    signatures = {
        _tick(each.offset): (int(each.numerator), int(each.denominator))
        for each in part.flatten().getElementsByClass("TimeSignature")
    }
    clock = Clock.metrical([(tick, 6e7 / tempi[tick]) for tick in sorted(tempi)], DIVISION)
    tempo, signature, meters = 120.0, (4, 4), []
    for tick in sorted({0} | tempi.keys() | signatures.keys()):
        tempo, signature = tempi.get(tick, tempo), signatures.get(tick, signature)
        meters.append(Meter(float(clock.at(tick)), tempo, *signature))
    return clock, tuple(meters)


def _tracks(part: Any, clock: Clock) -> Iterator[Track]:
    """The pitched notes of a part, and its drums."""
    instrument = part.getInstrument(returnDefault=False)
    program = getattr(instrument, "midiProgram", None) or 0
    percussion = getattr(instrument, "midiChannel", None) == DRUM_CHANNEL or (
        "UnpitchedPercussion" in getattr(instrument, "classes", ())
    )
    name = " ".join(str(part.partName or "").split())[:200]
    rows = list(_rows(part.flatten().notes))
    if len(rows) > MAX_NOTES:
        raise DataError(f"more than {MAX_NOTES} notes in a part, its repeats played")
    for drums in (False, True):
        chosen = [row[:4] for row in rows if (row[4] or percussion) == drums]
        if chosen:
            start, end, key, velocity = np.asarray(chosen, np.int64).T
            notes = Notes(clock.at(start), clock.at(np.maximum(end, start + 1)), key, velocity)
            yield Track(name, notes, 0 if drums else int(program), drums)


def _rows(elements: Iterable[Any]) -> Iterator[Row]:
    graces: list[Any] = []
    for element in elements:
        if "Harmony" in element.classes:
            continue
        if element.duration.isGrace:
            graces.append(element)
            continue
        for number, grace in enumerate(graces):
            start = float(element.offset) - GRACE * (len(graces) - number)
            yield from _sounds(grace, max(0.0, start), GRACE)
        graces.clear()
        yield from _sounds(element, float(element.offset), float(element.quarterLength))


def _sounds(element: Any, start: float, length: float) -> Iterator[Row]:
    velocity = int(np.clip(round(127 * element.volume.realized), 1, 127))
    members = element.notes if hasattr(element, "notes") else (element,)
    for member in members:
        drum = not hasattr(member, "pitch")
        key = DEFAULT_DRUM if drum else int(member.pitch.midi)
        yield _tick(start), _tick(start + length), key, velocity, drum
