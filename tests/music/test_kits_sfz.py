"""SFZ instruments: ours as sfizz plays them, and strangers' as the format says."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest
import soundfile
from scipy import signal
from tests.music.kit_makers import (
    RATE,
    Sound,
    cents_off,
    frequency,
    kit_of,
    level,
    one,
    sfizz,
    tone,
    whole_loop,
)

from sonolume.errors import DataError, OptionError
from sonolume.music.kit import Envelope, Kit, Loop, Region, Sample
from sonolume.music.kits import read_kit, write_kit
from sonolume.music.kits.sfz_units import FALL, key_number, number

RELEASE = Envelope(attack=0.0, release=0.001)


def played(path: Path, key: int, velocity: int, held: float, seconds: float) -> Sound:
    """[2, frames]; sfizz may let the first note pass while it loads, so it is played twice."""
    synth = sfizz(path)
    synth.render_note(key, velocity, 0.05, 0.5)
    sound: Sound = synth.render_note(key, velocity, held, seconds).astype(np.float64)
    return sound


def only_file(folder: Path) -> Path:
    (file,) = folder.glob("*.sfz")
    return file


# What sfizz plays


def test_sfizz_plays_in_tune_and_loops_without_clicks(tmp_path: Path) -> None:
    spans = {48: (0, 54), 60: (55, 66), 72: (67, 127)}
    cents = {48: -23.4, 60: 117.0, 72: 40.5}
    regions = []
    for key, span in spans.items():
        hertz = frequency(key + cents[key] / 100)
        loop = whole_loop(hertz)
        regions.append(
            Region(tone(hertz), span, root=key, tune=-cents[key], loop=loop, loop_mode="continuous")
        )
    write_kit(kit_of(*regions), tmp_path / "kit.sfz")
    file = only_file(tmp_path / "kit.sfz")
    for key in (40, 51, 54, 55, 63, 70, 84):
        sound = played(file, key, 100, 3.0, 3.0)[0, RATE // 4 : -RATE // 4]
        assert abs(cents_off(sound, frequency(key))) < 0.5
        high = signal.sosfilt(signal.butter(8, 8000, "high", fs=RATE, output="sos"), sound)
        assert np.abs(high[2000:]).max() < 1e-4 * np.abs(sound).max()


def test_sfizz_follows_the_envelope(tmp_path: Path) -> None:
    hertz = frequency(69)
    envelope = Envelope(delay=0.1, attack=0.2, hold=0.1, decay=1.0, sustain=0.05, release=0.8)
    region = Region(
        tone(hertz), root=69, loop=whole_loop(hertz), loop_mode="continuous", envelope=envelope
    )
    write_kit(kit_of(region), tmp_path / "kit.sfz")
    sound = played(only_file(tmp_path / "kit.sfz"), 69, 127, 1.5, 2.5)
    full = level(sound, 0.35)
    assert level(sound, 0.05) < full - 60
    assert level(sound, 0.2) - full == pytest.approx(-6.02, abs=0.3)
    assert level(sound, 0.5) - full == pytest.approx(-10, abs=0.5)
    assert level(sound, 1.4) - full == pytest.approx(20 * np.log10(0.05), abs=0.2)
    assert level(sound, 1.7) - level(sound, 1.4) == pytest.approx(-25, abs=0.5)


def test_sfizz_picks_layers_turns_gains_and_sides(tmp_path: Path) -> None:
    low, high = tone(frequency(60)), tone(frequency(67))
    layers = one(
        Region(low, velocities=(1, 63), keys=(60, 60)),
        Region(high, velocities=(64, 127), keys=(60, 60)),
        Region(low, keys=(61, 61), root=61, turn=(1, 2)),
        Region(high, keys=(61, 61), root=61, turn=(2, 2)),
        Region(low, keys=(62, 62), root=62, gain_db=-9, velocity_gain=0.0),
        Region(low, keys=(63, 63), root=63, velocity_gain=0.5),
        Region(low, keys=(64, 64), root=64, velocity_gain=0.0, pan=-1.0),
        name="a = <strange> $name // of /* two\nlines",
    )
    write_kit(Kit("k", (layers,)), tmp_path / "kit.sfz")
    file = only_file(tmp_path / "kit.sfz")
    notes = {(k, v): played(file, k, v, 0.8, 1.0) for k, v in ((60, 63), (60, 64), (62, 64))}
    assert abs(cents_off(notes[60, 63][0, 4000:30000], frequency(60))) < 1
    assert abs(cents_off(notes[60, 64][0, 4000:30000], frequency(67))) < 1
    synth = sfizz(file)
    synth.render_note(60, 1, 0.05, 0.5)
    turns = [synth.render_note(61, 100, 0.8, 1.0)[0, 4000:30000] for _ in range(3)]
    for sound, key in zip(turns, (60, 67, 60), strict=True):
        assert abs(cents_off(sound, frequency(key))) < 1
    loud = [level(played(file, 63, v, 0.8, 1.0), 0.4, 0.4) for v in (127, 64)]
    half = 20 * np.log10(1 + 0.5 * ((64 / 127) ** 2 - 1))
    assert loud[1] - loud[0] == pytest.approx(half, abs=0.05)
    assert level(notes[62, 64], 0.4, 0.4) - loud[0] == pytest.approx(-9, abs=0.05)
    left, right = played(file, 64, 64, 0.8, 1.0)
    assert np.abs(right).max() < 1e-4 * np.abs(left).max()
    assert read_kit(file).instruments[0].name == "a strange name of two lines"


def test_sfizz_plays_one_shots_whole(tmp_path: Path) -> None:
    region = Region(tone(500, 0.5), (38, 38), root=38, key_cents=0, loop_mode="one_shot")
    write_kit(Kit("k", (one(region, bank=128),)), tmp_path / "kit.sfz")
    file = only_file(tmp_path / "kit.sfz")
    assert file.name == "128-000 thing.sfz"
    sound = played(file, 38, 127, 0.02, 1.0)
    assert level(sound, 0.45) == pytest.approx(level(sound, 0.1), abs=0.1)
    assert level(sound, 0.6) < -150


# What is read


def write_wave(path: Path, *, frames: int = 1000, channels: int = 1) -> None:
    ramp = np.linspace(-0.5, 0.5, frames * channels).reshape(frames, channels)
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, ramp, 22_050, subtype="PCM_24")


def regions_of(folder: Path, text: str) -> tuple[Region, ...]:
    if not (folder / "a.wav").exists():
        write_wave(folder / "a.wav")
    (folder / "one.sfz").write_text(text, encoding="utf-8")
    return read_kit(folder / "one.sfz").instruments[0].regions


def test_opcodes_are_inherited_and_reset(tmp_path: Path) -> None:
    text = """
    <global> volume=-6 ampeg_release=0.5
    <master> pan=50 lovel=10
    <group> key=40 tune=7
    <region> sample=a.wav
    <region> sample=a.wav pan=-100 lokey=38
    <group> transpose=-12
    <region> sample=a.wav key=d#5
    <master> hivel=99
    <region> sample=a.wav
    <global>
    <region> sample=a.wav
    """
    a, b, c, d, e = regions_of(tmp_path, text)
    assert (a.keys, a.root, a.tune, a.pan, a.velocities) == ((40, 40), 40, 7, 0.5, (10, 127))
    assert (a.gain_db, a.envelope.release) == (-6, pytest.approx(0.5 / FALL))
    assert (b.keys, b.pan) == ((38, 40), -1.0)
    assert (c.keys, c.root, c.tune, c.gain_db) == ((75, 75), 75, -1200, -6)
    assert (d.velocities, d.pan, d.keys, d.tune) == ((0, 99), 0.0, (0, 127), 0)
    assert (e.gain_db, e.velocities, e.root) == (0, (0, 127), 60)
    assert a.sample is e.sample


def test_regions_of_one_range_all_stay(tmp_path: Path) -> None:
    text = "<region> sample=a.wav key=36 <region> sample=a.wav key=36 <region>sample=a.wav key=38"
    assert [region.keys for region in regions_of(tmp_path, text)] == [(36, 36), (36, 36), (38, 38)]


def test_names_with_spaces_backslashes_and_comments(tmp_path: Path) -> None:
    write_wave(tmp_path / "my samples" / "A b (c) #1.wav")
    text = """// <region> sample=missing.wav
    <control> default_path=my samples\\
    /* <region> sample=missing.wav
    */ <region> sample=A b (c) #1.wav key=50 // sample=missing.wav
    pan=10 /* never closed <region> sample=missing.wav"""
    (region,) = regions_of(tmp_path, text)
    assert (region.keys, region.pan, region.sample.frames) == ((50, 50), 0.1, 1000)
    assert (region.sample.name, region.sample.rate) == ("A b (c) #1", 22_050)


def test_macros_and_includes(tmp_path: Path) -> None:
    (tmp_path / "parts").mkdir()
    (tmp_path / "parts" / "group.txt").write_text('<group> key=$KEY\n#include "parts/more.txt"')
    (tmp_path / "parts" / "more.txt").write_text("volume=-$KEYS")
    text = """#define $KEY 6
    #define $KEYS 12 #define $EXT wav
    #include "parts\\group.txt"
    <region> sample=a.$EXT lovel=$KEY5"""
    (region,) = regions_of(tmp_path, text)
    assert (region.keys, region.gain_db, region.velocities) == ((6, 6), -12, (65, 127))


def test_loops_include_their_end_and_may_come_from_the_file(tmp_path: Path) -> None:
    write_wave(tmp_path / "looped.wav")
    raw = (tmp_path / "looped.wav").read_bytes()
    smpl = struct.pack("<9I6I", 0, 0, 0, 53, 0, 0, 0, 1, 0, 0, 0, 100, 199, 0, 0)
    raw += b"smpl" + struct.pack("<I", len(smpl)) + smpl
    (tmp_path / "looped.wav").write_bytes(raw[:4] + struct.pack("<I", len(raw) - 8) + raw[8:])
    text = """<region> sample=looped.wav pitch_keycenter=sample
    <region> sample=looped.wav loop_mode=no_loop
    <region> sample=looped.wav loop_start=10 loop_end=5000 loop_mode=loop_sustain
    <region> sample=a.wav loop_mode=loop_continuous end=499
    <region> sample=a.wav
    <region> sample=a.wav loop_mode=one_shot offset=99999"""
    a, b, c, d, e, f = regions_of(tmp_path, text)
    assert (a.loop, a.loop_mode, a.root) == (Loop(100, 200), "continuous", 53)
    assert (b.loop_mode, b.root) == ("none", 60)
    assert (c.loop, c.loop_mode) == (Loop(10, 1000), "sustain")
    assert (d.loop, d.sample.frames) == (Loop(0, 500), 500)
    assert (e.loop, e.loop_mode) == (None, "none")
    assert (f.loop_mode, f.offset) == ("one_shot", 999)


def test_values_out_of_range_are_brought_into_it(tmp_path: Path) -> None:
    text = """<control> note_offset=1 octave_offset=-1
    <region> sample=a.wav lokey=-1 hikey=500 hivel=300 pan=999 amp_veltrack=-50 tune=99999999999
    ampeg_attack=1e9 ampeg_sustain=-3 volume=-999 pitch_keytrack=abc seq_length=3 seq_position=2
    amplitude=50 group=7 offby=8"""
    with pytest.warns(UserWarning, match="pitch_keytrack=abc"):
        (region,) = regions_of(tmp_path, text)
    assert (region.keys, region.velocities, region.pan) == ((0, 127), (0, 127), 1.0)
    assert (region.velocity_gain, region.tune, region.key_cents) == (0.0, 12_800, 100)
    assert (region.envelope.attack, region.envelope.sustain) == (1.0, 0.0)
    assert (region.gain_db, region.turn, region.group, region.off_by) == (-144, (2, 3), 7, 8)


def test_what_is_left_out_is_said_once(tmp_path: Path) -> None:
    text = """<curve> v000=1 <group> cutoff=500 <region> sample=a.wav cutoff=900 lfo01_freq=3
    <region> sample=a.wav trigger=release <region> sample=*sine <region> hikey=-1 sample=a.wav
    <region> sample=a.wav seq_length=1 seq_position=2 <region> sample=a.wav end=-1
    <region> sample=a.wav lovel=9 hivel=3 region_label=quiet"""
    with pytest.warns(UserWarning, match="left out") as caught:
        assert len(regions_of(tmp_path, text)) == 1
    (said,) = caught
    for thing in ("cutoff", "lfo01_freq", "trigger=release", "sample=*sine", "end=-1", "turn"):
        assert thing in str(said.message)
    assert "label" not in str(said.message)
    assert "no key sounds (2×)" in str(said.message)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("<region> sample=../secret.wav", "leads out of"),
        ("<region> sample=/etc/passwd", "absolute path"),
        ("<region> sample=C:\\a.wav", "absolute path"),
        ("<region> sample=link.wav", "leads out of"),
        ("<region> sample=gone.wav", "'gone.wav' is missing"),
        ("<region> sample=one.sfz", "not a sound"),
        ("<region> sample=six.wav", "6 channels; expected one or two"),
        ("<region> sample=" + "a" * 5000, "not a file name"),
        ('#include "../secret.txt"', "leads out of"),
        ('#include "one.sfz"', "includes deeper than"),
        ("<region> key=60", "no region that a key can play"),
        ("", "no region that a key can play"),
        ("#define $A " + "b" * 5000, "macro $A is longer"),
        ("<region>\0", "is not text"),
        ("<region> " * 50_002 + "sample=a.wav", "more than 50000 regions"),
        ("<a> " * 500_002, "more than 500000 headers"),
    ],
)
@pytest.mark.filterwarnings("ignore:.*left out")
def test_bad_instruments_are_refused(tmp_path: Path, text: str, message: str) -> None:
    home = tmp_path / "home"
    home.mkdir()
    write_wave(tmp_path / "secret.wav")
    write_wave(home / "six.wav", channels=6)
    (tmp_path / "secret.txt").write_text("<region> sample=a.wav")
    (home / "link.wav").symlink_to(tmp_path / "secret.wav")
    with pytest.raises(DataError) as caught:
        regions_of(home, text)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_includes_do_not_multiply(tmp_path: Path) -> None:
    for depth in range(12):
        line = f'#include "{depth + 1}.txt"\n'
        (tmp_path / f"{depth}.txt").write_text(line * 8)
    (tmp_path / "12.txt").write_text("<region> sample=a.wav")
    with pytest.raises(DataError, match="more than 500"):
        regions_of(tmp_path, '#include "0.txt"')


def test_macros_do_not_multiply(tmp_path: Path) -> None:
    long = "#define $A " + "b" * 999 + "\n" + ("$A" * 1000 + "\n") * 50
    with pytest.raises(DataError, match="more than 8 MiB of text"):
        regions_of(tmp_path, long)


# Folders


def test_a_kit_is_a_folder_with_an_instrument_in_each_file(tmp_path: Path) -> None:
    sample = tone(440, 0.1)
    kit = Kit(
        "kit",
        (
            one(Region(sample), program=24, name="Glass"),
            one(Region(sample, root=3), program=24, name="Glass"),
            one(Region(sample, key_cents=0), bank=128, name="日本"),
        ),
    )
    write_kit(kit, tmp_path / "my kit")
    assert sorted(p.relative_to(tmp_path).as_posix() for p in tmp_path.rglob("*.*")) == [
        "my kit/000-024 Glass-2.sfz",
        "my kit/000-024 Glass.sfz",
        "my kit/128-000 日本.sfz",
        "my kit/samples/tone.flac",
    ]
    back = read_kit(tmp_path / "my kit")
    assert back.name == "my kit"
    assert [(i.name, i.bank, i.program, i.pitched) for i in back.instruments] == [
        ("Glass", 0, 24, True),
        ("Glass", 0, 24, True),
        ("日本", 128, 0, False),
    ]
    assert len({id(i.regions[0].sample) for i in back.instruments}) == 1


def test_folders_are_replaced_only_when_they_are_kits(tmp_path: Path) -> None:
    target = tmp_path / "kit.sfz"
    write_kit(kit_of(Region(tone(440, 0.1))), target)
    with pytest.raises(OptionError, match="exists; choose"):
        write_kit(kit_of(Region(tone(440, 0.1))), target)
    write_kit(kit_of(Region(tone(440, 0.1), root=7)), target, force=True)
    assert read_kit(target).instruments[0].regions[0].root == 7
    (target / "notes.txt").write_text("mine")
    with pytest.raises(OptionError, match="more than an SFZ kit"):
        write_kit(kit_of(Region(tone(440, 0.1))), target, force=True)
    assert (target / "notes.txt").read_text() == "mine"
    with pytest.raises(OptionError, match="does not exist; make it first"):
        write_kit(kit_of(Region(tone(440, 0.1))), tmp_path / "no" / "kit.sfz")
    assert [each.name for each in tmp_path.iterdir()] == ["kit.sfz"]


def test_nothing_is_left_when_writing_fails(tmp_path: Path) -> None:
    fine, wrong = tone(440, 0.1), Sample(np.ones((1, 9), np.float32), 500_000, "fast")
    with pytest.raises(DataError, match="sample fast: 500000 Hz"):
        write_kit(kit_of(Region(fine), Region(wrong)), tmp_path / "kit")
    none = Sample(np.array([[0.0, np.nan]], np.float32), RATE, "none")
    for name in ("kit.sfz", "kit.sf2"):
        with pytest.raises(DataError, match="sample none holds NaN"):
            write_kit(kit_of(Region(none)), tmp_path / name)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("gone.sfz", None, "cannot be read"),
        ("text.txt", b"hello", "is not a kit"),
        ("empty.sf2", b"", "is not an SF2 file"),
        ("sound.wav", b"RIFF\0\0\0\0WAVE", "is not an SF2 file"),
    ],
)
def test_other_files_are_refused(
    tmp_path: Path, name: str, content: bytes | None, message: str
) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError, match=message):
        read_kit(tmp_path / name)
    with pytest.raises(DataError, match=r"\d files \*\.sfz"):
        read_kit(tmp_path)


def test_samples_beyond_full_scale_keep_their_loudness(tmp_path: Path) -> None:
    loud = tone(440, 0.1, peak=2.0)
    write_kit(kit_of(Region(loud)), tmp_path / "kit")
    (region,) = read_kit(tmp_path / "kit").instruments[0].regions
    heard = region.sample.samples * 10 ** (region.gain_db / 20)
    np.testing.assert_allclose(heard, loud.samples, atol=1e-6)


@pytest.mark.parametrize(
    ("text", "key"),
    [("c4", 60), ("C-1", 0), ("a#3", 58), ("bb3", 58), ("Gb9", 126), ("61", 61), ("x", None)],
)
def test_keys_have_names(text: str, key: int | None) -> None:
    assert key_number(text) == key


@pytest.mark.parametrize(
    ("text", "value"), [("-.5dB", -0.5), ("+3.", 3.0), ("1e9", 1.0), ("nan", None), ("", None)]
)
def test_numbers_are_read_as_far_as_they_go(text: str, value: float | None) -> None:
    assert number(text) == value
