"""Instruments made of synthesised sounds whose pitch and decay are known."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from sonolume.errors import MediaError, OptionError
from sonolume.media.audio import Audio
from sonolume.music.instruments import InstrumentSettings, make_drums, make_instrument
from sonolume.music.instruments.drum_map import DRUMS
from sonolume.music.instruments.layers import dull
from sonolume.music.instruments.loops import Seam, bake, find_seam
from sonolume.music.instruments.roots import frequency_of, key_ranges, root_keys
from sonolume.music.kit import Instrument, Loop, Region
from sonolume.signal.clicks import click_energy
from sonolume.signal.descriptors import describe
from sonolume.signal.harmonics import refine

RATE = 32000
SOUNDS = Path(__file__).parents[2] / "examples" / "sounds"
QUICK = InstrumentSettings(span=8, turns=2, seconds=1.5)


def tone(f0: float, seconds: float = 1.2, decay: float = 0.0) -> NDArray[np.float32]:
    time = np.arange(int(seconds * RATE)) / RATE
    partials = [np.sin(2 * np.pi * k * f0 * time + k * k) / k for k in range(1, 20)]
    shape = np.exp(-decay * time) * np.minimum(1, time / 0.01)
    return (0.2 * np.sum(partials, axis=0) * shape).astype(np.float32)[None]


def burst(seconds: float, decay: float, seed: int = 0) -> NDArray[np.float32]:
    time = np.arange(int(seconds * RATE)) / RATE
    noise = np.random.default_rng(seed).standard_normal(len(time))
    return (0.2 * noise * np.exp(-decay * time)).astype(np.float32)[None]


def played(region: Region, seconds: float = 2.0) -> NDArray[np.float32]:
    """The region's sample as a player without interpolation reads it, looping."""
    samples, loop = region.sample.samples.mean(axis=0), region.loop
    if loop is None:
        return samples
    again = np.resize(samples[loop.start : loop.end], int(seconds * region.sample.rate))
    return np.concatenate([samples[: loop.end], again])


def loudest(instrument: Instrument) -> Iterable[Region]:
    return (r for r in instrument.regions if r.velocities[1] == 127 and r.turn[0] == 1)


