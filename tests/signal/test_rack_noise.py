"""Noise that follows a sound: its power, its spectrum, its place in time."""

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from scipy import signal, stats

from sonolume.media.audio import Audio
from sonolume.signal.cues import measure_cues
from sonolume.signal.rack import Chain, process, render
from sonolume.signal.rack.noise import white

RATES = (8000, 44_100, 192_000)


def through(
    samples: NDArray[np.float64], rate: int, level: float, spread: float = 2000.0, start: int = 0
) -> NDArray[np.float64]:
    chain = Chain.of([("noise", {"level": level, "spread": spread})])
    sound = torch.from_numpy(np.atleast_2d(samples))[None]
    return process(sound, chain, rate, start)[0].numpy()


def added(after: NDArray[np.float64], before: NDArray[np.float64], level: float) -> NDArray:
    """What was added, at the level at which it was."""
    return after * np.sqrt(1 + 10 ** (level / 10)) - before


def test_the_source_is_uniform_and_white() -> None:
    found = white(0, 200_000).numpy()
    assert np.square(found).mean() == pytest.approx(1, abs=0.01)
    assert found.mean() == pytest.approx(0, abs=0.01)
    assert stats.kstest(found, stats.uniform(-np.sqrt(3), 2 * np.sqrt(3)).cdf).pvalue > 0.01
    # The autocorrelation of white noise is normal with a deviation of 1 / sqrt(n).
    lags = signal.correlate(found, found, method="fft")[len(found) : len(found) + 5000] / len(found)
    assert np.abs(lags).max() < 5 / np.sqrt(len(found))
    assert stats.kstest(lags * np.sqrt(len(found)), "norm").pvalue > 0.01


def test_the_source_is_told_by_numbers_alone() -> None:
    whole = white(-50, 1000)
    assert torch.equal(white(300, 200), whole[350:550])
    days = 3 * 24 * 3600 * 48_000
    assert not torch.equal(white(days, 100), white(0, 100))


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("level", [-30.0, -6.0, 6.0])
@pytest.mark.parametrize("spread", [100.0, 1000.0, 20_000.0])
def test_its_power_is_at_its_level(rate: int, level: float, spread: float) -> None:
    before = np.full((1, 2 * rate), 0.1)
    after = through(before, rate, level, spread)
    power = np.square(added(after, before, level)).mean() / 0.01
    # Noise of so narrow a band is few independent values, whose power is known less well.
    allowed = 0.9 if spread == 100 else 0.4
    assert 10 * np.log10(power) == pytest.approx(level, abs=allowed)
    assert 10 * np.log10(np.square(after).mean() / 0.01) == pytest.approx(0, abs=0.9)


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("spread", [200.0, 800.0])
def test_its_half_power_is_at_the_spread(rate: int, spread: float) -> None:
    before = np.full((1, 8 * rate), 0.1)
    noise = added(through(before, rate, 0.0, spread), before, 0.0)[0]
    hertz, power = signal.welch(noise, rate, nperseg=round(rate / 20), detrend=False)
    expected = np.exp(-np.log(2) * (hertz / spread) ** 2)
    heard = (hertz > 0) & (hertz <= 1.5 * spread)
    scale = power[heard].sum() / expected[heard].sum()
    ratio = 10 * np.log10(power[heard] / (scale * expected[heard]))
    assert np.abs(ratio).max() < 2.0
    assert np.abs(ratio).mean() < 0.6


def test_at_its_widest_it_is_white() -> None:
    before = np.full((1, 400_000), 0.1)
    noise = added(through(before, 44_100, 0.0, 20_000.0), before, 0.0)[0]
    _, power = signal.welch(noise, 44_100, nperseg=512)
    inner = 10 * np.log10(power[2:-2] / power[2:-2].mean())
    assert np.abs(inner).max() < 2.5
    assert signal.medfilt(inner, 51)[25:-25] == pytest.approx(0, abs=0.6)


@pytest.mark.parametrize("spread", [100.0, 3000.0])
def test_it_is_where_the_sound_is(spread: float) -> None:
    rate = 16_000
    time = np.arange(2 * rate) / rate
    before = 0.3 * np.sin(2 * np.pi * 2000 * time) * (time > 1)
    after = through(before, rate, 0.0, spread)[0]
    assert not after[:rate].any()
    hertz, power = signal.welch(after, rate, nperseg=1024)
    near = np.abs(hertz - 2000) < 3 * 100
    share = power[near].sum() / power.sum()
    assert (share > 0.99) == (spread == 100.0)


@pytest.mark.parametrize("rate", RATES)
def test_blocks_are_the_whole(rate: int) -> None:
    sound = np.random.default_rng(0).normal(0, 0.1, (2, 2 * rate)).astype("f4")
    chain = Chain.of([("noise", {"level": 0.0, "spread": 700.0})])
    whole = process(torch.from_numpy(sound)[None], chain, rate)[0].numpy()
    pieces = render(Audio(sound, rate), chain, block_seconds=0.13).samples
    assert np.abs(whole - pieces).max() < 1e-6
    again = render(Audio(sound, rate), chain, block_seconds=0.13).samples
    assert np.array_equal(again, pieces)


def test_noisiness_rises_with_the_level_and_width_stays() -> None:
    rate = 32_000
    time = np.arange(2 * rate) / rate
    tones = [sum(np.sin(2 * np.pi * f * n * time) / n for n in range(1, 9)) for f in (220, 277)]
    sound = torch.from_numpy(0.1 * np.stack(tones))[None].float()
    levels = (-24.0, -12.0, 0.0)
    heard = [
        measure_cues(process(sound, Chain.of([("noise", {"level": v})]), rate), rate)
        for v in levels
    ]
    before = measure_cues(sound, rate)
    noisiness = [float(each["noisiness"]) for each in (before, *heard)]
    assert np.diff(noisiness).min() > 1.0
    width = [float(h["width"]) for h in heard]
    assert width == pytest.approx([float(before["width"])] * 3, abs=0.3)


def test_mono_in_two_channels_stays_mono() -> None:
    sound = np.repeat(np.random.default_rng(1).normal(0, 0.1, (1, 4000)), 2, axis=0)
    after = through(sound, 16_000, 0.0)
    assert np.array_equal(after[0], after[1])
