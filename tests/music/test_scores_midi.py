"""MIDI files read and written, against mido's own playback and hand-made files."""

from __future__ import annotations

import struct
from pathlib import Path

import mido
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from sonolume.errors import DataError, OptionError
from sonolume.music.score import Curve, Meter, Notes, Score, Track
from sonolume.music.scores import midi, midi_chunks
from sonolume.music.scores.midi import read_midi
from sonolume.music.scores.read import read_score
from sonolume.music.scores.write import DIVISION, write_score

EXAMPLES = sorted((Path(__file__).parents[2] / "examples" / "scores").glob("*.mid"))
TICK = 0.5 / 480


def on(key: int, time: int = 0, velocity: int = 100, channel: int = 0) -> mido.Message:
    return mido.Message("note_on", note=key, velocity=velocity, time=time, channel=channel)


def off(key: int, time: int = 0, channel: int = 0) -> mido.Message:
    return mido.Message("note_off", note=key, time=time, channel=channel)


def cc(control: int, value: int, time: int = 0, channel: int = 0) -> mido.Message:
    return mido.Message("control_change", control=control, value=value, time=time, channel=channel)


def program(number: int, time: int = 0, channel: int = 0) -> mido.Message:
    return mido.Message("program_change", program=number, time=time, channel=channel)


def tempo(microseconds: int, time: int = 0) -> mido.MetaMessage:
    return mido.MetaMessage("set_tempo", tempo=microseconds, time=time)


def read(tmp_path: Path, *tracks: list[mido.Message], kind: int = 1, division: int = 480) -> Score:
    path = tmp_path / "made.mid"
    file = mido.MidiFile(type=kind, ticks_per_beat=division)
    file.tracks.extend(mido.MidiTrack(track) for track in tracks)
    file.save(path)
    return read_score(path)


def raw(events: bytes, *, division: int = 480, kind: int = 0) -> bytes:
    head = struct.pack(">4sLHHH", b"MThd", 6, kind, 1, division)
    return head + struct.pack(">4sL", b"MTrk", len(events)) + events


def played(path: Path) -> tuple[list[tuple[float, int]], float]:
    """(seconds, key) of every note-on as mido plays the file, and when the last key is let go."""
    now, last, starts = 0.0, 0.0, []
    for message in mido.MidiFile(path):
        now += message.time
        if message.type == "note_on" and message.velocity:
            starts.append((now, message.note))
        elif message.type in ("note_on", "note_off"):
            last = now
    return starts, last


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_examples_agree_with_midos_playback(path: Path) -> None:
    score = read_score(path)
    starts, last = played(path)
    ours = [
        (start, key)
        for track in score.tracks
        for start, key in zip(track.notes.start.tolist(), track.notes.key.tolist(), strict=True)
    ]
    expected, got = np.array(sorted(starts)), np.array(sorted(ours))
    assert np.array_equal(np.sort(expected[:, 1]), np.sort(got[:, 1]))
    np.testing.assert_allclose(got[:, 0], expected[:, 0], atol=1e-6)
    assert score.duration == pytest.approx(last, abs=1e-6)


def test_tempo_map_of_another_track_sets_the_time(tmp_path: Path) -> None:
    conductor = [tempo(500_000), tempo(1_000_000, 960), tempo(250_000, 480)]
    score = read(tmp_path, conductor, [on(60, 960), off(60, 480), on(64, 480), off(64, 480)])
    notes = score.tracks[0].notes
    # Two quarters of 0.5 s, one of 1 s, then quarters of 0.25 s.
    np.testing.assert_allclose(notes.start, [1.0, 2.25])
    np.testing.assert_allclose(notes.end, [2.0, 2.5])
    assert [meter.tempo for meter in score.meters] == [120.0, 60.0, 240.0]
    assert [meter.time for meter in score.meters] == [0.0, 1.0, 2.0]


def test_time_signatures(tmp_path: Path) -> None:
    signature = mido.MetaMessage("time_signature", numerator=6, denominator=8, time=480)
    score = read(tmp_path, [signature, on(60), off(60, 10)])
    assert [(m.time, m.beats, m.unit) for m in score.meters] == [(0.0, 4, 4), (0.5, 6, 8)]


def test_smpte_division_is_clock_time() -> None:
    # 25 frames of 40 ticks: a tick is a millisecond, whatever the tempo says.
    events = bytes.fromhex("00ff51030f4240 00903c40 8768803c40 00ff2f00".replace(" ", ""))
    score = read_midi(raw(events, division=(256 - 25) << 8 | 40))
    assert score.tracks[0].notes.end[0] == pytest.approx(1.0)
    assert score.tempo == 120.0


