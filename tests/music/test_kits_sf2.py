"""SF2 banks of ours, by the letter of the format and as FluidSynth plays them."""

from __future__ import annotations

import struct
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from scipy import signal
from tests.music.kit_makers import (
    RATE,
    Sound,
    cents_off,
    fluidsynth,
    frequency,
    kit_of,
    level,
    needs_fluidsynth,
    one,
    tone,
    whole_loop,
)

from sonolume.errors import DataError, OptionError
from sonolume.music.kit import Envelope, Instrument, Kit, Loop, Region, Sample
from sonolume.music.kits import read_kit, write_kit
from sonolume.music.kits.sf2_format import velocity_amount, velocity_gain

LISTS = ("phdr", "pbag", "pmod", "pgen", "inst", "ibag", "imod", "igen", "shdr")
RECORD_BYTES = dict(zip(LISTS, (38, 4, 10, 4, 22, 4, 10, 4, 46), strict=True))


def chunks(raw: bytes) -> list[tuple[str, bytes]]:
    found, at = [], 0
    while at < len(raw):
        size = struct.unpack_from("<I", raw, at + 4)[0]
        found.append((raw[at : at + 4].decode(), raw[at + 8 : at + 8 + size]))
        at += 8 + size + size % 2
    assert at == len(raw)
    return found


def records(raw: bytes, size: int) -> list[bytes]:
    return [raw[at : at + size] for at in range(0, len(raw), size)]


def looped(key: int, cents: float = 0.0, **changes: object) -> Region:
    hertz = frequency(key + cents / 100)
    return Region(
        tone(hertz),
        root=key,
        tune=-cents,
        loop=whole_loop(hertz),
        loop_mode="continuous",
        **changes,  # type: ignore[arg-type]
    )


def test_the_file_follows_the_format(tmp_path: Path) -> None:
    odd = Sample(np.full((1, 333), 0.25, np.float32), 22_050, "odd name, much longer than 20")
    stereo = Sample(np.full((2, 501), -0.5, np.float32), RATE, "wide")
    near_ends = Region(odd, loop=Loop(0, 333), loop_mode="continuous", keys=(3, 9), pan=0.5)
    tiny = Region(odd, loop=Loop(100, 103), loop_mode="sustain", velocities=(1, 20), tune=-130)
    kit = Kit("Ö kit", (one(near_ends, tiny), one(Region(stereo, root=5), bank=128)))
    write_kit(kit, tmp_path / "kit.sf2")
    raw = (tmp_path / "kit.sf2").read_bytes()
    assert (raw[:4], raw[8:12]) == (b"RIFF", b"sfbk")
    assert struct.unpack_from("<I", raw, 4)[0] == len(raw) - 8
    outer = chunks(raw[12:])
    assert [(name, body[:4]) for name, body in outer] == [
        ("LIST", b"INFO"),
        ("LIST", b"sdta"),
        ("LIST", b"pdta"),
    ]
    info, sound, lists = (dict(chunks(body[4:])) for _, body in outer)
    assert struct.unpack("<HH", info["ifil"]) == (2, 4)
    assert info["INAM"] == b"O kit\0"
    assert list(lists) == list(RECORD_BYTES)
    for name, size in RECORD_BYTES.items():
        assert len(lists[name]) % size == 0
    assert records(lists["phdr"], 38)[-1].startswith(b"EOP\0")
    assert records(lists["inst"], 22)[-1].startswith(b"EOI\0")
    assert records(lists["shdr"], 46)[-1].startswith(b"EOS\0")
    assert [struct.unpack_from("<HH", r, 20) for r in records(lists["phdr"], 38)[:-1]] == [
        (0, 0),
        (0, 128),
    ]
    check_generators(lists["ibag"], lists["igen"])
    check_samples(sound["smpl"], lists["shdr"])


