"""The frame of a MIDI file, checked byte by byte before anything is built from it.

mido trusts what it reads: a length of a million continuation bytes keeps it busy for hours, and a
foreign chunk between the tracks is an error. What passes here is short work for it.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from sonolume.errors import DataError

__all__ = ["MAX_BYTES", "Frame", "frame"]

MAX_BYTES = 16 << 20
MAX_EVENTS = 600_000
MAX_TRACKS = 4096
LONGEST_NUMBER = 4
# Bytes after the status, by its upper half, and for the system messages that may occur.
DATA_BYTES = {0x8: 2, 0x9: 2, 0xA: 2, 0xB: 2, 0xC: 1, 0xD: 1, 0xE: 2}
SYSTEM_BYTES = {0xF1: 1, 0xF2: 2, 0xF3: 1, 0xF6: 0, **dict.fromkeys(range(0xF8, 0xFF), 0)}
FRAMES_A_SECOND = {24: 24.0, 25: 25.0, 29: 30_000 / 1001, 30: 30.0}


@dataclass(frozen=True)
class Frame:
    """A MIDI file in parts.

    Attributes:
        format: 0 for a single track, 1 for simultaneous ones.
        division: ticks a quarter note, or 0 where ticks are of a fixed length.
        step: seconds a tick where the division is 0, otherwise 0.
        tracks: the bytes of each track's events.
    """

    format: int
    division: int
    step: float
    tracks: tuple[bytes, ...]


def frame(data: bytes, where: str) -> Frame:
    """Take a MIDI file apart; chunks of unknown kinds are passed over, as the standard asks.

    Raises DataError, naming ``where``, for a file above 16 MiB, of format 2, cut short, of more
    than 600,000 events, or whose bytes are not events.
    """
    if len(data) > MAX_BYTES:
        raise DataError(f"{where}: a MIDI file of more than {MAX_BYTES >> 20} MiB")
    if len(data) < 14 or data[:4] != b"MThd":
        raise DataError(f"{where}: not a MIDI file, or cut short in its header")
    size, kind, _, division = struct.unpack(">LHHH", data[4:14])
    if size < 6 or kind > 2:
        raise DataError(f"{where}: MIDI header of {size} bytes and format {kind}; expected 0 or 1")
    if kind == 2:
        raise DataError(
            f"{where}: MIDI format 2 (independent patterns) has no common time; save it as format 1"
        )
    tracks = _tracks(data, 8 + size, where)
    events = 0
    for number, track in enumerate(tracks, 1):
        events += _count(track, f"{where}: track {number}")
        if events > MAX_EVENTS:
            raise DataError(f"{where}: more than {MAX_EVENTS} MIDI events")
    return Frame(kind, *_division(division, where), tracks)


def _division(division: int, where: str) -> tuple[int, float]:
    if division and division < 0x8000:
        return division, 0.0
    rate, ticks = 256 - (division >> 8), division & 0xFF
    if rate not in FRAMES_A_SECOND or not ticks:
        raise DataError(f"{where}: MIDI division {division:#06x} is no measure of time")
    return 0, 1 / (FRAMES_A_SECOND[rate] * ticks)


def _tracks(data: bytes, position: int, where: str) -> tuple[bytes, ...]:
    tracks = []
    while position + 8 <= len(data):
        name, size = (
            data[position : position + 4],
            int.from_bytes(data[position + 4 : position + 8]),
        )
        if position + 8 + size > len(data):
            raise DataError(f"{where}: cut short: a chunk of {size} bytes is not all there")
        if name == b"MTrk":
            tracks.append(data[position + 8 : position + 8 + size])
        position += 8 + size
    if not 1 <= len(tracks) <= MAX_TRACKS:
        raise DataError(f"{where}: {len(tracks)} MIDI tracks; expected 1 to {MAX_TRACKS}")
    return tuple(tracks)


def _count(track: bytes, where: str) -> int:
    """The number of events. Raises DataError for bytes that are none."""
    position, status, events = 0, 0, 0
    try:
        while position < len(track):
            position, status = _event(track, _number(track, position)[1], status)
            events += 1
    except (IndexError, ValueError) as error:
        reason = str(error) if isinstance(error, ValueError) else "cut short within an event"
        raise DataError(f"{where}, event {events + 1}: {reason}") from None
    if position > len(track):
        raise DataError(f"{where}: cut short within an event")
    return events


def _number(track: bytes, position: int) -> tuple[int, int]:
    """A variable-length number and the position after it."""
    value = 0
    for index in range(position, position + LONGEST_NUMBER):
        value = value << 7 | track[index] & 0x7F
        if track[index] < 0x80:
            return value, index + 1
    raise ValueError("a number of more than four bytes")


def _event(track: bytes, position: int, status: int) -> tuple[int, int]:
    """The position after an event whose time ends at ``position``, and the running status."""
    first = track[position]
    if first == 0xFF:
        length, start = _number(track, position + 2)
        return start + length, status
    if first in (0xF0, 0xF7):
        length, start = _number(track, position + 1)
        return start + length, 0
    if first < 0x80:
        if not status:
            raise ValueError(f"byte {first:#04x} where an event should begin")
        return position + DATA_BYTES[status >> 4], status
    if first < 0xF0:
        return position + 1 + DATA_BYTES[first >> 4], first
    if first not in SYSTEM_BYTES:
        raise ValueError(f"undefined status {first:#04x}")
    return position + 1 + SYSTEM_BYTES[first], 0