def test_running_status_and_silent_note_on_end_notes() -> None:
    events = bytes.fromhex("00903c40 603c00 004040 604000 00ff2f00".replace(" ", ""))
    notes = read_midi(raw(events)).tracks[0].notes
    assert notes.key.tolist() == [60, 64]
    np.testing.assert_allclose(notes.end, [96 * TICK, 192 * TICK])


def test_overlapping_equal_notes_end_in_their_order(tmp_path: Path) -> None:
    score = read(tmp_path, [on(60), on(60, 100, 50), off(60, 100), off(60, 100)])
    notes = score.tracks[0].notes
    np.testing.assert_allclose(notes.start, [0, 100 * TICK])
    np.testing.assert_allclose(notes.end, [200 * TICK, 300 * TICK])
    assert notes.velocity.tolist() == [100, 50]


def test_hanging_notes_end_with_the_piece(tmp_path: Path) -> None:
    score = read(tmp_path, [on(60), on(62, 10)], [on(70, 480, channel=1), off(70, 480, channel=1)])
    assert score.tracks[0].notes.end.tolist() == pytest.approx([1.0, 1.0])
    assert sum(len(track.notes) for track in score.tracks) == 3


def test_notes_of_no_length_last_a_tick(tmp_path: Path) -> None:
    notes = read(tmp_path, [on(60), off(60)]).tracks[0].notes
    assert notes.end[0] == pytest.approx(TICK)


@pytest.mark.parametrize("control", [120, 123, 126])
def test_all_notes_off(tmp_path: Path, control: int) -> None:
    score = read(tmp_path, [on(60), on(64), cc(control, 0, 240), on(67, 240), off(67, 240)])
    np.testing.assert_allclose(score.tracks[0].notes.end, [0.25, 0.25, 0.75])


def test_all_sound_off_lifts_the_pedal_for_a_tick(tmp_path: Path) -> None:
    score = read(tmp_path, [cc(64, 127), on(60), cc(120, 0, 480), on(62, 480), off(62, 10)])
    pedal = score.tracks[0].curves["sustain"]
    assert pedal.value.tolist() == [1.0, 0.0, 1.0]
    np.testing.assert_allclose(pedal.time, [0.0, 0.5, 0.5 + TICK])


def test_a_track_for_each_track_channel_and_program(tmp_path: Path) -> None:
    first = [program(24), on(60), off(60, 100), program(30), on(62), off(62, 100)]
    second = [on(40, channel=1), off(40, 100, channel=1), on(36, channel=9), off(36, 9, channel=9)]
    score = read(tmp_path, first, second)
    shape = [(t.program, t.drums, t.notes.key.tolist()) for t in score.tracks]
    assert shape == [(24, False, [60]), (30, False, [62]), (0, False, [40]), (0, True, [36])]


def test_a_track_takes_what_others_say_of_its_channel(tmp_path: Path) -> None:
    score = read(tmp_path, [program(5), cc(7, 127)], [on(60), off(60, 9)])
    assert score.tracks[0].program == 5
    assert score.tracks[0].curves["volume"].value.tolist() == [1.0]


def test_what_a_track_says_of_its_channel_holds_for_itself(tmp_path: Path) -> None:
    one = [program(5), cc(7, 127), on(60), off(60, 9)]
    other = [program(7), cc(7, 0), on(62), off(62, 9)]
    score = read(tmp_path, one, other)
    assert [track.program for track in score.tracks] == [5, 7]
    assert [track.curves["volume"].value.tolist() for track in score.tracks] == [[1.0], [0.0]]


def test_controllers_in_their_units(tmp_path: Path) -> None:
    controls = [cc(7, 127), cc(11, 0), cc(10, 0), cc(10, 64, 5), cc(10, 127, 5), cc(1, 127)]
    pedal = [cc(64, 63), cc(64, 64, 5), cc(64, 0, 5)]
    curves = read(tmp_path, [*controls, *pedal, on(60), off(60, 9)]).tracks[0].curves
    assert curves["volume"].value.tolist() == [1.0]
    assert curves["expression"].value.tolist() == [0.0]
    assert curves["pan"].value.tolist() == [-1.0, 0.0, 1.0]
    assert curves["modulation"].value.tolist() == [1.0]
    assert curves["sustain"].value.tolist() == [0.0, 1.0, 0.0]


def test_bend_and_its_range(tmp_path: Path) -> None:
    wheel = mido.Message("pitchwheel", pitch=4096)
    wide = [cc(101, 0, 10), cc(100, 0), cc(6, 12), cc(38, 50), cc(101, 127), cc(6, 3)]
    curve = read(tmp_path, [wheel, *wide, on(60), off(60, 9)]).tracks[0].curves["bend"]
    # Half of two semitones; then half of twelve and a half; data after the null RPN count no more.
    assert curve.value.tolist() == [1.0, 6.25]


