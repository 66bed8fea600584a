"""True peaks and the limiter that keeps them below a ceiling."""

import numpy as np
import pytest
import soxr
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.signal import sosfiltfilt

from sonolume.signal.equaliser import band_limit
from sonolume.signal.limiter import Limiter, limit
from sonolume.signal.true_peak import true_peak

RATE = 44_100


def peak8(sound: NDArray[np.float32]) -> float:
    """dBTP by an independent resampler, eight times oversampled."""
    return float(20 * np.log10(np.abs(soxr.resample(sound.T, 1, 8, quality="VHQ")).max()))


def noise(seed: int, gain: float, frames: int = RATE) -> NDArray[np.float32]:
    rng = np.random.default_rng(seed)
    level = np.repeat(rng.uniform(0, gain, 20), -(-frames // 20))[:frames]
    flat = rng.normal(size=(2, frames)) * level
    return sosfiltfilt(np.array(band_limit()), flat).astype("f4")


@pytest.mark.parametrize("phase", [0, 45, 60, 67.5])
@pytest.mark.parametrize("share", [1 / 4, 1 / 6, 1 / 8, 0.41])
def test_sines_peak_at_their_amplitude(share: float, phase: float) -> None:
    # EBU Tech 3341, cases 15 to 19: within +0.2 and -0.4 dB of the amplitude. Faded in and out.
    frames = np.arange(8000)
    sine = 0.5 * np.sin(2 * np.pi * share * frames + np.deg2rad(phase)) * np.hanning(8000)
    assert true_peak(sine[None].astype("f4")) == pytest.approx(-6.02, abs=0.15)


def test_true_peaks_agree_with_a_resampler() -> None:
    sound = noise(0, 0.5)
    assert true_peak(sound) == pytest.approx(peak8(sound), abs=0.1)
    assert true_peak(np.zeros((2, 100), "f4")) == -np.inf


@settings(max_examples=12, deadline=None)
@given(seed=st.integers(0, 99), gain=st.floats(0.1, 8), ceiling=st.floats(-12, 0))
def test_the_ceiling_holds(seed: int, gain: float, ceiling: float) -> None:
    limited = limit(noise(seed, gain), RATE, ceiling)
    assert peak8(limited) <= ceiling + 1e-3
    assert limited.shape == (2, RATE)


def test_a_click_in_silence_is_limited_and_heard() -> None:
    click = np.zeros((1, RATE), "f4")
    click[0, 20_000] = 4
    click = sosfiltfilt(np.array(band_limit()), click).astype("f4")
    limited = limit(click, RATE)
    assert -1.3 < peak8(limited) <= -1


def test_quiet_sounds_come_back_as_they_are() -> None:
    sound = noise(1, 0.05)
    np.testing.assert_array_equal(limit(sound, RATE), sound)


def test_the_gain_is_smooth() -> None:
    sound = noise(2, 2.0)
    gain = limit(sound, RATE)[0] / sound[0]
    gain = gain[np.abs(sound[0]) > 0.01]
    # The steepest step averages the look-ahead of 4 ms.
    deepest = -20 * np.log10(gain.min())
    assert np.abs(np.diff(20 * np.log10(gain))).max() < 20 * deepest / (0.004 * RATE)


@pytest.mark.parametrize("block", [1, 100, 5000])
def test_blocks_are_limited_as_the_whole(block: int) -> None:
    sound = noise(3, 3.0, 6000)
    limiter = Limiter(RATE)
    parts = [limiter.process(sound[:, k : k + block]) for k in range(0, sound.shape[1], block)]
    streamed = np.concatenate([*parts, limiter.flush()], axis=1)
    np.testing.assert_allclose(streamed, limit(sound, RATE), atol=1e-6)


@pytest.mark.parametrize("frames", [0, 1, 5, 300])
def test_short_sounds(frames: int) -> None:
    sound = np.full((2, frames), 2.0, "f4")
    limited = limit(sound, RATE)
    assert limited.shape == sound.shape
    assert np.abs(limited).max(initial=0) < 10 ** (-1 / 20)
