"""Scores as standard MIDI files."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from pathlib import Path

import mido
import numpy as np

from sonolume.errors import DataError, OptionError
from sonolume.media.atomic import atomic_path
from sonolume.music.score import Controller, Curve, Meter, Score, Track
from sonolume.music.scores.clock import Clock

__all__ = ["DIVISION", "write_score"]

DIVISION = 960
DRUM_CHANNEL = 9
PITCHED = tuple(channel for channel in range(16) if channel != DRUM_CHANNEL)
MAX_PORTS = 128
SLOWEST, FASTEST = 1, (1 << 24) - 1
NUMBERS: dict[Controller, int] = {
    "modulation": 1, "volume": 7, "pan": 10, "expression": 11, "sustain": 64,
}  # fmt: skip
# The order of messages of one tick: what ends, what changes, what begins.
ENDS, CHANGES, BEGINS = 0, 1, 2

Timed = tuple[int, int, mido.Message]


def write_score(score: Score, path: Path | str, *, force: bool = False) -> None:
    """Write a MIDI file of format 1, 960 ticks a quarter note, one MIDI track a part.

    Read again, notes and controllers lie within a tick of where they were (two notes of a part
    on the same key, one within the other, change their ends). Beyond fifteen parts, or one of
    drums, further MIDI ports are used.

    Raises:
        OptionError: another suffix than .mid or .midi, or a target that cannot be written.
        DataError: a tempo that MIDI cannot hold, or more parts than its ports.
    """
    path = Path(path)
    if path.suffix.lower() not in (".mid", ".midi"):
        raise OptionError(f"{path}: scores are written as MIDI; give the name the suffix .mid")
    clock, conductor = _conductor(score)
    file = mido.MidiFile(type=1, ticks_per_beat=DIVISION, charset="latin1")
    file.tracks.append(conductor)
    for track, (port, channel) in zip(score.tracks, _places(score.tracks), strict=True):
        file.tracks.append(_track(track, port, channel, clock))
    with atomic_path(path, force=force) as temporary:
        file.save(str(temporary))


def _places(tracks: Sequence[Track]) -> Iterator[tuple[int, int]]:
    """A (port, channel) of its own for each part."""
    counts = [0, 0]
    for track in tracks:
        port, place = (counts[1], 0) if track.drums else divmod(counts[0], len(PITCHED))
        counts[track.drums] += 1
        if port >= MAX_PORTS:
            raise DataError(f"{len(tracks)} parts; MIDI's {MAX_PORTS} ports cannot hold them")
        yield port, DRUM_CHANNEL if track.drums else PITCHED[place]


def _conductor(score: Score) -> tuple[Clock, mido.MidiTrack]:
    """The tempo map as MIDI's whole microseconds and ticks have it, and the track that says so."""
    tempi: list[tuple[int, int]] = []
    rows: list[Timed] = []
    for meter in score.meters:
        tick = int(Clock.metrical(tempi, DIVISION).tick(meter.time))
        tempo = _tempo(meter)
        tempi.append((tick, tempo))
        rows.append((tick, CHANGES, mido.MetaMessage("set_tempo", tempo=tempo)))
        rows.append((tick, CHANGES, _signature(meter)))
    track = mido.MidiTrack([mido.MetaMessage("track_name", name=_latin(score.title))])
    track.extend(_relative(rows))
    return Clock.metrical(tempi, DIVISION), track


def _tempo(meter: Meter) -> int:
    tempo = round(6e7 / meter.tempo) if math.isfinite(meter.tempo) and meter.tempo > 0 else 0
    if not SLOWEST <= tempo <= FASTEST:
        raise DataError(f"a tempo of {meter.tempo:g} quarter notes a minute; MIDI holds 3.6 to 6e7")
    return tempo


def _signature(meter: Meter) -> mido.MetaMessage:
    if not 1 <= meter.beats <= 255 or meter.unit < 1 or meter.unit & (meter.unit - 1):
        raise DataError(f"a time signature of {meter.beats}/{meter.unit}; MIDI has powers of two")
    return mido.MetaMessage("time_signature", numerator=meter.beats, denominator=meter.unit)


def _latin(name: str) -> str:
    """UTF-8 bytes in the one-byte letters that mido writes as they are."""
    return name.encode("utf-8", "replace").decode("latin1")


def _track(track: Track, port: int, channel: int, clock: Clock) -> mido.MidiTrack:
    head = [mido.MetaMessage("track_name", name=_latin(track.name))]
    if port:
        head.append(mido.MetaMessage("midi_port", port=port))
    head.append(mido.Message("program_change", channel=channel, program=track.program))
    rows = _note_rows(track, channel, clock)
    for controller, curve in track.curves.items():
        if controller == "bend":
            rows += _bend_rows(curve, channel, clock)
        else:
            rows += _rows(controller, curve, channel, clock)
    return mido.MidiTrack([*head, *_relative(rows)])


def _note_rows(track: Track, channel: int, clock: Clock) -> list[Timed]:
    notes = track.notes
    starts = clock.tick(notes.start)
    ends = np.maximum(clock.tick(notes.end), starts + 1)
    rows: list[Timed] = []
    columns = (starts.tolist(), ends.tolist(), notes.key.tolist(), notes.velocity.tolist())
    for start, end, key, velocity in zip(*columns, strict=True):
        on = mido.Message("note_on", channel=channel, note=key, velocity=velocity)
        rows.append((start, BEGINS, on))
        rows.append((end, ENDS, mido.Message("note_off", channel=channel, note=key, velocity=64)))
    return rows


def _rows(controller: Controller, curve: Curve, channel: int, clock: Clock) -> list[Timed]:
    value = np.asarray(curve.value, np.float64)
    levels = 64 + 63 * value if controller == "pan" else 127 * value
    whole = np.clip(np.rint(levels), 0, 127).astype(int)
    number = NUMBERS[controller]
    return [
        (tick, CHANGES, _control(channel, number, level))
        for tick, level in zip(clock.tick(curve.time).tolist(), whole.tolist(), strict=True)
    ]


def _bend_rows(curve: Curve, channel: int, clock: Clock) -> list[Timed]:
    value = np.asarray(curve.value, np.float64)
    semitones = min(max(2, math.ceil(np.abs(value).max(initial=0))), 127)
    wheel = np.clip(np.rint(value / semitones * 8192), -8192, 8191).astype(int)
    rows: list[Timed] = [
        (0, CHANGES, _control(channel, number, level))
        for number, level in ((101, 0), (100, 0), (6, semitones), (38, 0))
    ]
    rows += [
        (tick, CHANGES, mido.Message("pitchwheel", channel=channel, pitch=pitch))
        for tick, pitch in zip(clock.tick(curve.time).tolist(), wheel.tolist(), strict=True)
    ]
    return rows


def _control(channel: int, number: int, level: int) -> mido.Message:
    return mido.Message("control_change", channel=channel, control=number, value=level)


def _relative(rows: Sequence[Timed]) -> Iterator[mido.Message]:
    """Messages in order, each with the ticks since the one before."""
    now = 0
    for tick, _, message in sorted(rows, key=lambda row: row[:2]):
        yield message.copy(time=tick - now)
        now = tick
