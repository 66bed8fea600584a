"""Noise is turned down or up, tones stay, and gains of one give the sound back."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy import signal

from sonolume.signal.cues import measure_cues
from sonolume.signal.rack import Chain, process
from sonolume.signal.rack.contrast import wiener
from sonolume.signal.rack.overlap import OVERLAP, frame_size, with_gains

RATE = 22_050


def contrasted(samples: np.ndarray, depth: float = 2.0, start: int = 0) -> np.ndarray:
    sound = torch.from_numpy(np.atleast_2d(samples))[None]
    return process(sound, Chain.of([("contrast", {"depth": depth})]), RATE, start)[0].numpy()


def decibels(after: np.ndarray, before: np.ndarray) -> float:
    return float(10 * np.log10(np.square(after).mean() / np.square(before).mean()))


@pytest.mark.parametrize("start", [0, 1, 777, 10**9])
@pytest.mark.parametrize("frames", [1, 50, 3000])
def test_gains_of_one_give_the_sound(start: int, frames: int) -> None:
    sound = torch.randn(2, 3, frames, dtype=torch.float64, generator=torch.manual_seed(0))
    for size in (16, 64, frame_size(RATE, 0.01)):
        back = with_gains(sound, size, start, torch.ones_like)
        assert torch.allclose(back, sound, atol=1e-12)


def test_gains_are_those_of_scipys_overlap_add() -> None:
    """A gain that depends on frequency and frame, beside SciPy's short-time transform."""
    size, rng = 64, np.random.default_rng(0)
    sound = rng.standard_normal(900)
    window = np.sin(np.pi * (np.arange(size) + 0.5) / size)
    theirs = signal.ShortTimeFFT(window, size // OVERLAP, RATE, dual_win=window / (OVERLAP / 2))
    spectrum = theirs.stft(sound)
    hertz = np.arange(size // 2 + 1)[:, None]

    def shape(power: np.ndarray) -> np.ndarray:
        return power / (power + 1) * np.exp(-hertz / 20)

    expected = theirs.istft(spectrum * shape(np.abs(spectrum) ** 2), k1=900)
    ours = with_gains(
        torch.from_numpy(sound)[None, None], size, 0,
        lambda power: torch.from_numpy(shape(power[0].numpy().T).T)[None],
    )  # fmt: skip
    assert ours[0, 0].numpy() == pytest.approx(expected.real, abs=1e-9)


def test_the_gain_is_wieners() -> None:
    flat = wiener(torch.full((1, 1, 400), 3.0))
    assert torch.allclose(flat, torch.tensor(0.5), atol=1e-6)
    peak = torch.full((1, 1, 400), 1.0, dtype=torch.float64)
    peak[..., 200] = 1e4
    gain = wiener(peak)[0, 0]
    width = 2 * round(200 * (2 ** (1 / 3) - 1)) + 1
    mean = (1e4 + width - 1) / width
    assert float(gain[200]) == pytest.approx(1e4 / (1e4 + mean))
    assert float(gain[199]) == pytest.approx(1 / (1 + (1e4 + 102) / 103), rel=0.05)
    assert float(gain[20]) == pytest.approx(0.5)
    assert torch.equal(wiener(torch.zeros(1, 2, 9)), torch.ones(1, 2, 9))


def test_a_quiet_top_is_heard_beside_a_loud_low_end() -> None:
    power = torch.full((1, 1, 1000), 1e-8)
    power[..., :10] = 1e5
    assert torch.allclose(wiener(power)[..., 100:], torch.tensor(0.5), atol=1e-3)


@pytest.mark.parametrize("depth", [0.5, 1.0, 2.5])
def test_noise_goes_and_tones_stay(depth: float) -> None:
    rng, time = np.random.default_rng(2), np.arange(2 * RATE) / RATE
    noise = 0.1 * rng.standard_normal(len(time))
    tone = 0.1 * np.sin(2 * np.pi * 1000 * time)
    middle = slice(RATE // 4, -RATE // 4)
    lost = decibels(contrasted(noise, depth)[0, middle], noise[middle])
    # In noise the share P / (P + M) is near a half; large powers weigh most.
    assert -6.1 * depth < lost < -1.5 * depth
    kept = decibels(contrasted(tone, depth)[0, middle], tone[middle])
    assert -0.8 * depth < kept <= 0


def test_a_tone_comes_out_of_the_noise() -> None:
    rng, time = np.random.default_rng(2), np.arange(2 * RATE) / RATE
    tone = 0.1 * np.sin(2 * np.pi * 1000 * time)
    heard = tone + 0.1 * rng.standard_normal(len(time))
    after = contrasted(heard, 2.0)[0]
    gain = float(after @ tone / (tone @ tone))
    assert gain > 0.8
    assert decibels(after / gain - tone, heard - tone) < -6


def test_noisiness_falls_with_depth() -> None:
    sound = torch.randn(1, 1, 2 * RATE, generator=torch.manual_seed(1)) * 0.1
    heard = [
        float(measure_cues(process(sound, Chain.of([("contrast", {"depth": d})]), RATE), RATE)[
            "noisiness"
        ])
        for d in (-0.5, 0.0, 0.5, 1.5, 3.0)
    ]  # fmt: skip
    assert np.diff(heard).max() < -0.5


def test_the_least_contrast_fills_the_gaps() -> None:
    power = torch.rand(1, 4, 300, generator=torch.manual_seed(0)).double() ** 4
    filled = power * wiener(power) ** -1.0
    assert torch.allclose(filled, power / wiener(power))
    mean = power / wiener(power) - power
    assert float(mean.min()) > 0
    flatness = [float(p.log().mean() - p.mean().log()) for p in (power, filled)]
    assert flatness[1] > flatness[0] / 4


def test_channels_share_one_gain() -> None:
    rng = np.random.default_rng(3)
    left = 0.1 * rng.standard_normal(RATE)
    after = contrasted(np.stack([left, 0.5 * left]))
    assert after[1] == pytest.approx(0.5 * after[0], abs=1e-9)


def test_stretches_are_the_whole() -> None:
    sound = np.random.default_rng(4).standard_normal((1, RATE)) * 0.1
    size = frame_size(RATE, 0.064)
    whole = contrasted(sound)
    part = contrasted(sound[:, 5000:15_000], start=5000)
    assert part[:, size:-size] == pytest.approx(whole[:, 5000 + size : 15_000 - size], abs=1e-9)
