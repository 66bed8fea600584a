"""The role a track plays in a score."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from sonolume.music.score import Notes, Track

__all__ = ["ROLES", "Part", "Role", "part_of"]

Role = Literal["drums", "bass", "guitar", "keys", "lead", "pad"]
ROLES: tuple[Role, ...] = get_args(Role)

# Families of General MIDI, eight programs each, that say the role by themselves. The first is
# left open: program 0 is also what a score says that says nothing.
FAMILIES: dict[int, Role] = {
    1: "keys",  # chromatic percussion
    2: "keys",  # organ
    3: "guitar",
    4: "bass",
    5: "pad",  # strings, single
    6: "pad",  # ensemble
    7: "lead",  # brass
    8: "lead",  # reed
    9: "lead",  # pipe
    10: "lead",  # synth lead
    11: "pad",  # synth pad
    13: "lead",  # ethnic: sitar, banjo, koto, fiddle
}
DRUM_FAMILY = 14
STRINGS, SINGLE = (5, 6), 1.3
LOW, HIGH = 48.0, 64.0
CHORDS, LONG = 1.6, 1.2


@dataclass(frozen=True)
class Part:
    """A track as its player sees it.

    Attributes:
        role: what it does in the piece.
        reason: why, as the end of a sentence.
        key: the median key.
        low, high: keys between which nine tenths of the notes lie.
        polyphony: mean number of notes that sound while any does.
        length: seconds, the median of the notes.
        notes: how many.
    """

    role: Role
    reason: str
    key: float
    low: float
    high: float
    polyphony: float
    length: float
    notes: int


def part_of(track: Track) -> Part:
    """The role of a track that holds notes: by its drum flag, its name where that is a role, its
    General MIDI program, and else by register, polyphony and length of notes."""
    notes = track.notes
    length = notes.end - notes.start
    polyphony = float(length.sum()) / max(_covered(notes), 1e-9)
    key, low, high = (float(each) for each in np.percentile(notes.key, (50, 5, 95)))
    role, reason = _role(track, key, polyphony, float(np.median(length)))
    return Part(role, reason, key, low, high, polyphony, float(np.median(length)), len(notes))


def _covered(notes: Notes) -> float:
    """Seconds in which at least one key is down."""
    order = np.argsort(notes.start, kind="stable")
    start, end = notes.start[order], np.maximum.accumulate(notes.end[order])
    before = np.concatenate([[-np.inf], end[:-1]])
    return float(np.maximum(end - np.maximum(start, before), 0).sum())


def _role(track: Track, key: float, polyphony: float, length: float) -> tuple[Role, str]:
    if track.drums:
        return "drums", "it is a drum track"
    named = track.name.strip().lower()
    for role in ROLES:
        if role == named and role != "drums":
            return role, "it is named so"
    family = track.program // 8
    if family in FAMILIES:
        return _by_program(family, key, polyphony, length)
    if family == DRUM_FAMILY:
        return "keys", "its program is a pitched percussion"
    return _by_notes(key, polyphony, length)


def _by_program(family: int, key: float, polyphony: float, length: float) -> tuple[Role, str]:
    role = FAMILIES[family]
    if family in STRINGS and polyphony < SINGLE:
        # A single violin sings, a single cello or contrabass may walk.
        return _by_notes(key, polyphony, length)
    return role, f"its program is of the {role} kind"


def _by_notes(key: float, polyphony: float, length: float) -> tuple[Role, str]:
    if key < LOW and polyphony < CHORDS:
        return "bass", "it is low and has one note at a time"
    if polyphony >= CHORDS and length >= LONG:
        return "pad", "it holds long chords"
    if polyphony >= CHORDS:
        return "keys", "it plays chords"
    if key >= HIGH:
        return "lead", "it is high and has one note at a time"
    return "keys", "it is in the middle"