def check_generators(bags: bytes, generators: bytes) -> None:
    starts = [struct.unpack("<HH", bag)[0] for bag in records(bags, 4)]
    numbers = [struct.unpack("<HH", each)[0] for each in records(generators, 4)]
    zones = [numbers[a:b] for a, b in pairwise(starts)]
    playing = [zone for zone in zones if zone]
    assert len(playing) == 4
    for zone in playing:
        assert (zone[:2], zone[-1], len(set(zone))) == ([43, 44], 53, len(zone))


def check_samples(sound: bytes, headers: bytes) -> None:
    pool = np.frombuffer(sound, "<i2")
    fields = [struct.unpack("<20s5IBbHH", each) for each in records(headers, 46)[:-1]]
    assert [each[-1] for each in fields] == [1, 1, 4, 2]
    assert (fields[2][-2], fields[3][-2]) == (3, 2)
    ends = [each[1] for each in fields[1:]] + [len(pool)]
    for (_, start, end, begin, stop, *_), following in zip(fields, ends, strict=True):
        assert end - start >= 48
        assert following - end >= 46
        assert not pool[end:following].any()
        looped = begin != start
        assert not looped or (begin >= start + 8 and stop <= end - 8 and stop - begin >= 32)


def test_looped_samples_go_on_as_they_would(tmp_path: Path) -> None:
    """Loops moved or grown to the format's needs sound as the original ones, frame for frame."""
    ramp = Sample((np.arange(60) / 64)[None].astype(np.float32), RATE, "ramp")
    for loop in (Loop(0, 60), Loop(0, 5), Loop(3, 20), Loop(30, 58), Loop(59, 60)):
        region = Region(ramp, loop=loop, loop_mode="continuous")
        path = tmp_path / f"{loop.start}-{loop.end}.sf2"
        write_kit(kit_of(region), path)
        back = read_kit(path).instruments[0].regions[0]
        np.testing.assert_allclose(heard(back), heard(region), atol=1 / 32767)


def heard(region: Region, frames: int = 500) -> Sound:
    assert region.loop is not None
    index = np.arange(frames)
    start, end = region.loop.start, region.loop.end
    index = np.where(index < end, index, start + (index - start) % (end - start))
    return region.sample.samples[0, index].astype(np.float64)


@needs_fluidsynth
def test_fluidsynth_plays_every_key_in_tune(tmp_path: Path) -> None:
    spans = {36: (0, 42), 48: (43, 54), 60: (55, 66), 72: (67, 127)}
    cents = {36: -23.4, 48: 0.0, 60: 117.0, 72: 40.0}
    write_kit(
        kit_of(*(looped(k, cents[k], keys=span) for k, span in spans.items())),
        tmp_path / "kit.sf2",
    )
    keys = list(range(31, 97, 5))
    sound = fluidsynth(
        tmp_path / "kit.sf2", [(2 * i, 2 * i + 1.8, 0, k, 100) for i, k in enumerate(keys)]
    )
    parts = [
        sound[0, int((2 * i + 0.3) * RATE) : int((2 * i + 1.7) * RATE)] for i in range(len(keys))
    ]
    off = [cents_off(part, frequency(key)) for part, key in zip(parts, keys, strict=True)]
    assert np.abs(off).max() < 1.0


@needs_fluidsynth
def test_fluidsynth_loops_without_clicks(tmp_path: Path) -> None:
    write_kit(kit_of(looped(57)), tmp_path / "kit.sf2")
    sound = fluidsynth(tmp_path / "kit.sf2", [(0.0, 4.0, 0, 57, 127)])[0, RATE : 4 * RATE]
    high = signal.sosfilt(signal.butter(8, 4000, "high", fs=RATE, output="sos"), sound)
    assert np.abs(high[2000:]).max() < 1e-4 * np.abs(sound).max()
    assert level(sound, 2.9) == pytest.approx(level(sound, 0.1), abs=0.1)


