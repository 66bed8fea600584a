"""Scores at another speed, in another key, within an instrument's range."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sonolume.errors import OptionError
from sonolume.music.score import Curve, Notes, Score, Track

__all__ = ["fold", "retempo", "transpose"]

SLOWEST, FASTEST = 5.0, 1000.0
OCTAVE: Final = 12
KEYS: Final = 128
FARTHEST: Final = 11
# What a note may cost: to lie one octave away from where it was, and to move against its
# neighbour by one octave. A phrase of three notes or more is moved as a whole.
AWAY: Final = 1.0
APART: Final = 3.0


def retempo(score: Score, tempo: float) -> Score:
    """The score with `Score.tempo` set to ``tempo``; later changes of tempo keep their ratios.

    Raises OptionError outside 5 to 1000 quarter notes a minute, DataError beyond 12 hours.
    """
    if not SLOWEST <= tempo <= FASTEST:
        raise OptionError(f"tempo {tempo}: expected {SLOWEST:g} to {FASTEST:g}")
    ratio = score.tempo / tempo
    tracks = tuple(_stretched(track, ratio) for track in score.tracks)
    meters = tuple(
        replace(meter, time=meter.time * ratio, tempo=meter.tempo / ratio) for meter in score.meters
    )
    return replace(score, tracks=tracks, meters=meters)


def _stretched(track: Track, ratio: float) -> Track:
    notes = track.notes
    curves = {name: Curve(curve.time * ratio, curve.value) for name, curve in track.curves.items()}
    moved = Notes(notes.start * ratio, notes.end * ratio, notes.key, notes.velocity)
    return replace(track, notes=moved, curves=curves)


def transpose(score: Score, semitones: int) -> Score:
    """The score moved by semitones, -127 to 127; drums stay. Keys that would leave 0..127 stay
    in it by whole octaves.

    Raises OptionError for a larger distance.
    """
    if abs(semitones) >= KEYS:
        raise OptionError(f"semitones {semitones}: expected -127 to 127")
    tracks = tuple(
        track if track.drums else _keyed(track, _within(track.notes.key + semitones))
        for track in score.tracks
    )
    return replace(score, tracks=tracks)


def _within(keys: NDArray[np.int16]) -> NDArray[np.int16]:
    above = -(-np.maximum(keys - (KEYS - 1), 0) // OCTAVE)
    below = -(-np.maximum(-keys, 0) // OCTAVE)
    folded: NDArray[np.int16] = (keys + OCTAVE * (below - above)).astype(np.int16)
    return folded


def _keyed(track: Track, keys: NDArray[np.int16]) -> Track:
    notes = track.notes
    return replace(track, notes=Notes(notes.start, notes.end, keys, notes.velocity))


def fold(track: Track, low: int, high: int) -> tuple[Track, int]:
    """The track within keys ``low`` to ``high``, and how many notes moved.

    Notes move by whole octaves: all of them by the same if that is enough, or else so that as few
    as possible part from their neighbours, which keeps the contour of a melody within its
    phrases (the path of least cost over all notes, found by dynamic programming: Viterbi 1967).
    Drums stay as they are.

    Raises OptionError for a range that is not within 0..127 or spans less than an octave.
    """
    if not (low >= 0 and high < KEYS and high - low >= OCTAVE - 1):
        raise OptionError(f"range {low} to {high}: expected an octave or more within 0 to 127")
    keys = track.notes.key.astype(np.int64)
    if track.drums or not len(keys) or ((keys >= low) & (keys <= high)).all():
        return track, 0
    octaves = _together(keys, low, high)
    if octaves is None:
        octaves = _apart(keys, low, high)
    moved = (keys + OCTAVE * octaves).astype(np.int16)
    return _keyed(track, moved), int(np.count_nonzero(octaves))


def _together(keys: NDArray[np.int64], low: int, high: int) -> NDArray[np.int64] | None:
    """The fewest octaves that bring all notes into the range, if there are such."""
    upwards = -(-(low - int(keys.min())) // OCTAVE)
    downwards = (high - int(keys.max())) // OCTAVE
    if upwards > downwards:
        return None
    fewest = min(range(upwards, downwards + 1), key=abs)
    return np.full(len(keys), fewest)


def _apart(keys: NDArray[np.int64], low: int, high: int) -> NDArray[np.int64]:
    """Octaves of each note by the path of least cost."""
    choices = np.arange(-FARTHEST, FARTHEST + 1)
    moved = keys[:, None] + OCTAVE * choices
    own = np.where((moved >= low) & (moved <= high), AWAY * np.abs(choices), np.inf)
    change = APART * np.abs(choices[:, None] - choices)
    came = np.zeros(own.shape, np.int8)
    cost = own[0]
    for note in range(1, len(keys)):
        paths = cost[:, None] + change
        came[note] = paths.argmin(0)
        cost = paths.min(0) + own[note]
    path = np.empty(len(keys), np.int64)
    path[-1] = cost.argmin()
    for note in range(len(keys) - 1, 0, -1):
        path[note - 1] = came[note, path[note]]
    octaves: NDArray[np.int64] = choices[path]
    return octaves
