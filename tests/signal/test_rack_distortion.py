"""Saturation and crush: harmonics, aliases, grids."""

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from sonolume.signal.rack import Chain, process
from sonolume.signal.rack.oversample import FACTOR, down, up

RATE = 48_000


def through(name: str, told: dict[str, float], samples: NDArray[np.float64]) -> NDArray[np.float64]:
    return process(torch.from_numpy(samples)[None, None], Chain.of([(name, told)]), RATE)[
        0, 0
    ].numpy()


def sine(hertz: float, level: float = 0.5, frames: int = RATE) -> NDArray[np.float64]:
    return level * np.sin(2 * np.pi * hertz * np.arange(frames) / RATE)


def spectrum(samples: NDArray[np.float64]) -> NDArray[np.float64]:
    """Amplitudes at whole hertz of one second, its ends cut off by a flat-sided window."""
    return np.abs(np.fft.rfft(samples)) * 2 / len(samples)


def test_oversampling_interpolates_and_comes_back() -> None:
    fine = up(torch.from_numpy(sine(3000.0))[None])[0].numpy()
    expected = 0.5 * np.sin(2 * np.pi * 3000 * np.arange(len(fine)) / RATE / FACTOR)
    assert np.abs(fine - expected)[500:-1000].max() < 1e-4
    back = down(torch.from_numpy(fine)[None], RATE)[0].numpy()
    assert np.abs(back - sine(3000.0))[500:-500].max() < 1e-4


@pytest.mark.parametrize("drive", [6.0, 20.0, 40.0])
def test_harmonics_are_those_of_the_curve(drive: float) -> None:
    k = np.sqrt(10 ** (drive / 10) - 1)
    turn = 2 * np.pi * np.arange(4096) / 4096
    curve = np.tanh(k * 0.5 * np.sin(turn)) * 0.25 / np.tanh(k * 0.25)
    expected = np.abs(np.fft.rfft(curve))[:12] * 2 / 4096
    found = spectrum(through("saturation", {"drive": drive}, sine(500.0)))[: 500 * 12 : 500]
    assert found == pytest.approx(expected, abs=1e-3)
    assert found[2::2].max() < 1e-3


def test_the_kept_level_is_kept() -> None:
    square = np.where(np.arange(RATE) // 800 % 2, 0.25, -0.25)
    driven = through("saturation", {"drive": 24.0}, square)
    assert np.abs(driven[400::800]) == pytest.approx(0.25, abs=1e-3)


def test_aliases_of_a_high_tone_stay_low() -> None:
    hertz = 7919
    driven = spectrum(through("saturation", {"drive": 20.0}, sine(hertz)))
    plain = np.tanh(np.sqrt(99) * sine(hertz)) * 0.25 / np.tanh(np.sqrt(99) * 0.25)
    harmonics = np.zeros(len(driven), bool)
    for k in range(1, 4):
        harmonics[max(0, k * hertz - 12) : k * hertz + 13] = True
    audible = ~harmonics
    audible[20_000:] = False
    clean, folded = (10 * np.log10((s[audible] ** 2).sum()) for s in (driven, spectrum(plain)))
    assert clean < folded - 15


@pytest.mark.parametrize("bits", [2.0, 5.0, 8.0, 12.0])
def test_bits_round_to_a_grid(bits: float) -> None:
    grid = 2 ** (1 - bits)
    ramp = np.linspace(-1, 1, 4001)
    assert through("crush", {"bits": bits}, ramp) == pytest.approx(np.round(ramp / grid) * grid)


@pytest.mark.parametrize("every", [2, 3, 7, 48])
def test_rates_hold_samples(every: int) -> None:
    sound = np.random.default_rng(0).uniform(-1, 1, 5000)
    held = through("crush", {"rate": RATE / every}, sound)
    expected = np.repeat(sound[::every], every)[: len(sound)]
    assert np.abs(held - expected).max() < 1e-4  # the converter has 16 bits


def test_gradients_pass_straight_through_rounding() -> None:
    sound = torch.linspace(-0.9, 0.9, 200, dtype=torch.float64)[None, None].requires_grad_()
    told = torch.tensor([4.0], dtype=torch.float64, requires_grad=True)
    crushed = process(sound, Chain.of([("crush", {"bits": told})]), RATE)
    (crushed - sound.detach()).square().mean().backward()
    assert torch.allclose(sound.grad, 2 * (crushed - sound).detach() / 200)
    assert float(told.grad) < 0  # more bits, less error


def test_a_lower_rate_is_known_to_be_duller() -> None:
    noise = torch.from_numpy(np.random.default_rng(1).standard_normal((1, 1, RATE // 2)))
    kept = torch.tensor([9000.0], dtype=torch.float64, requires_grad=True)
    held = process(noise, Chain.of([("crush", {"rate": kept})]), RATE)
    power = torch.fft.rfft(held[0, 0])[10_000:].abs().square().sum()
    power.backward()
    assert float(kept.grad) != 0
    assert torch.isfinite(kept.grad).all()
