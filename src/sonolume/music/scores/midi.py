"""Standard MIDI files, formats 0 and 1, through mido."""

from __future__ import annotations

import struct
from bisect import bisect_right
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from io import BytesIO

import mido
import numpy as np
from mido.midifiles.meta import KeySignatureError
from numpy.typing import NDArray

from sonolume.errors import DataError
from sonolume.music.score import MAX_SECONDS, Meter, Notes, Score, Track
from sonolume.music.scores.clock import Clock
from sonolume.music.scores.controllers import Controls, Event, curves, read_controls, silences
from sonolume.music.scores.midi_chunks import Frame, frame

__all__ = ["read_midi"]

DRUM_CHANNEL = 9
LONGEST_NAME = 200
MAX_UNIT = 64
FOREIGN_ERRORS = (
    OSError, EOFError, ValueError, TypeError, LookupError, ArithmeticError, struct.error,
    KeySignatureError,
)  # fmt: skip
NAMES = ("track_name", "instrument_name")

Channel = tuple[int, int]
Row = tuple[int, int, int, int, int]


@dataclass
class _Chunk:
    """One MIDI track in terms of absolute ticks."""

    name: str = ""
    channels: dict[Channel, list[Event]] = field(default_factory=dict)
    tempi: list[tuple[int, int]] = field(default_factory=list)
    signatures: list[tuple[int, tuple[int, int]]] = field(default_factory=list)
    end: int = 0


def read_midi(data: bytes, where: str = "score") -> Score:
    """Read a standard MIDI file.

    Each MIDI track gives one `Track` for every channel and program in it. What a track says of its
    channel (programs, controllers) holds for itself first; of what it never mentions it takes
    what other tracks say of the same channel. Equal notes that overlap end in the order in which
    they began; notes that never end do so with the piece. Format 2 is refused.

    Args:
        data: the file's bytes.
        where: what errors call the file.

    Raises:
        DataError: what `frame` refuses, messages or numbers that make no sense, more than 12
            hours, or a tempo or time signature of nothing.
    """
    parts = frame(data, where)
    chunks = [_chunk(track, f"{where}: track {n}") for n, track in enumerate(parts.tracks, 1)]
    clock, meters = _time(parts, chunks, where)
    end = max(chunk.end for chunk in chunks)
    if clock.at(end) > MAX_SECONDS:
        raise DataError(f"{where}: lasts {float(clock.at(end)) / 3600:.3g} hours; at most 12")
    title = _take_title(parts.format, chunks[0])
    shared = _shared(chunks)
    tracks = [
        track
        for chunk in chunks
        for channel, events in sorted(chunk.channels.items())
        for track in _parts(chunk.name, channel, events, shared[channel], clock, end)
    ]
    return Score(tuple(tracks), meters, title)


def _chunk(track: bytes, where: str) -> _Chunk:
    chunk, tick, port = _Chunk(), 0, 0
    for message in _messages(track, where):
        tick += message.time
        if message.type == "midi_port":
            port = message.port
        elif message.type == "set_tempo":
            chunk.tempi.append((tick, message.tempo))
        elif message.type == "time_signature":
            chunk.signatures.append((tick, (message.numerator, message.denominator)))
        elif message.type in NAMES:
            chunk.name = chunk.name or _text(message.name)
        elif not message.is_meta and hasattr(message, "channel"):
            chunk.channels.setdefault((port, message.channel), []).append((tick, message))
    chunk.end = tick
    return chunk


def _messages(track: bytes, where: str) -> Iterator[mido.Message]:
    header = struct.pack(">4sLHHH4sL", b"MThd", 6, 0, 1, 96, b"MTrk", len(track))
    try:
        # mido leaves another charset set for the whole process when a text breaks it.
        file = mido.MidiFile(file=BytesIO(header + track), clip=True, charset="latin1")
    except FOREIGN_ERRORS as error:
        raise DataError(f"{where}: not proper MIDI ({error or type(error).__name__})") from None
    yield from file.tracks[0]


def _text(text: str) -> str:
    """A name as UTF-8 where it is that, else as Latin 1; control characters become spaces."""
    raw = text.encode("latin1")
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        text = raw.decode("latin1")
    printable = "".join(sign if sign.isprintable() else " " for sign in text)
    return " ".join(printable.split())[:LONGEST_NAME]


