"""Kits of strangers: what SF2 says that ours do not, and files that are damaged or hostile."""

from __future__ import annotations

import struct
import time
import tracemalloc
import warnings
from pathlib import Path

import numpy as np
import pytest
import soundfile
from tests.music.kit_makers import one, tone

from sonolume.errors import DataError
from sonolume.music.kit import Kit, Loop, Region
from sonolume.music.kits import read_kit, sf2_samples, write_kit
from sonolume.music.kits.sf2_format import (
    BAG,
    GENERATOR,
    HEADER,
    INSTRUMENT,
    LISTS,
    MODULATOR,
    PRESET,
    G,
)

Generators = list[tuple[int, int]]
Modulators = list[tuple[int, int, int, int, int]]
Zone = tuple[Generators, Modulators]

VELOCITY = (0x0502, G.ATTENUATION)


def chunk(name: bytes, body: bytes) -> bytes:
    return name + struct.pack("<I", len(body)) + body + b"\0" * (len(body) % 2)


def zone_lists(owners: list[list[Zone]], prefix: bytes) -> dict[bytes, bytes]:
    bags, generators, modulators = [], [], []
    for zones in owners:
        for own, changes in zones:
            bags.append((len(generators), len(modulators)))
            generators += [(number, amount & 0xFFFF) for number, amount in own]
            modulators += changes
    bags.append((len(generators), len(modulators)))
    return {
        prefix + b"bag": np.array(bags, BAG).tobytes(),
        prefix + b"mod": np.array([*modulators, (0,) * 5], MODULATOR).tobytes(),
        prefix + b"gen": np.array([*generators, (0, 0)], GENERATOR).tobytes(),
    }


def bank(
    presets: list[list[Zone]],
    instruments: list[list[Zone]],
    headers: list[tuple[object, ...]],
    *,
    frames: int = 1000,
    fine: bytes = b"",
) -> bytes:
    """An SF2 file from its parts, a ramp in its pool."""
    starts = np.cumsum([0, *map(len, presets)])
    rows = [(b"p", n, 0, int(starts[n]), 0, 0, 0) for n in range(len(presets) + 1)]
    inner = np.cumsum([0, *map(len, instruments)])
    names = [(b"i", int(at)) for at in inner]
    lists = {
        b"phdr": np.array(rows, PRESET).tobytes(),
        **zone_lists(presets, b"p"),
        b"inst": np.array(names, INSTRUMENT).tobytes(),
        **zone_lists(instruments, b"i"),
        b"shdr": np.array([*headers, (b"EOS", *(0,) * 9)], HEADER).tobytes(),
    }
    pool = (np.arange(frames) % 32768).astype("<i2").tobytes()
    sound = chunk(b"smpl", pool) + (chunk(b"sm24", fine) if fine else b"")
    body = chunk(b"LIST", b"INFO" + chunk(b"INAM", b"stranger\0\0"))
    body += chunk(b"LIST", b"sdta" + sound)
    body += chunk(b"LIST", b"pdta" + b"".join(chunk(name, lists[name]) for name in LISTS))
    return chunk(b"RIFF", b"sfbk" + body)


def header(start: int = 0, end: int = 500, *, link: int = 0, kind: int = 1) -> tuple[object, ...]:
    return (b"s\0junk", start, end, start + 100, start + 200, 22_050, 62, -5, link, kind)


def read(folder: Path, raw: bytes) -> Kit:
    (folder / "stranger.sf2").write_bytes(raw)
    return read_kit(folder / "stranger.sf2")


def keys(low: int, high: int) -> tuple[int, int]:
    return G.KEYS, low | high << 8


def test_zones_inherit_and_presets_add(tmp_path: Path) -> None:
    everywhere: Zone = ([(G.ATTENUATION, 100), (G.PAN, -250), (G.MODES, 1)], [])
    first: Zone = ([keys(0, 60), (G.PAN, 100), (G.FINE_TUNE, -30), (G.SAMPLE, 0)], [])
    second: Zone = (
        [keys(50, 90), (G.ROOT, 70), (G.LOOP_START, -20), (G.LOOP_END, 7), (G.SAMPLE, 0)],
        [(*VELOCITY, 0, 0, 0)],
    )
    added: Zone = ([(G.ATTENUATION, 50), (G.PAN, 1000), (G.COARSE_TUNE, 1)], [])
    preset: Zone = ([keys(40, 70), (G.RELEASE, 12000), (G.INSTRUMENT, 0)], [])
    kit = read(tmp_path, bank([[added, preset]], [[everywhere, first, second]], [header()]))
    a, b = kit.instruments[0].regions
    assert kit.name == "stranger"
    assert (a.keys, b.keys) == ((40, 60), (50, 70))
    assert (a.root, b.root) == (62, 70)
    assert (a.tune, b.tune) == (65, 95)
    assert (a.pan, b.pan) == (1.0, 1.0)
    assert (a.gain_db, a.velocity_gain, b.velocity_gain) == (pytest.approx(-6), 1.0, 0.0)
    assert (a.loop, b.loop, a.loop_mode) == (Loop(100, 200), Loop(80, 207), "continuous")
    assert a.envelope.release == 1.0
    assert (a.sample.name, a.sample.rate, a.sample is b.sample) == ("s", 22_050, True)