def test_reset_all_controllers_spares_the_volume(tmp_path: Path) -> None:
    wheel = mido.Message("pitchwheel", pitch=8191)
    start = [wheel, cc(7, 10), cc(11, 10), cc(1, 10), cc(64, 127)]
    curves = read(tmp_path, [*start, cc(121, 0, 10), on(60), off(60, 9)]).tracks[0].curves
    assert {name: float(curve.value[-1]) for name, curve in curves.items()} == {
        "bend": 0.0,
        "volume": pytest.approx(10 / 127),
        "expression": 1.0,
        "modulation": 0.0,
        "sustain": 0.0,
    }


@pytest.mark.parametrize("encoding", ["utf-8", "latin1"])
def test_names_beyond_ascii(encoding: str) -> None:
    name = "Frère\x00 Jacques".encode(encoding)
    events = b"\x00\xff\x03" + bytes([len(name)]) + name + b"\x00\x90\x3c\x40\x10\x80\x3c\x40"
    assert read_midi(raw(events)).title == "Frère Jacques"


def test_sysex_and_foreign_chunks_are_passed_over() -> None:
    events = bytes.fromhex("00f00343120 0f7".replace(" ", "")) + b"\x00\x90\x3c\x40\x10\x80\x3c\x40"
    data = raw(events)
    data = data[:14] + struct.pack(">4sL", b"XFIH", 3) + b"abc" + data[14:]
    assert len(read_midi(data).tracks[0].notes) == 1


def test_a_riff_wrapper_is_opened(tmp_path: Path) -> None:
    data = EXAMPLES[0].read_bytes()
    path = tmp_path / "song.rmi"
    body = b"RMIDdata" + struct.pack("<L", len(data)) + data
    path.write_bytes(b"RIFF" + struct.pack("<L", len(body)) + body)
    assert read_score(path).duration == read_score(EXAMPLES[0]).duration


def test_no_notes_no_tracks(tmp_path: Path) -> None:
    score = read(tmp_path, [program(3)])
    assert (score.tracks, score.duration) == ((), 0.0)


BIG = b"\xff\xff\xff\x7f"
REFUSED = {
    "independent patterns": (raw(b"", kind=2), "format 2"),
    "no header": (b"MThx" + raw(b"")[4:], "not a MIDI file"),
    "cut short": (raw(b"\x00\x90\x3c\x40")[:-2], "cut short"),
    "cut within an event": (raw(b"\x00\x90\x3c"), "cut short within an event"),
    "undefined status": (raw(b"\x00\xf4"), "undefined status"),
    "no status": (raw(b"\x00\x3c\x40"), "where an event should begin"),
    "endless number": (raw(b"\xff" * 5000), "more than four bytes"),
    "no ticks": (raw(b"", division=0), "no measure of time"),
    "odd frame rate": (raw(b"", division=0x8102), "no measure of time"),
    "no tempo": (raw(b"\x00\xff\x51\x03\x00\x00\x00"), "tempo of 0"),
    "no beats": (raw(b"\x00\xff\x58\x04\x00\x02\x18\x08"), "time signature of 0/4"),
    "too long": (raw((BIG + b"\x90\x3c\x40") * 9, division=1), "hours"),
    "wrong key signature": (raw(b"\x00\xff\x59\x02\x40\x00"), "not proper MIDI"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused(case: str) -> None:
    data, reason = REFUSED[case]
    with pytest.raises(DataError, match=f"^song.mid: .*{reason}"):
        read_midi(data, "song.mid")


def test_costs_are_known_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "large.mid"
    with path.open("wb") as file:
        file.write(b"MThd")
        file.truncate(midi_chunks.MAX_BYTES + 1)
    with pytest.raises(DataError, match="more than 16 MiB"):
        read_score(path)
    many = raw(b"\x00\x90\x3c\x40" + b"\x00\x3c\x40" * midi_chunks.MAX_EVENTS)
    monkeypatch.setattr(midi.mido, "MidiFile", pytest.fail)
    with pytest.raises(DataError, match="more than 600000 MIDI events"):
        read_midi(many)


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("missing.mid", None, "No such file"),
        ("empty.mid", b"", "empty"),
        ("song.txt", b"do re mi", "not a score; expected one of .mid"),
    ],
)
def test_files_that_are_no_scores(
    tmp_path: Path, name: str, content: bytes | None, reason: str
) -> None:
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(DataError, match=reason):
        read_score(path)
    with pytest.raises(DataError, match="directory"):
        read_score(tmp_path)