def _time(parts: Frame, chunks: Sequence[_Chunk], where: str) -> tuple[Clock, tuple[Meter, ...]]:
    tempi = sorted((event for chunk in chunks for event in chunk.tempi), key=lambda e: e[0])
    signatures = sorted(
        (event for chunk in chunks for event in chunk.signatures), key=lambda e: e[0]
    )
    if any(not tempo for _, tempo in tempi):
        raise DataError(f"{where}: a tempo of 0 microseconds a quarter note")
    for _, (beats, unit) in signatures:
        if not beats or unit > MAX_UNIT:
            raise DataError(f"{where}: a time signature of {beats}/{unit}")
    if not parts.division:
        # Ticks of fixed length: tempo events say nothing about time.
        clock, tempi = Clock.steady(parts.step), []
    else:
        clock = Clock.metrical(tempi, parts.division)
    return clock, _meters(dict(tempi), dict(signatures), clock)


def _meters(
    tempi: dict[int, int], signatures: dict[int, tuple[int, int]], clock: Clock
) -> tuple[Meter, ...]:
    tempo, signature = 120.0, (4, 4)
    meters: list[Meter] = []
    for tick in sorted({0} | tempi.keys() | signatures.keys()):
        tempo = 6e7 / tempi[tick] if tick in tempi else tempo
        signature = signatures.get(tick, signature)
        if not meters or (meters[-1].tempo, meters[-1].beats, meters[-1].unit) != (
            tempo, *signature,
        ):  # fmt: skip
            meters.append(Meter(float(clock.at(tick)), tempo, *signature))
    return tuple(meters)


def _shared(chunks: Sequence[_Chunk]) -> dict[Channel, Controls]:
    """Controls of every channel over all tracks."""
    merged: dict[Channel, list[Event]] = {}
    for chunk in chunks:
        for channel, events in chunk.channels.items():
            merged.setdefault(channel, []).extend(events)
    return {
        channel: read_controls(sorted(events, key=lambda event: event[0]))
        for channel, events in merged.items()
    }


def _take_title(kind: int, first: _Chunk) -> str:
    """The first track's name where it names the piece rather than a part."""
    if kind == 1 and _has_notes(first):
        return ""
    title, first.name = first.name, ""
    return title


def _has_notes(chunk: _Chunk) -> bool:
    return any(
        message.type == "note_on" and message.velocity
        for events in chunk.channels.values()
        for _, message in events
    )


def _parts(
    name: str, channel: Channel, events: Sequence[Event], shared: Controls, clock: Clock, end: int
) -> Iterator[Track]:
    own = read_controls(events)
    rows = np.asarray(_pair(events, own, shared, end), np.int64).reshape(-1, 5)
    moves = curves(own, shared, clock) if len(rows) else {}
    drums = channel[1] == DRUM_CHANNEL
    for program in np.unique(rows[:, 4]):
        notes = _notes(rows[rows[:, 4] == program], clock)
        yield Track(name, notes, int(program), drums, moves)


def _notes(rows: NDArray[np.int64], clock: Clock) -> Notes:
    start, end = rows[:, 0], np.maximum(rows[:, 1], rows[:, 0] + 1)
    return Notes(
        clock.at(start), clock.at(end), rows[:, 2].astype(np.int16), rows[:, 3].astype(np.int16)
    )


def _pair(events: Sequence[Event], own: Controls, shared: Controls, end: int) -> list[Row]:
    """(start, end, key, velocity, program) of every note, in ticks."""
    sounding: dict[int, deque[tuple[int, int, int]]] = {}
    rows: list[Row] = []
    program = 0

    def close(key: int, tick: int) -> None:
        start, velocity, number = sounding[key].popleft()
        rows.append((start, tick, key, velocity, number))

    def close_all(tick: int) -> None:
        for key, notes in sounding.items():
            while notes:
                close(key, tick)

    for tick, message in events:
        if message.type == "note_on" and message.velocity:
            number = program if own.programs else _program(shared.programs, tick)
            sounding.setdefault(message.note, deque()).append((tick, message.velocity, number))
        elif message.type in ("note_on", "note_off") and sounding.get(message.note):
            close(message.note, tick)
        elif message.type == "program_change":
            program = message.program
        elif silences(message):
            close_all(tick)
    close_all(end)
    return rows


def _program(programs: Sequence[tuple[int, int]], tick: int) -> int:
    place = bisect_right(programs, tick, key=lambda change: change[0])
    return programs[place - 1][1] if place else 0