def test_fixed_keys_offsets_and_ends(tmp_path: Path) -> None:
    zone: Zone = ([(G.KEY, 64), (G.START, 10), (G.END, -100), (G.SAMPLE, 0)], [])
    kit = read(tmp_path, bank([[([(G.INSTRUMENT, 0)], [])]], [[zone]], [header()]))
    (region,) = kit.instruments[0].regions
    assert (region.key_cents, region.tune) == (0, 195)
    assert (region.offset, region.sample.frames) == (10, 400)
    assert not kit.instruments[0].pitched


def test_linked_samples_become_stereo(tmp_path: Path) -> None:
    left: Zone = ([(G.PAN, -500), (G.SAMPLE, 0)], [])
    right: Zone = ([(G.PAN, 500), (G.SAMPLE, 1)], [])
    pair = [header(0, 400, link=1, kind=4), header(500, 900, link=0, kind=2)]
    preset: list[Zone] = [([(G.INSTRUMENT, 0)], [])]
    for zones in ([left, right], [right, left]):
        (region,) = read(tmp_path, bank([preset], [zones], pair)).instruments[0].regions
        assert (region.pan, region.sample.samples.shape) == (0, (2, 400))
        assert (region.sample.samples[:, 0] * 32768).tolist() == [0, 500]
    apart = [left, ([keys(0, 9), *right[0]], [])]
    regions = read(tmp_path, bank([preset], [apart], pair)).instruments[0].regions
    assert [(r.pan, r.sample.samples.shape) for r in regions] == [(-1, (1, 400)), (1, (1, 400))]


def test_24_bit_samples_are_read(tmp_path: Path) -> None:
    preset: list[Zone] = [([(G.INSTRUMENT, 0)], [])]
    raw = bank([preset], [[([(G.SAMPLE, 0)], [])]], [header()], fine=b"\x40" * 1000)
    (region,) = read(tmp_path, raw).instruments[0].regions
    expected = (np.arange(500) + 0.25) / 32768
    np.testing.assert_array_equal(region.sample.samples[0], expected.astype(np.float32))


def test_unusable_samples_are_left_out_and_said(tmp_path: Path) -> None:
    headers = [header(), header(0, 5000), header(9, 9), header(kind=0x8001)]
    zones: list[Zone] = [([(G.SAMPLE, n)], []) for n in range(5)]
    preset: list[Zone] = [([(G.INSTRUMENT, 0)], []), ([(G.INSTRUMENT, 9)], [])]
    with pytest.warns(UserWarning, match=r"left out: a zone of p \(4×\)"):
        kit = read(tmp_path, bank([preset], [zones], headers))
    assert len(kit.instruments[0].regions) == 1


def test_regions_do_not_multiply(tmp_path: Path) -> None:
    zones: list[Zone] = [([(G.SAMPLE, 0)], [])] * 1000
    preset: list[Zone] = [([(G.INSTRUMENT, 0)], [])] * 1000
    with pytest.raises(DataError, match="more than 200000 regions"):
        read(tmp_path, bank([preset], [zones], [header()]))


