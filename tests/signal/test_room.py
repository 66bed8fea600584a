"""Equaliser, reverb and compressor against closed forms."""

import numpy as np
import pytest
from scipy.signal import butter, sosfilt, sosfreqz

from sonolume.signal.dynamics import Compressor
from sonolume.signal.equaliser import (
    band_limit,
    high_pass,
    high_shelf,
    impulse_response,
    low_pass,
    low_shelf,
    peak,
)
from sonolume.signal.reverb import room_response

RATE = 44_100


def decibels(section: object, hertz: float) -> float:
    return float(20 * np.log10(np.abs(sosfreqz(np.array([section]), [hertz], fs=RATE)[1][0])))


def test_passes_are_butterworth() -> None:
    for ours, kind in ((high_pass, "high"), (low_pass, "low")):
        theirs = butter(2, 700, kind, fs=RATE, output="sos")[0]
        np.testing.assert_allclose(ours(RATE, 700), theirs, rtol=1e-9, atol=1e-12)


def test_gains_are_where_they_should_be() -> None:
    assert decibels(peak(RATE, 1000, 4.0), 1000) == pytest.approx(4)
    assert decibels(peak(RATE, 1000, 4.0), 20) == pytest.approx(0, abs=0.02)
    for shelf, inside, outside in ((low_shelf, 5, 20_000), (high_shelf, 20_000, 5)):
        section = shelf(RATE, 500, -3.0)
        assert decibels(section, inside) == pytest.approx(-3, abs=0.05)
        assert decibels(section, 500) == pytest.approx(-1.5, abs=0.05)
        assert decibels(section, outside) == pytest.approx(0, abs=0.05)


def test_impulse_responses_filter() -> None:
    sections = [high_pass(RATE, 200), peak(RATE, 3000, 2)]
    noise = np.random.default_rng(0).normal(size=3000)
    ours = np.convolve(noise, impulse_response(sections, 3000))[:3000]
    np.testing.assert_allclose(ours, sosfilt(np.array(sections), noise), atol=1e-5)
    np.testing.assert_array_equal(impulse_response([], 3), [1, 0, 0])


def test_the_band_ends() -> None:
    response = np.abs(sosfreqz(np.array(band_limit()), [0.3, 0.42, 0.46, 0.49], fs=1.0)[1])
    np.testing.assert_allclose(20 * np.log10(response[:2]), 0, atol=0.11)
    assert (20 * np.log10(response[2:]) < -59).all()


@pytest.mark.parametrize("rate", [16_000, 44_100, 96_000])
@pytest.mark.parametrize("seconds", [0.3, 1.4, 4.0])
def test_rooms_have_unit_energy_and_their_time(rate: int, seconds: float) -> None:
    room = room_response(rate, seconds)
    np.testing.assert_allclose(np.square(room).sum(axis=1), 1, rtol=1e-5)
    assert abs(room.sum(axis=1)).max() < 0.2  # no gain at 0 Hz
    assert abs(np.corrcoef(room)[0, 1]) < 0.1
    # Schroeder 1965: the decay of the energy that is left, -5 to -25 dB, in the middle band.
    band = sosfilt(butter(4, (500, 1500), "band", fs=rate, output="sos"), room[0])
    left = 10 * np.log10(np.cumsum(np.square(band)[::-1])[::-1] / np.square(band).sum())
    first, last = np.argmax(left < -5), np.argmax(left < -25)
    assert 3 * (last - first) / rate == pytest.approx(seconds, rel=0.15)


def test_rooms_depend_on_their_seed_alone() -> None:
    np.testing.assert_array_equal(room_response(RATE), room_response(RATE))
    assert not np.array_equal(room_response(RATE), room_response(RATE, seed=1))


@pytest.mark.parametrize(("level", "wanted"), [(-40, 0), (-12, -4), (-2, -9)])
def test_the_compressor_follows_its_curve(level: float, wanted: float) -> None:
    # Threshold -20 dB, ratio 2: half of what is over; within the knee less.
    compressor = Compressor(RATE, -20.0, 2.0, knee=1.0)
    block = np.full((2, RATE), 10 ** (level / 20), "f4")
    assert 20 * np.log10(compressor.gain(block)[-1]) == pytest.approx(wanted, abs=0.01)


def test_the_compressor_goes_on_from_block_to_block() -> None:
    noise = np.random.default_rng(0).normal(0, 0.5, (2, 9000)).astype("f4")
    whole, parts = Compressor(RATE), Compressor(RATE)
    joined = np.concatenate([parts.gain(noise[:, k : k + 700]) for k in range(0, 9000, 700)])
    np.testing.assert_allclose(joined, whole.gain(noise), rtol=1e-6)
