"""Reverb, delay, chorus, tremolo, width and gain against closed forms."""

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from scipy.signal import butter, sosfiltfilt

from sonolume.signal.rack import RACK, Chain, process
from sonolume.signal.rack.reverb import impulse_response

RATE = 44_100


def through(
    name: str, told: dict[str, float], samples: NDArray[np.float64], rate: int = RATE
) -> NDArray[np.float64]:
    sound = torch.from_numpy(np.atleast_2d(samples))[None]
    return process(sound, Chain.of([(name, told)]), rate)[0].numpy()


def click(frames: int, at: int = 0) -> NDArray[np.float64]:
    samples = np.zeros(frames)
    samples[at] = 1
    return samples


def decay_time(response: NDArray[np.float64], low: float, high: float, rate: int) -> float:
    """T60 in a band from the slope of Schroeder's backward integral between −5 and −30 dB."""
    band = sosfiltfilt(butter(4, [low, high], "band", fs=rate, output="sos"), response)
    left = np.cumsum(band[::-1] ** 2)[::-1]
    level = 10 * np.log10(left / left[0] + 1e-12)
    first, last = np.searchsorted(-level, [5, 30])
    return float(-60 / np.polyfit(np.arange(last - first) / rate, level[first:last], 1)[0])


def room(decay: float, damping: float, spread: float, rate: int = RATE) -> NDArray[np.float64]:
    told = (torch.tensor([v]).double() for v in (decay, damping, spread))
    return impulse_response(*told, rate)[0].numpy()


@pytest.mark.parametrize(
    ("decay", "rate"), [(0.4, 16_000), (4.0, 16_000), (1.5, 44_100), (0.5, 96_000)]
)
def test_rooms_decay_in_their_time(decay: float, rate: int) -> None:
    response = room(decay, 0.5, 0.0, rate)[0]
    assert decay_time(response, 250, 900, rate) == pytest.approx(decay, rel=0.1)
    assert (response**2).sum() == pytest.approx(1)
    # A band of an octave around 2.83 kHz: shorter by its frequency in kHz to the power of 0.5.
    assert decay_time(response, 2200, 3700, rate) == pytest.approx(decay / 2.83**0.5, rel=0.12)


def test_spread_parts_the_ears() -> None:
    for spread, alike in ((0.0, 1.0), (1.0, 0.0)):
        left, right = room(1.0, 0.3, spread)
        assert left @ right == pytest.approx(alike, abs=0.05)
        assert [left @ left, right @ right] == pytest.approx([1, 1])


@pytest.mark.parametrize("wet", [0.2, 0.5, 1.0])
def test_reverb_keeps_the_loudness_of_noise(wet: float) -> None:
    noise = np.random.default_rng(0).standard_normal(RATE * 4) * 0.1
    after = through("reverb", {"wet": wet, "decay": 0.5}, noise)[0, RATE:]
    assert after.std() / 0.1 == pytest.approx(1, abs=0.06)


def test_reverb_is_the_sound_and_its_room() -> None:
    answer = through("reverb", {"wet": 0.5, "decay": 0.3, "damping": 0.0}, click(RATE))[0]
    expected = np.zeros(RATE)
    response = room(0.3, 0.0, 0.0)[0]
    expected[: len(response)] = np.sin(np.pi / 4) * response
    expected[0] += np.cos(np.pi / 4)
    assert np.abs(answer - expected).max() < 1e-6


def test_mono_widens_only_when_asked() -> None:
    sound = np.random.default_rng(0).standard_normal((1, 9000)) * 0.1
    for told in ({"wet": 0.5}, {"wet": 0.0, "spread": 1.0}):
        assert through("reverb", told, sound).shape == (1, 9000)
    assert through("reverb", {"wet": 0.5, "spread": 0.4}, sound).shape == (2, 9000)
    assert through("width", {"side": 9.0}, sound) == pytest.approx(sound, abs=0)
    assert through("width", {"spread": 0.4}, sound).shape == (2, 9000)