def test_stereo_copies_do_not_multiply(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pair = [header(0, 400_000, link=1, kind=4), header(0, 400_000, link=0, kind=2)]
    zones: list[Zone] = [
        ([(G.PAN, 500 * sample), (G.END, -cut), (G.SAMPLE, sample)], [])
        for cut in range(20)
        for sample in (0, 1)
    ]
    preset: list[Zone] = [([(G.INSTRUMENT, 0)], [])]
    raw = bank([preset], [zones], pair, frames=400_000)
    assert len(read(tmp_path, raw).instruments[0].regions) == 20
    monkeypatch.setattr(sf2_samples, "MAX_STEREO", 2**20)
    with pytest.raises(DataError, match="stereo samples overlap"):
        read(tmp_path, raw)


def test_absurd_sizes_are_refused_before_memory_is_taken(tmp_path: Path) -> None:
    preset: list[Zone] = [([(G.INSTRUMENT, 0)], [])]
    raw = bank([preset], [[([(G.SAMPLE, 0)], [])]], [header()])
    for name in (b"LIST", b"smpl", b"shdr", b"igen", b"INAM"):
        at = raw.index(name) + 4
        huge = raw[:at] + struct.pack("<I", 0xFFFF_FFF0) + raw[at + 4 :]
        tracemalloc.start()
        with pytest.raises(DataError, match="ends beyond its file"):
            read(tmp_path, huge)
        assert tracemalloc.get_traced_memory()[1] < 2**20
        tracemalloc.stop()


def test_a_missing_list_and_lists_out_of_order(tmp_path: Path) -> None:
    preset: list[Zone] = [([(G.INSTRUMENT, 0)], [])]
    raw = bank([preset], [[([(G.SAMPLE, 0)], [])]], [header()])
    with pytest.raises(DataError, match="'imod' is missing"):
        read(tmp_path, raw.replace(b"imod", b"none"))
    with pytest.raises(DataError, match="'smpl'"):
        read(tmp_path, raw.replace(b"smpl", b"none"))
    at = raw.index(b"ibag") + 8
    with pytest.raises(DataError, match="out of order"):
        read(tmp_path, raw[:at] + b"\xff\xff" + raw[at + 2 :])
    with pytest.raises(DataError, match="nothing that can be played"):
        read(tmp_path, bank([[]], [[]], [header()]))


# Damage at random

NUMBERS = (b"\xff" * 4, b"\0" * 4, b"\xff\xff\xff\x7f", b"\0\0\0\x80", b"\xf0\xff\xff\xff")


def damaged(raw: bytes, rng: np.random.Generator) -> bytes:
    body = bytearray(raw)
    for _ in range(int(rng.integers(1, 12))):
        # Half of the damage goes where the structure is: the last 2 KiB of SF2, all of a text.
        low = max(0, len(body) - 2048) if rng.random() < 0.5 else 0
        at = int(rng.integers(low, max(low + 1, len(body))))
        kind = int(rng.integers(5))
        if kind == 0:
            body[at : at + 1] = bytes([int(rng.integers(256))])
        elif kind == 1:
            body[at : at + 4] = NUMBERS[int(rng.integers(len(NUMBERS)))]
        elif kind == 2:
            del body[at : at + int(rng.integers(1, 64))]
        elif kind == 3:
            body[at:at] = body[at // 2 : at // 2 + int(rng.integers(1, 64))]
        elif rng.random() < 0.2:
            del body[at:]
    return bytes(body)


def outcome(path: Path) -> str:
    """How reading ends; any exception but DataError fails the test."""
    said, kit = "", None
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*left out", category=UserWarning)
        try:
            kit = read_kit(path)
        except DataError as error:
            said = str(error)
    if kit is None:
        assert str(path.parent) in said
        assert "\n" not in said
        return "refused"
    assert all(instrument.regions for instrument in kit.instruments)
    return "read"


def small_kit() -> Kit:
    short = tone(440, 0.02)
    loop = Region(short, (0, 60), loop=Loop(20, 400), loop_mode="continuous", velocity_gain=0.5)
    hit = Region(short, (38, 38), root=38, key_cents=0, loop_mode="one_shot", group=1, off_by=1)
    return Kit("kit", (one(loop, Region(short, (61, 127))), one(hit, bank=128)))


def test_damaged_banks_are_read_or_refused(tmp_path: Path) -> None:
    write_kit(small_kit(), tmp_path / "good.sf2")
    raw = (tmp_path / "good.sf2").read_bytes()
    rng = np.random.default_rng(1)
    counts = {"read": 0, "refused": 0}
    started = time.process_time()
    for _ in range(700):
        (tmp_path / "bad.sf2").write_bytes(damaged(raw, rng))
        counts[outcome(tmp_path / "bad.sf2")] += 1
    assert time.process_time() - started < 60
    assert min(counts.values()) > 70


def test_damaged_instruments_are_read_or_refused(tmp_path: Path) -> None:
    write_kit(small_kit(), tmp_path / "kit")
    text = (tmp_path / "kit" / "000-000 thing.sfz").read_bytes()
    text += b'#define $A 60\n#include "more.txt"\n/* */ <group> key=$A // x\n'
    text += b"<region> sample=tone.flac\n"
    (tmp_path / "kit" / "more.txt").write_text("<group> pan=3 lokey=c#4\n")
    rng = np.random.default_rng(2)
    counts = {"read": 0, "refused": 0}
    started = time.process_time()
    for _ in range(700):
        (tmp_path / "kit" / "bad.sfz").write_bytes(damaged(text, rng))
        counts[outcome(tmp_path / "kit" / "bad.sfz")] += 1
    assert time.process_time() - started < 60
    assert min(counts.values()) > 70


def test_damaged_samples_are_read_or_refused(tmp_path: Path) -> None:
    soundfile.write(tmp_path / "good.wav", tone(440, 0.02).samples[0], 44_100)
    raw = (tmp_path / "good.wav").read_bytes()
    loop = struct.pack("<9I6I", 0, 0, 0, 53, 0, 0, 0, 1, 0, 0, 0, 100, 199, 0, 0)
    raw = raw[:36] + chunk(b"smpl", loop) + raw[36:]
    (tmp_path / "kit.sfz").write_text("<region> sample=bad.wav pitch_keycenter=sample")
    rng = np.random.default_rng(3)
    counts = {"read": 0, "refused": 0}
    for _ in range(150):
        head = damaged(raw[:120], rng) + raw[120:]
        (tmp_path / "bad.wav").write_bytes(head)
        counts[outcome(tmp_path / "kit.sfz")] += 1
    assert min(counts.values()) > 5
