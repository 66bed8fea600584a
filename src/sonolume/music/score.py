"""A score in memory: what is played when, in seconds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from sonolume.errors import DataError

__all__ = ["Controller", "Curve", "Meter", "Notes", "Score", "Track"]

Controller = Literal["bend", "volume", "expression", "pan", "sustain", "modulation"]

KEYS = 128
MAX_NOTES = 2_000_000
MAX_SECONDS = 12 * 3600.0


@dataclass(frozen=True, eq=False)
class Notes:
    """The notes of a track as columns, sorted by start, then by key.

    Attributes:
        start: float64 [N], seconds, ≥ 0.
        end: float64 [N], seconds, > start: when the key is let go, without the sustain pedal.
        key: int16 [N], 0..127, 60 is middle C, 69 is A at 440 Hz.
        velocity: int16 [N], 1..127.

    Raises:
        DataError: columns of unequal length, values out of range, more than 2,000,000 notes.
    """

    start: NDArray[np.float64]
    end: NDArray[np.float64]
    key: NDArray[np.int16]
    velocity: NDArray[np.int16]

    def __post_init__(self) -> None:
        start, end = np.asarray(self.start, np.float64), np.asarray(self.end, np.float64)
        key, velocity = np.asarray(self.key), np.asarray(self.velocity)
        columns = (start, end, key, velocity)
        if any(column.shape != (len(start),) for column in columns):
            raise DataError("the columns of notes are not equally long lists of numbers")
        if len(start) > MAX_NOTES:
            raise DataError(f"{len(start)} notes in a track; expected at most {MAX_NOTES}")
        if len(start) and not (
            (start >= 0).all() and (end > start).all() and (end <= MAX_SECONDS).all()
        ):
            raise DataError("a note does not start before it ends, within 0 s to 12 hours")
        if len(start) and not (key.min() >= 0 and key.max() < KEYS):
            raise DataError("a note's key is outside 0..127")
        if len(start) and not (velocity.min() >= 1 and velocity.max() <= 127):
            raise DataError("a note's velocity is outside 1..127")
        order = np.lexsort((key, start))
        object.__setattr__(self, "start", start[order])
        object.__setattr__(self, "end", end[order])
        object.__setattr__(self, "key", key[order].astype(np.int16))
        object.__setattr__(self, "velocity", velocity[order].astype(np.int16))

    def __len__(self) -> int:
        return len(self.start)

    @classmethod
    def of(cls, rows: Sequence[tuple[float, float, int, int]]) -> Notes:
        """Notes from rows of start, end, key, velocity."""
        columns = np.asarray(rows, np.float64).reshape(-1, 4).T
        return cls(columns[0], columns[1], columns[2].astype(np.int16), columns[3].astype(np.int16))


@dataclass(frozen=True, eq=False)
class Curve:
    """A controller over time: it holds ``value[i]`` from ``time[i]`` until the next point.

    Attributes:
        time: float64 [N], seconds, rising.
        value: float32 [N]: semitones for "bend"; 0..1 for "volume", "expression" and
            "modulation"; -1 (left) to 1 for "pan"; 0 or 1 for "sustain".
    """

    time: NDArray[np.float64]
    value: NDArray[np.float32]

    def at(self, time: NDArray[np.float64], default: float) -> NDArray[np.float32]:
        """The value at each time; ``default`` before the first point."""
        index = np.searchsorted(self.time, time, side="right") - 1
        if not len(self.time):
            return np.full(np.shape(time), default, np.float32)
        value: NDArray[np.float32] = np.where(index < 0, default, self.value[index])
        return value.astype(np.float32)


@dataclass(frozen=True, eq=False)
class Track:
    """One part: notes for one instrument.

    Attributes:
        name: what the score calls it; may be empty.
        notes: what is played.
        program: General MIDI program, 0..127; 0 where the score names none.
        drums: keys are drums of the General MIDI drum map, not pitches.
        curves: controllers that move; one that is not there rests at its usual value
            (volume 100/127, expression 1, pan 0, bend 0, sustain 0, modulation 0).
    """

    name: str
    notes: Notes
    program: int = 0
    drums: bool = False
    curves: dict[Controller, Curve] = field(default_factory=dict)


@dataclass(frozen=True)
class Meter:
    """From ``time`` seconds on, a bar has ``beats`` beats of a 1/``unit`` note at ``tempo``
    quarter notes a minute."""

    time: float
    tempo: float
    beats: int = 4
    unit: int = 4


@dataclass(frozen=True, eq=False)
class Score:
    """What is played.

    Attributes:
        tracks: parts that hold at least one note.
        meters: tempo and time signature, rising in time, the first at 0.
        title: as the score gives it; may be empty.
    """

    tracks: tuple[Track, ...]
    meters: tuple[Meter, ...] = (Meter(0.0, 120.0),)
    title: str = ""

    @property
    def duration(self) -> float:
        """Seconds until the last key is let go; 0 for an empty score."""
        return max((float(track.notes.end.max()) for track in self.tracks), default=0.0)

    @property
    def tempo(self) -> float:
        """Quarter notes a minute at the start."""
        return self.meters[0].tempo
