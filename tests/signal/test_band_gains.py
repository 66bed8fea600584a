"""Gains over time and bands, against what they do to tones."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from sonolume.errors import OptionError
from sonolume.signal.band_gains import MOST_DECIBELS, apply_band_gains, band_centres

BANDS = 64


def tone(hertz: float, rate: int, seconds: float = 1.0) -> NDArray[np.float32]:
    time = np.arange(round(seconds * rate)) / rate
    return np.sin(2 * np.pi * hertz * time).astype(np.float32)[None]


def decibels(after: NDArray[np.float32], before: NDArray[np.float32]) -> float:
    return float(10 * np.log10(np.square(after).mean() / np.square(before).mean()))


@given(st.integers(1, 9000), st.sampled_from([8000, 16_000, 22_050, 44_100]), st.integers(1, 3))
def test_no_gain_is_the_sound_itself(frames: int, rate: int, channels: int) -> None:
    noise = np.random.default_rng(frames).standard_normal((channels, frames)).astype(np.float32)
    same = apply_band_gains(noise, rate, np.zeros((BANDS, 7), np.float32))
    np.testing.assert_allclose(same, noise, atol=2e-6)


@pytest.mark.parametrize("rate", [8000, 44_100])
@pytest.mark.parametrize("seconds", [0.3, 21.3])
def test_one_gain_is_a_factor_across_blocks(rate: int, seconds: float) -> None:
    noise = np.random.default_rng(0).standard_normal((2, round(seconds * rate)))
    made = apply_band_gains(noise.astype(np.float32), rate, np.full((BANDS, 3), -6.0, np.float32))
    np.testing.assert_allclose(made, noise * 10**-0.3, atol=1e-5)


@pytest.mark.parametrize("rate", [16_000, 48_000])
@pytest.mark.parametrize("band", [12, 40, 60])
def test_a_tone_takes_the_gain_of_its_band(rate: int, band: int) -> None:
    gains = np.linspace(-20, 20, BANDS, dtype=np.float32)[:, None]
    before = tone(band_centres()[band], rate)
    after = apply_band_gains(before, rate, gains)
    assert decibels(after, before) == pytest.approx(float(gains[band, 0]), abs=0.5)


def test_what_is_above_follows_the_highest_band() -> None:
    gains = np.zeros((BANDS, 1), np.float32)
    gains[-1] = -12
    before = tone(15_000, 44_100)
    assert decibels(apply_band_gains(before, 44_100, gains), before) == pytest.approx(-12, abs=0.1)


def test_gains_change_when_they_are_told_to() -> None:
    """A ramp of 24 dB in a second, over columns of 10 ms."""
    ramp = np.broadcast_to(np.linspace(0, -24, 101, dtype=np.float32), (BANDS, 101))
    before = tone(1000, 16_000)
    after = apply_band_gains(before, 16_000, ramp)
    for second in (0.25, 0.5, 0.75):
        part = slice(round((second - 0.02) * 16_000), round((second + 0.02) * 16_000))
        assert decibels(after[:, part], before[:, part]) == pytest.approx(-24 * second, abs=0.3)


def test_gains_are_limited() -> None:
    before = tone(1000, 16_000)
    after = apply_band_gains(before, 16_000, np.full((BANDS, 2), -300.0, np.float32))
    assert decibels(after, before) == pytest.approx(-MOST_DECIBELS, abs=0.01)


@pytest.mark.parametrize(
    "gains", [np.zeros(BANDS), np.zeros((63, 4)), np.zeros((BANDS, 0)), np.full((BANDS, 2), np.nan)]
)
def test_other_gains_are_refused(gains: NDArray[np.float64]) -> None:
    with pytest.raises(OptionError, match="gains"):
        apply_band_gains(tone(1000, 8000), 8000, gains.astype(np.float32))