def test_echoes_come_in_time_and_fade() -> None:
    seconds = 441 * 30 / RATE
    told = {"mix": 0.6, "time": seconds, "feedback": 0.5}
    answer = through("delay", told, click(60_000, at=100))[0]
    expected = click(60_000, at=100)
    for number in range(1, 5):
        expected[100 + number * 13_230 :][:1] = 0.6 * 0.5 ** (number - 1)
    # Echoes are shifted smoothly, so above 0.9 of half the rate they fade: 0.95 of a click is left.
    places = 100 + 13_230 * np.arange(1, 5)
    assert answer[places] == pytest.approx(expected[places], rel=0.16)
    low = sosfiltfilt(butter(8, 15_000, fs=RATE, output="sos"), np.stack([answer, expected]))
    assert np.abs(low[0] - low[1]).max() < 2e-3


def test_echoes_fall_between_samples() -> None:
    seconds = 1000.5 / RATE
    time = np.arange(RATE) / RATE
    tone = np.sin(2 * np.pi * 3000 * time)
    after = through("delay", {"mix": 1.0, "time": seconds, "feedback": 0.0}, tone)[0]
    expected = tone + np.sin(2 * np.pi * 3000 * (time - seconds))
    assert np.abs(after - expected)[3000:-10].max() < 1e-4


@pytest.mark.parametrize("channel", [0, 1])
def test_chorus_is_a_double_at_a_swinging_delay(channel: int) -> None:
    time = np.arange(RATE) / RATE
    tone = np.sin(2 * np.pi * 1500 * time)
    told = {"mix": 0.7, "rate": 1.3, "depth": 0.004}
    late = 0.006 + 0.004 * (1 + np.sin(2 * np.pi * (1.3 * time + channel / 4)))
    expected = (tone + 0.7 * np.sin(2 * np.pi * 1500 * (time - late))) / np.sqrt(1.49)
    after = through("chorus", told, np.stack([tone, tone]))[channel]
    assert np.abs(after - expected)[1000:].max() < 2e-3


@pytest.mark.parametrize("rate", [4.0, 70.0])
def test_tremolo_is_amplitude_modulation_of_equal_power(rate: float) -> None:
    time = np.arange(RATE) / RATE
    after = through("tremolo", {"depth": 0.8, "rate": rate}, np.full(RATE, 0.5))[0]
    expected = 0.5 * (1 + 0.8 * np.sin(2 * np.pi * rate * time)) / np.sqrt(1.32)
    assert np.abs(after - expected).max() < 1e-6
    assert (after**2).mean() == pytest.approx(0.25, rel=1e-3)


def test_width_moves_the_side_and_keeps_the_middle() -> None:
    sound = np.random.default_rng(3).standard_normal((2, 20_000)) * 0.1
    after = through("width", {"side": 6.0, "spread": 0.0}, sound)
    assert np.abs(after.mean(0) - sound.mean(0)).max() < 1e-7
    wider = 10**0.3 * (sound[0] - sound[1])
    assert np.abs(after[0] - after[1] - wider).max() < 1e-6


@pytest.mark.parametrize("rate", [8000, 44_100, 192_000])
def test_spread_adds_a_side_that_the_mono_sum_does_not_hear(rate: int) -> None:
    sound = np.random.default_rng(4).standard_normal((1, rate // 2)) * 0.1
    after = through("width", {"spread": 0.5}, sound, rate)
    assert np.abs(after.mean(0) - sound[0]).max() < 1e-6
    side = (after[0] - after[1])[rate // 20 :] / 2
    middle = sound[0, rate // 20 :]
    assert side.std() / middle.std() == pytest.approx(0.5, rel=0.05)
    assert abs(np.corrcoef(side, middle)[0, 1]) < 0.1


def test_gain_is_a_gain() -> None:
    sound = np.random.default_rng(5).standard_normal((3, 100))
    assert through("gain", {"level": -20.0}, sound) == pytest.approx(sound / 10)
    assert RACK["gain"].memory({}, RATE) == 0