ROWS = st.lists(
    st.tuples(st.floats(0, 300), st.floats(0.01, 9), st.integers(0, 127), st.integers(1, 127)),
    min_size=1,
    max_size=30,
    unique_by=lambda row: row[2],
)
TRACKS = st.lists(
    st.builds(
        lambda rows, number, drums: Track(
            f"Stück {number}", Notes.of([(s, s + d, k, v) for s, d, k, v in rows]), number, drums
        ),
        ROWS,
        st.integers(0, 127),
        st.booleans(),
    ),
    max_size=20,
)
METERS = st.lists(
    st.tuples(
        st.floats(0.5, 40), st.floats(20, 400), st.integers(1, 12), st.sampled_from([2, 4, 8])
    ),
    max_size=5,
)


def by_key(notes: Notes) -> NDArray[np.float64]:
    """Start, end, key, velocity [N, 4]; keys differ, so their order is one."""
    rows = np.stack([notes.start, notes.end, notes.key, notes.velocity], 1)
    return rows[np.argsort(notes.key)]


@settings(max_examples=60, deadline=None)
@given(TRACKS, METERS, st.floats(20, 400))
def test_written_and_read_again_within_a_tick(
    tmp_path_factory: pytest.TempPathFactory,
    tracks: list[Track],
    steps: list[tuple[float, float, int, int]],
    first: float,
) -> None:
    times = np.cumsum([0.0, *(step[0] for step in steps)])
    values = [(first, 4, 4), *(step[1:] for step in steps)]
    meters = tuple(Meter(float(t), *value) for t, value in zip(times, values, strict=True))
    score = Score(tuple(tracks), meters, "Title")
    path = tmp_path_factory.mktemp("round") / "score.mid"
    write_score(score, path)
    again = read_score(path)
    tick = 60 / min(meter.tempo for meter in meters) / DIVISION
    assert len(again.tracks) == len(tracks)
    for one, other in zip(tracks, again.tracks, strict=True):
        assert (one.name, one.program, one.drums) == (other.name, other.program, other.drums)
        mine, theirs = by_key(one.notes), by_key(other.notes)
        assert np.array_equal(mine[:, 2:], theirs[:, 2:])
        np.testing.assert_allclose(mine[:, :2], theirs[:, :2], atol=1.01 * tick)


def test_controllers_written_and_read_again(tmp_path: Path) -> None:
    time = np.array([0.0, 1.0, 2.5])
    values = {
        "bend": [0.0, -3.5, 12.0], "volume": [1.0, 0.0, 0.5], "pan": [-1.0, 0.0, 1.0],
        "sustain": [0.0, 1.0, 0.0], "expression": [0.25, 1.0, 0.0], "modulation": [0.0, 0.4, 1.0],
    }  # fmt: skip
    curves = {name: Curve(time, np.asarray(value, np.float32)) for name, value in values.items()}
    track = Track("lead", Notes.of([(0, 3, 60, 90)]), 5, False, curves)
    write_score(Score((track,)), tmp_path / "a.mid")
    again = read_score(tmp_path / "a.mid").tracks[0].curves
    assert again.keys() == curves.keys()
    for name, curve in again.items():
        np.testing.assert_allclose(curve.time, time, atol=0.001)
        step = 12 / 8192 if name == "bend" else 1 / 63
        np.testing.assert_allclose(curve.value, values[name], atol=step)


def test_mido_hears_the_same_from_what_is_written(tmp_path: Path) -> None:
    notes = Notes.of([(0.5, 1.0, 60, 90), (1.0, 2.0, 60, 80), (2.25, 4.0, 72, 70)])
    meters = (Meter(0.0, 100.0, 3, 4), Meter(2.0, 77.7, 6, 8))
    write_score(Score((Track("x", notes, 9),), meters), tmp_path / "a.mid")
    starts, last = played(tmp_path / "a.mid")
    np.testing.assert_allclose(starts, [(0.5, 60), (1.0, 60), (2.25, 72)], atol=0.001)
    assert last == pytest.approx(4.0, abs=0.001)


def test_writing_refuses(tmp_path: Path) -> None:
    track = Track("x", Notes.of([(0, 1, 60, 90)]))
    with pytest.raises(OptionError, match="suffix .mid"):
        write_score(Score((track,)), tmp_path / "a.wav")
    for meter, reason in ((Meter(0, 0), "tempo of 0"), (Meter(0, 90, 4, 3), "4/3")):
        with pytest.raises(DataError, match=reason):
            write_score(Score((track,), (meter,)), tmp_path / "a.mid")
    with pytest.raises(DataError, match="ports"):
        write_score(Score((track,) * 2000), tmp_path / "a.mid")
    assert not list(tmp_path.iterdir())
    write_score(Score((track,)), tmp_path / "a.mid")
    with pytest.raises(OptionError, match="exists"):
        write_score(Score((track,)), tmp_path / "a.mid")
