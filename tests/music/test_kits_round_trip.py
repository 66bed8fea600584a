"""What is written is read again, as far as each format can tell."""

from __future__ import annotations

import math
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from sonolume.music.kit import Envelope, Instrument, Kit, Loop, LoopMode, Region, Sample
from sonolume.music.kits import read_kit, write_kit
from sonolume.music.kits.sf2_format import velocity_amount, velocity_gain

MODES: tuple[LoopMode, ...] = ("none", "one_shot", "continuous", "sustain")
FEW = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@st.composite
def samples(draw: st.DrawFn) -> Sample:
    frames = draw(st.integers(100, 1000))
    noise = np.random.default_rng(frames).uniform(-1, 1, (draw(st.integers(1, 2)), frames))
    rate = draw(st.sampled_from((8_000, 22_050, 44_100, 48_000, 96_000)))
    return Sample(noise.astype(np.float32), rate, draw(st.text(max_size=30)))


def ranges(low: int, high: int) -> st.SearchStrategy[tuple[int, int]]:
    ends = st.tuples(st.integers(low, high), st.integers(low, high))
    return ends.map(lambda pair: (min(pair), max(pair)))


@st.composite
def regions(draw: st.DrawFn, pool: list[Sample]) -> Region:
    sample = draw(st.sampled_from(pool))
    mode = draw(st.sampled_from(MODES))
    loop = None
    if mode in ("continuous", "sustain"):
        start = draw(st.integers(8, 40))
        loop = Loop(start, draw(st.integers(start + 32, sample.frames - 8)))
    times = st.one_of(st.just(0.0), st.floats(0.002, 15))
    choke = draw(st.integers(0, 127))
    return Region(
        sample=sample,
        keys=draw(ranges(0, 127)),
        velocities=draw(ranges(1, 127)),
        root=draw(st.integers(0, 127)),
        tune=draw(st.floats(-1200, 1200)),
        key_cents=draw(st.sampled_from((100.0, 0.0, 50.0))),
        loop=loop,
        loop_mode=mode,
        envelope=Envelope(*(draw(times) for _ in range(4)), draw(st.floats(0, 1)), draw(times)),
        gain_db=draw(st.floats(-50, 0)),
        pan=draw(st.floats(-1, 1)),
        velocity_gain=draw(st.floats(0, 1)),
        group=choke,
        off_by=choke,
        offset=draw(st.integers(0, 50)),
    )


@st.composite
def kits(draw: st.DrawFn) -> Kit:
    pool = draw(st.lists(samples(), min_size=1, max_size=3))
    instruments = tuple(
        Instrument(
            draw(st.text(max_size=30)),
            tuple(draw(st.lists(regions(pool), min_size=1, max_size=4))),
            program=number,
            bank=draw(st.sampled_from((0, 128))),
        )
        for number in range(draw(st.integers(1, 3)))
    )
    return Kit("kit", instruments)


def pairs(kit: Kit, back: Kit) -> list[tuple[Region, Region]]:
    before = sorted(kit.instruments, key=lambda each: (each.bank, each.program))
    assert [(i.bank, i.program) for i in back.instruments] == [(i.bank, i.program) for i in before]
    return [
        pair
        for a, b in zip(before, back.instruments, strict=True)
        for pair in zip(a.regions, b.regions, strict=True)
    ]


def check_common(a: Region, b: Region) -> None:
    for name in ("keys", "velocities", "root", "key_cents", "loop", "loop_mode", "offset"):
        assert getattr(b, name) == getattr(a, name), name
    assert b.sample.rate == a.sample.rate


def _layered() -> Kit:
    """Regions of one stereo sample that say the same, but for the pan of one."""
    noise = np.random.default_rng(100).uniform(-1, 1, (2, 100)).astype(np.float32)
    shape = Envelope(1.0, 1.0, 1.0, 0.0, 0.0, 1.0)
    region = Region(
        Sample(noise, 8_000),
        keys=(0, 0),
        velocities=(1, 1),
        root=0,
        loop=Loop(8, 40),
        loop_mode="continuous",
        envelope=shape,
    )
    return Kit("kit", (Instrument("thing", (region, region, replace(region, pan=0.5))),))


@FEW
@example(_layered())
@given(kits())
def test_sf2(kit: Kit) -> None:
    with tempfile.TemporaryDirectory() as folder:
        write_kit(kit, Path(folder) / "kit.sf2")
        back = read_kit(Path(folder) / "kit.sf2")
    for a, b in pairs(kit, back):
        check_common(a, b)
        assert (b.group, b.off_by, b.turn) == (a.group, a.off_by, (1, 1))
        assert b.tune == pytest.approx(a.tune, abs=0.5)
        assert b.pan == pytest.approx(a.pan, abs=0.0011)
        assert b.gain_db == pytest.approx(a.gain_db, abs=0.021)
        assert b.velocity_gain == pytest.approx(
            velocity_gain(velocity_amount(a.velocity_gain)), abs=1e-9
        )
        assert b.velocity_gain == pytest.approx(a.velocity_gain, abs=2e-3)
        check_sf2_envelope(a, b)
        np.testing.assert_allclose(b.sample.samples, a.sample.samples, atol=1.01 / 32768)


def check_sf2_envelope(a: Region, b: Region) -> None:
    for name in ("delay", "attack", "hold", "decay"):
        assert getattr(b.envelope, name) == pytest.approx(getattr(a.envelope, name), rel=3e-4)
    if a.loop_mode != "one_shot":
        assert b.envelope.release == pytest.approx(a.envelope.release, rel=3e-4)
    level = max(a.envelope.sustain, 1e-5)
    heard = b.envelope.sustain
    assert heard == 0 if level < 1.005e-5 else abs(20 * math.log10(heard / level)) < 0.051


@FEW
@given(kits())
def test_sfz(kit: Kit) -> None:
    with tempfile.TemporaryDirectory() as folder:
        write_kit(kit, Path(folder) / "kit.sfz")
        back = read_kit(Path(folder) / "kit.sfz")
    before = sorted(kit.instruments, key=lambda each: (each.bank, each.program))
    for instrument, again in zip(before, back.instruments, strict=True):
        assert (again.bank, again.program) == (instrument.bank, instrument.program)
    for a, b in pairs(kit, back):
        check_common(a, b)
        assert (b.group, b.off_by, b.turn) == (a.group, a.off_by, a.turn)
        for name in ("tune", "gain_db", "pan", "velocity_gain"):
            assert getattr(b, name) == pytest.approx(getattr(a, name), abs=1e-6), name
        for name in ("delay", "attack", "hold", "decay", "sustain", "release"):
            old = getattr(a.envelope, name)
            assert getattr(b.envelope, name) == pytest.approx(old, abs=2e-6), name
        np.testing.assert_allclose(b.sample.samples, a.sample.samples, atol=1.3e-7)


def test_turns_and_choke_groups_survive_sfz(tmp_path: Path) -> None:
    sample = Sample(np.zeros((1, 50), np.float32), 44_100)
    given_regions = (
        Region(sample, turn=(2, 3), group=2**20, off_by=5),
        Region(sample, loop=Loop(0, 50), loop_mode="one_shot"),
    )
    write_kit(Kit("kit", (Instrument("a", given_regions),)), tmp_path / "kit")
    a, b = read_kit(tmp_path / "kit").instruments[0].regions
    assert (a.turn, a.group, a.off_by) == ((2, 3), 2**20, 5)
    assert (b.loop, b.loop_mode) == (Loop(0, 50), "one_shot")