@needs_fluidsynth
def test_fluidsynth_follows_the_envelope(tmp_path: Path) -> None:
    envelope = Envelope(delay=0.1, attack=0.2, hold=0.1, decay=1.0, sustain=0.05, release=0.8)
    write_kit(kit_of(looped(69, envelope=envelope)), tmp_path / "kit.sf2")
    sound = fluidsynth(tmp_path / "kit.sf2", [(0.0, 1.5, 0, 69, 127)])
    full = level(sound, 0.35)
    assert level(sound, 0.08) < full - 60
    assert level(sound, 0.2) - full == pytest.approx(-6.02, abs=0.5)
    assert level(sound, 0.5) - full == pytest.approx(-10, abs=1.0)
    # FluidSynth's envelopes span 96 dB where the format says 100.
    assert level(sound, 1.4) - full == pytest.approx(0.96 * 20 * np.log10(0.05), abs=0.2)
    assert level(sound, 1.7) - level(sound, 1.4) == pytest.approx(-25, abs=2.0)


@needs_fluidsynth
def test_fluidsynth_picks_velocity_layers_gains_and_sides(tmp_path: Path) -> None:
    soft, loud = tone(frequency(60)), tone(frequency(67))
    layers = one(Region(soft, velocities=(1, 63)), Region(loud, velocities=(64, 127)))
    quiet = one(Region(soft, gain_db=-9.0, pan=-1.0), program=1)
    wide = Sample(np.concatenate((soft.samples, loud.samples)), RATE, "wide")
    write_kit(Kit("kit", (layers, quiet, one(Region(wide), program=2))), tmp_path / "kit.sf2")
    events = [(0, 0.8, 0, 60, 63), (1, 1.8, 0, 60, 64), (2, 2.8, 1, 60, 64), (3, 3.8, 2, 60, 64)]
    sound = fluidsynth(tmp_path / "kit.sf2", events)
    at = [sound[:, int((i + 0.1) * RATE) : int((i + 0.7) * RATE)] for i in range(4)]
    assert abs(cents_off(at[0][0], frequency(60))) < 1
    assert abs(cents_off(at[1][0], frequency(67))) < 1
    # Hard left has the power of both sides in one.
    assert level(at[2], 0.3, 0.4) - level(at[1], 0.3, 0.4) == pytest.approx(-9, abs=0.1)
    assert np.abs(at[2][1]).max() < 1e-4
    assert abs(cents_off(at[3][0], frequency(60))) < 1
    assert abs(cents_off(at[3][1], frequency(67))) < 1


@needs_fluidsynth
def test_fluidsynth_weighs_velocity_as_regions_say(tmp_path: Path) -> None:
    sample = tone(frequency(60))
    gains = (0.0, 0.5, 1.0)
    kit = Kit(
        "k", tuple(one(Region(sample, velocity_gain=g), program=i) for i, g in enumerate(gains))
    )
    write_kit(kit, tmp_path / "kit.sf2")
    events = [
        (2.0 * i + (v < 127), 2 * i + 0.8 + (v < 127), i, 60, v)
        for i in range(3)
        for v in (127, 64)
    ]
    sound = fluidsynth(tmp_path / "kit.sf2", events)
    for i, amount in enumerate(gains):
        fall = level(sound, 2 * i + 1.5, 0.4) - level(sound, 2 * i + 0.5, 0.4)
        expected = 20 * np.log10(1 + amount * ((64 / 127) ** 2 - 1))
        assert fall == pytest.approx(expected, abs=0.05)


@needs_fluidsynth
def test_fluidsynth_plays_drums_whole_and_chokes_them(tmp_path: Path) -> None:
    hit = tone(700.0, 0.6)
    drums = one(
        Region(hit, (38, 38), root=38, key_cents=0, loop_mode="one_shot"),
        Region(hit, (46, 46), root=46, key_cents=0, loop_mode="one_shot", group=300, off_by=301),
        Region(hit, (42, 42), root=42, key_cents=0, loop_mode="one_shot", group=301, gain_db=-40),
        bank=128,
    )
    write_kit(Kit("kit", (drums,)), tmp_path / "kit.sf2")
    events = [
        (0, 0.01, 0, 38, 127),
        (1, 1.01, 0, 46, 127),
        (2, 2.01, 0, 46, 127),
        (2.2, 2.21, 0, 42, 127),
    ]
    sound = fluidsynth(tmp_path / "kit.sf2", events, drums=True)
    assert level(sound, 0.5) == pytest.approx(level(sound, 0.1), abs=4.5)
    assert level(sound, 1.5) > level(sound, 1.1) - 4.5
    assert level(sound, 2.5) < level(sound, 2.1) - 30
    assert level(sound, 0.8) < -100


