"""Loudness against the recommendation, EBU Tech 3341 and pyloudnorm."""

import numpy as np
import pyloudnorm
import pytest
from numpy.typing import NDArray
from scipy.signal import sosfreqz

from sonolume.errors import MediaError
from sonolume.signal.loudness import LoudnessMeter, k_weighting, loudness

RATE = 48_000


def tones(*parts: tuple[float, float]) -> NDArray[np.float32]:
    """A stereo sine of 1 kHz: dBFS and seconds of each part."""
    level = np.concatenate([np.full(round(s * RATE), 10 ** (db / 20)) for db, s in parts])
    sine = level * np.sin(2 * np.pi * 1000 * np.arange(len(level)) / RATE)
    return np.stack([sine, sine]).astype("f4")


# EBU Tech 3341, table 1, cases 1 to 5: each must read within 0.1 LU.
@pytest.mark.parametrize(
    ("parts", "wanted"),
    [
        ([(-23, 20)], -23),
        ([(-33, 20)], -33),
        ([(-36, 10), (-23, 60), (-36, 10)], -23),
        ([(-72, 10), (-36, 10), (-23, 60), (-36, 10), (-72, 10)], -23),
        ([(-26, 20), (-20, 20.1), (-26, 20)], -23),
    ],
)
def test_tech_3341(parts: list[tuple[float, float]], wanted: float) -> None:
    assert loudness(tones(*parts), RATE) == pytest.approx(wanted, abs=0.1)


def test_momentary_and_short_term_of_a_steady_tone() -> None:
    meter = LoudnessMeter(RATE)
    meter.add(tones((-23, 5)))
    assert meter.momentary == pytest.approx(-23, abs=0.1)
    assert meter.short_term == pytest.approx(-23, abs=0.1)


def test_the_filters_are_those_of_the_recommendation() -> None:
    # BS.1770-4, tables 1 and 2, for 48 kHz.
    shelf, rumble = k_weighting(RATE)
    top, poles = [1.53512485958697, -2.69169618940638, 1.19839281085285], [1, -1.69065929318241]
    np.testing.assert_allclose(shelf, [*top, *poles, 0.73248077421585], rtol=1e-9)
    np.testing.assert_allclose(
        rumble, [1, -2, 1, 1, -1.99004745483398, 0.99007225036621], rtol=1e-9
    )


@pytest.mark.parametrize("rate", [16_000, 22_050, 44_100, 96_000])
def test_other_rates_weigh_alike(rate: int) -> None:
    hertz = np.array([60.0, 500.0, 1000.0, 3000.0])
    ours = np.abs(sosfreqz(k_weighting(rate), hertz, fs=rate)[1])
    theirs = np.abs(sosfreqz(k_weighting(RATE), hertz, fs=RATE)[1])
    np.testing.assert_allclose(20 * np.log10(ours / theirs), 0, atol=0.4)


@pytest.mark.parametrize("rate", [22_050, 44_100, 48_000])
@pytest.mark.parametrize("channels", [1, 2])
def test_pyloudnorm_agrees(rate: int, channels: int) -> None:
    rng = np.random.default_rng(rate)
    level = np.repeat(rng.uniform(0.001, 0.5, 20), rate // 2)
    noise = (level * rng.normal(size=(channels, len(level))) * 0.2).astype("f4")
    meter = pyloudnorm.Meter(rate, "DeMan")
    theirs = meter.integrated_loudness(noise.T.astype(float).squeeze())
    assert loudness(noise, rate) == pytest.approx(theirs, abs=0.02)


def test_blocks_measure_as_the_whole() -> None:
    noise = np.random.default_rng(0).normal(0, 0.1, (2, 3 * RATE)).astype("f4")
    meter = LoudnessMeter(RATE)
    for start in range(0, noise.shape[1], 7001):
        meter.add(noise[:, start : start + 7001])
    assert meter.integrated == pytest.approx(loudness(noise, RATE), abs=1e-6)


def test_silence_and_scraps_have_no_loudness() -> None:
    assert loudness(np.zeros((2, RATE), "f4"), RATE) == -np.inf
    assert loudness(np.ones((2, 100), "f4"), RATE) == -np.inf
    assert loudness(np.zeros((2, 0), "f4"), RATE) == -np.inf


def test_gain_is_added() -> None:
    noise = np.random.default_rng(0).normal(0, 0.1, (1, 2 * RATE)).astype("f4")
    assert loudness(noise / 2, RATE) - loudness(noise, RATE) == pytest.approx(-6.0206, abs=1e-3)


def test_more_channels_are_refused() -> None:
    with pytest.raises(MediaError, match="loudness of 6 channels; expected 1 or 2"):
        loudness(np.zeros((6, RATE), "f4"), RATE)
