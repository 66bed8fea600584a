"""Filters of the rack against SciPy's."""

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from scipy import signal

from sonolume.signal.rack import Chain, process
from sonolume.signal.rack.convolve import convolve, fft_size

RATE = 44_100


def through(
    chain: list[tuple[str, dict[str, float]]], samples: NDArray[np.float64], rate: int = RATE
) -> NDArray[np.float64]:
    steps = Chain.of(chain)
    return process(torch.from_numpy(samples)[None, None], steps, rate)[0, 0].numpy()


def noise(frames: int = 40_000, seed: int = 0) -> NDArray[np.float64]:
    return np.random.default_rng(seed).standard_normal(frames) * 0.1


def biquad(
    above: list[float], below: list[float], hertz: float, rate: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """SciPy's bilinear transform of coefficients of p², p, 1 with the corner at ``hertz``."""
    b, a = signal.bilinear(above, below, fs=0.5 / np.tan(np.pi * hertz / rate))
    return b, a


@pytest.mark.parametrize("rate", [8000, 44_100, 192_000])
@pytest.mark.parametrize("cutoff", [100.0, 997.0, 3000.0])
@pytest.mark.parametrize(("name", "kind"), [("low-pass", "lowpass"), ("high-pass", "highpass")])
def test_pass_filters_are_butterworth(name: str, kind: str, cutoff: float, rate: int) -> None:
    sections = signal.butter(2, cutoff, kind, fs=rate, output="sos")
    expected = signal.sosfilt(sections, noise())
    found = through([(name, {"cutoff": cutoff})], noise(), rate)
    assert np.abs(found - expected).max() < 1e-5 * np.abs(expected).max()


def test_resonance_is_the_gain_at_the_corner() -> None:
    impulse = np.zeros(32_768)
    impulse[0] = 1
    answer = through([("low-pass", {"cutoff": 2000.0, "resonance": 3.0})], impulse)
    assert abs(signal.freqz(answer, worN=[2000.0], fs=RATE)[1][0]) == pytest.approx(3, rel=1e-4)


@pytest.mark.parametrize("gain", [-15.0, -3.0, 6.0, 18.0])
def test_bells_are_the_cookbook_s(gain: float) -> None:
    a, q, hertz = 10 ** (gain / 40), 2.5, 1234.0
    b, c = biquad([1, a / q, 1], [1, 1 / (a * q), 1], hertz, RATE)
    told = {"mid_gain": gain, "mid_frequency": hertz, "mid_q": q}
    found = through([("equaliser", told)], noise())
    assert np.abs(found - signal.lfilter(b, c, noise())).max() < 1e-5


@pytest.mark.parametrize("gain", [-18.0, 5.0, 18.0])
def test_shelves_are_the_cookbook_s(gain: float) -> None:
    a = 10 ** (gain / 40)
    slope = np.sqrt(a) * np.sqrt(2)
    high = biquad([a * a, a * slope, a], [1, slope, a], 3000.0, RATE)
    found = through([("shelves", {"high_gain": gain, "high_frequency": 3000.0})], noise())
    assert np.abs(found - signal.lfilter(*high, noise())).max() < 1e-4
    low = biquad([a, a * slope, a * a], [a, slope, 1], 150.0, RATE)
    found = through([("shelves", {"low_gain": gain, "low_frequency": 150.0})], noise())
    assert np.abs(found - signal.lfilter(*low, noise())).max() < 1e-4


def test_tilt_takes_half_below_and_gives_half_above() -> None:
    impulse = np.zeros(32_768)
    impulse[100] = 1
    answer = through([("tilt", {"gain": 12.0, "pivot": 800.0})], impulse)
    magnitude = abs(signal.freqz(answer, worN=[1.0, 800.0, 21_500.0], fs=RATE)[1])
    assert 20 * np.log10(magnitude) == pytest.approx([-6, 0, 6], abs=0.05)


def test_filters_in_a_row_are_fused_without_a_difference() -> None:
    chain = [
        ("high-pass", {"cutoff": 150.0}),
        ("tilt", {"gain": -6.0}),
        ("equaliser", {"low_gain": 5.0, "high_gain": -8.0}),
        ("delay", {"mix": 0.4, "time": 0.05}),
        ("gain", {"level": 3.0}),
    ]
    one_by_one = noise()
    for step in chain:
        one_by_one = through([step], one_by_one)
    assert np.abs(through(chain, noise()) - one_by_one).max() < 1e-5


@pytest.mark.parametrize(
    ("frames", "memory"), [(1, 5), (500, 2000), (100_000, 700), (90_001, 9000)]
)
def test_block_convolution_is_convolution(frames: int, memory: int) -> None:
    samples, kernel = noise(frames), noise(memory, seed=1)
    spectrum = lambda size: torch.fft.rfft(torch.from_numpy(kernel), size)[None, None]  # noqa: E731
    found = convolve(torch.from_numpy(samples)[None, None], spectrum, memory)[0, 0].numpy()
    assert np.abs(found - signal.fftconvolve(samples, kernel)[:frames]).max() < 1e-9
    assert fft_size(frames, memory) >= min(frames, 32_768)