def test_a_velocity_law_is_found_again() -> None:
    for gain in np.linspace(0, 1, 21):
        assert velocity_gain(velocity_amount(gain)) == pytest.approx(gain, abs=2e-3)
    assert (velocity_amount(1.0), velocity_amount(0.0)) == (960, 0)


def test_loud_regions_keep_their_balance(tmp_path: Path) -> None:
    """SF2 cannot amplify: what a sample has no room for is taken from the others."""
    quiet, full = tone(440, peak=0.25), tone(440, peak=1.0)
    regions = (
        Region(quiet, (0, 9), gain_db=6.0),
        Region(full, (10, 19), gain_db=3.0),
        Region(full, (20, 29), gain_db=-5.0),
    )
    write_kit(kit_of(*regions), tmp_path / "kit.sf2")
    back = read_kit(tmp_path / "kit.sf2").instruments[0].regions
    levels = [20 * np.log10(np.abs(r.sample.samples).max()) + r.gain_db for r in back]
    expected = [20 * np.log10(0.25) + 6 - 3, 0.0, -8.0]
    np.testing.assert_allclose(levels, expected, atol=0.03)


def test_only_the_first_turn_and_free_programs_are_written(tmp_path: Path) -> None:
    sample = tone(440, 0.1)
    turns = tuple(Region(sample, root=60 + n, turn=(n, 3)) for n in (1, 2, 3))
    kit = Kit("kit", (Instrument("a", turns, program=127), Instrument("a", turns, program=127)))
    write_kit(kit, tmp_path / "kit.sf2")
    back = read_kit(tmp_path / "kit.sf2")
    assert [(i.bank, i.program, len(i.regions)) for i in back.instruments] == [
        (0, 0, 1),
        (0, 127, 1),
    ]
    assert back.instruments[0].regions[0].root == 61
    late = Kit("late", (Instrument("late", turns[1:]),))
    with pytest.raises(DataError, match="no region takes the first turn"):
        write_kit(late, tmp_path / "late.sf2")
    assert not (tmp_path / "late.sf2").exists()


def test_what_cannot_be_written_is_said(tmp_path: Path) -> None:
    sample = tone(440, 0.1)
    kit = kit_of(Region(sample))
    write_kit(kit, tmp_path / "kit.sf2")
    with pytest.raises(OptionError, match="exists"):
        write_kit(kit, tmp_path / "kit.sf2")
    write_kit(kit, tmp_path / "kit.sf2", force=True)
    with pytest.raises(OptionError, match=r"use \.sf2 or \.sfz"):
        write_kit(kit, tmp_path / "kit.dls")
    with pytest.raises(DataError, match="no instruments"):
        write_kit(Kit("none", ()), tmp_path / "none.sf2")
    many = kit_of(*(Region(sample, root=n % 128, tune=1.0) for n in range(14_000)))
    with pytest.raises(DataError, match="use SFZ"):
        write_kit(many, tmp_path / "many.sf2")
    assert [each.name for each in tmp_path.iterdir()] == ["kit.sf2"]


def test_the_same_kit_gives_the_same_bytes(tmp_path: Path) -> None:
    for name in ("a.sf2", "b.sf2"):
        write_kit(kit_of(looped(60)), tmp_path / name)
    assert (tmp_path / "a.sf2").read_bytes() == (tmp_path / "b.sf2").read_bytes()