def off(region: Region) -> float:
    target = frequency_of(region.root)
    sound = played(region)
    cut = sound[region.sample.rate // 10 :]
    return float(1200 * np.log2(refine(cut, region.sample.rate, target).f0 / target))


@pytest.fixture(scope="module")
def organ() -> Instrument:
    return make_instrument(Audio(tone(233.0), RATE), "organ", settings=QUICK)


def test_every_root_is_in_tune(organ: Instrument) -> None:
    assert organ.pitched
    assert max(abs(off(region) + region.tune) for region in loudest(organ)) < 3
    assert max(abs(off(region)) for region in loudest(organ)) < 3


def test_the_middle_is_the_recordings_key(organ: Instrument) -> None:
    # 233 Hz is A sharp 3, key 58.
    assert (organ.lowest, organ.highest) == (50, 66)
    roots = sorted({region.root for region in organ.regions})
    assert roots == [50, 54, 58, 62, 66]


def test_every_key_and_velocity_has_one_region_a_turn(organ: Instrument) -> None:
    for key in range(organ.lowest, organ.highest + 1):
        for velocity in (1, 79, 80, 127):
            found = [
                r
                for r in organ.regions
                if r.keys[0] <= key <= r.keys[1] and r.velocities[0] <= velocity <= r.velocities[1]
            ]
            assert sorted(r.turn for r in found) == [(1, 2), (2, 2)]


def test_turns_share_their_sample_and_differ_a_little(organ: Instrument) -> None:
    first, second = (r for r in organ.regions if r.root == 58 and r.velocities[1] == 127)
    assert first.sample is second.sample
    assert 0 < abs(first.tune - second.tune) < 2
    assert 0 < second.offset <= 0.001 * first.sample.rate


def test_softer_layers_are_duller(organ: Instrument) -> None:
    soft, loud = (
        describe(r.sample.samples, r.sample.rate).brightness
        for r in organ.regions
        if r.root == 58 and r.turn[0] == 1
    )
    assert soft < 0.9 * loud


def test_held_sounds_loop_without_a_click(organ: Instrument) -> None:
    for region in loudest(organ):
        assert region.loop is not None
        assert region.loop_mode == "continuous"
        assert region.loop.end - region.loop.start > 0.1 * region.sample.rate
        assert click_energy(played(region), region.sample.rate, [region.loop.end])[0] < 6
        tail = region.sample.samples[:, region.loop.end :]
        start = region.sample.samples[:, region.loop.start : region.loop.start + tail.shape[1]]
        np.testing.assert_array_equal(tail, start)


def test_dying_sounds_do_not_loop() -> None:
    made = make_instrument(Audio(tone(330.0, decay=8), RATE), "pluck", settings=QUICK)
    assert made.pitched
    assert all(region.loop is None for region in made.regions)
    assert max(abs(off(region) + region.tune) for region in loudest(made)) < 3


def test_cut_decays_loop_under_an_envelope_of_their_own_rate() -> None:
    # e^(-2t) loses 17.4 dB a second: the envelope needs 100 / 17.4 s to -100 dB.
    made = make_instrument(Audio(tone(220.0, decay=2), RATE), "cut", settings=QUICK)
    for region in loudest(made):
        assert region.loop is not None
        assert region.envelope.sustain == 0
        assert region.envelope.decay == pytest.approx(100 / 17.37, rel=0.1)
        loop = region.sample.samples[:, region.loop.start : region.loop.end]
        half = loop.shape[1] // 2
        assert loop[:, :half].std() == pytest.approx(loop[:, half:].std(), rel=0.1)


def test_a_fade_keeps_the_power_whatever_the_correlation() -> None:
    random = np.random.default_rng(0)
    noise = random.standard_normal((1, 60000)).astype(np.float32)
    baked = bake(noise, Seam(Loop(20000, 50000), 20000, 0.0))
    assert baked[:, 38000:42000].std() == pytest.approx(1, abs=0.05)
    sine = np.sin(2 * np.pi * np.arange(60000) / 100).astype(np.float32)[None]
    same = bake(sine, Seam(Loop(20000, 50000), 20000, 1.0))
    np.testing.assert_allclose(same[:, :50000], sine[:, :50000], atol=1e-5)


def test_seams_fit_the_period() -> None:
    period = 123.4
    sound = np.sin(2 * np.pi * np.arange(40000) / period).astype(np.float32)[None]
    seam = find_seam(sound, RATE, first=2000, last=38000, period=period)
    assert seam is not None
    cycles = (seam.loop.end - seam.loop.start) / period
    assert abs(cycles - round(cycles)) < 0.01
    assert seam.correlation > 0.999
    assert find_seam(sound, RATE, first=0, last=900, period=period) is None


def test_noise_becomes_drums_on_every_drum_key() -> None:
    strokes = np.concatenate([burst(0.4, 30, 1), burst(0.6, 12, 2)], axis=1)
    made = make_instrument(Audio(strokes, RATE), "noise")
    assert not made.pitched
    assert made.bank == 128
    assert {region.keys[0] for region in made.regions} == set(range(35, 83))
    for region in made.regions:
        assert region.loop_mode == "one_shot"
        assert region.key_cents == 0
        assert np.abs(region.sample.samples).max() == pytest.approx(10 ** (-3 / 20), rel=0.01)


def test_hats_choke_one_another() -> None:
    made = make_instrument(Audio(burst(0.5, 20), RATE), "noise")
    groups = {region.keys[0]: (region.group, region.off_by) for region in made.regions}
    assert groups[42] == groups[44] == groups[46] == (1, 1)
    assert groups[36] == (0, 0)


def test_strokes_play_the_drum_they_are_like() -> None:
    time = np.arange(int(0.5 * RATE)) / RATE
    thud = (0.4 * np.sin(2 * np.pi * 60 * time) * np.exp(-time * 14)).astype(np.float32)[None]
    hiss = np.diff(burst(0.25, 50), prepend=0).astype(np.float32)
    made = make_drums([Audio(hiss, RATE), Audio(thud, RATE)], "two")
    bright = {
        r.keys[0]: describe(r.sample.samples, r.sample.rate).brightness
        for r in made.regions
        if r.turn[0] == 1
    }
    assert bright[36] < 300
    assert bright[42] > 5000
    assert {key for drum in DRUMS for key in drum.keys} == set(bright)


def test_noise_resonates_in_tune() -> None:
    settings = InstrumentSettings(span=12, resonate=True, turns=1, layers=1, seconds=2.5)
    made = make_instrument(Audio(burst(2.0, 0.0), RATE), "rain", settings=settings)
    assert made.pitched
    assert max(abs(off(region) + region.tune) for region in loudest(made)) < 3


def test_six_instruments_stay_under_a_hundred_megabytes() -> None:
    wide = np.concatenate([tone(220.0, 3.0), tone(220.5, 3.0)])
    settings = InstrumentSettings(layers=3, seconds=10)
    made = make_instrument(Audio(wide, RATE), "wide", settings=settings)
    held = {id(r.sample): r.sample.samples.nbytes for r in made.regions}
    assert sum(held.values()) < 100e6 / 6


@pytest.mark.parametrize("channels", [1, 2, 6])
@pytest.mark.parametrize("rate", [8000, 96000])
def test_any_rate_and_channels(channels: int, rate: int) -> None:
    time = np.arange(rate // 2) / rate
    sound = np.tile(0.3 * np.sin(2 * np.pi * 440 * time), (channels, 1)).astype(np.float32)
    settings = InstrumentSettings(span=0, layers=1, turns=1)
    made = make_instrument(Audio(sound, rate), "sine", settings=settings)
    assert made.pitched
    assert made.regions[0].sample.rate == 44100
    assert made.regions[0].root == 69


def test_opposite_channels_do_not_cancel() -> None:
    sound = np.concatenate([tone(220.0), -tone(220.0)])
    settings = InstrumentSettings(span=0, layers=1, turns=1)
    made = make_instrument(Audio(sound, RATE), "wide", settings=settings)
    assert np.abs(made.regions[0].sample.samples).max() > 0.5


def test_silence_makes_no_instrument() -> None:
    for level in (0.0, 0.5):
        with pytest.raises(MediaError, match="the sound is silent"):
            make_instrument(Audio(np.full((1, 9000), level, np.float32), RATE), "none")


def test_short_and_long_sounds() -> None:
    short = make_instrument(Audio(burst(0.05, 10), RATE), "tick")
    assert not short.pitched
    long = np.zeros((1, 600 * 1000), np.float32)
    long[:, 400_000:400_500] = 0.5 * np.sin(2 * np.pi * 0.2 * np.arange(500))
    made = make_instrument(Audio(long, 1000), "far", settings=InstrumentSettings(span=0))
    assert made.regions[0].sample.samples.any()


def test_instruments_are_the_same_each_time() -> None:
    one, two = (make_instrument(Audio(burst(0.5, 20), RATE), "noise") for _ in range(2))
    for a, b in zip(one.regions, two.regions, strict=True):
        np.testing.assert_array_equal(a.sample.samples, b.sample.samples)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"layers": 4}, "layers 4; expected 1 to 3"),
        ({"span": 99}, "span 99; expected 0 to 36"),
        ({"middle": 128}, "expected a key"),
        ({"drums": True, "resonate": True}, "choose one"),
    ],
)
def test_options_are_checked(options: dict[str, int], message: str) -> None:
    with pytest.raises(OptionError, match=message):
        InstrumentSettings(**options)


def test_drums_need_sounds() -> None:
    with pytest.raises(OptionError, match="at least one sound"):
        make_drums([], "none")


def test_ranges_meet_without_gaps() -> None:
    roots = root_keys(60, 18, 4)
    assert roots == [44, 48, 52, 56, 60, 64, 68, 72, 76]
    ranges = key_ranges(roots, 60, 18)
    assert ranges[0][0] == 42
    assert ranges[-1][1] == 78
    assert all(a[1] + 1 == b[0] for a, b in pairwise(ranges))


def test_dullness_is_a_butterworth_of_second_order() -> None:
    click = np.zeros((1, 4096), np.float32)
    click[0, 2048] = 1
    response = np.abs(np.fft.rfft(dull(click, RATE, 2000.0)[0]))
    frequency = np.fft.rfftfreq(4096, 1 / RATE)
    expected = 1 / np.sqrt(1 + (frequency / 2000) ** 4)
    np.testing.assert_allclose(response[20:], expected[20:], atol=0.02)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["rain", "thunder", "waves", "fire", "wind"])
def test_weather_has_no_pitch(name: str) -> None:
    assert not make_instrument(Audio.read(SOUNDS / f"{name}.flac"), name).pitched
