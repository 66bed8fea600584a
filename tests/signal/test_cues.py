"""Cues against closed forms, other meters, and the effects that move them."""

import math
from functools import cache

import numpy as np
import pyloudnorm
import pytest
import soxr
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from sonolume.signal.cues import CUES, measure_cues
from sonolume.signal.rack import Chain, process

RATE = 44_100
TIME = np.arange(2 * RATE) / RATE


def cues(samples: NDArray[np.float64], rate: int = RATE) -> dict[str, float]:
    sound = torch.from_numpy(np.atleast_2d(samples))[None]
    return {name: float(value) for name, value in measure_cues(sound, rate).items()}


def noise(seed: int = 0, frames: int = len(TIME)) -> NDArray[np.float64]:
    return np.random.default_rng(seed).standard_normal(frames) * 0.1


def tone(hertz: float, level: float = 0.3) -> NDArray[np.float64]:
    return level * np.sin(2 * np.pi * hertz * TIME)


@cache
def music(rate: int = RATE) -> NDArray[np.float64]:
    """Plucked chords, four a second, on both sides."""
    rng = np.random.default_rng(5)
    time = np.arange(2 * rate) / rate
    sound = np.zeros((2, len(time)))
    for start in np.arange(0, 1.8, 0.25):
        after = np.maximum(time - start, 0)
        for pitch in rng.choice([48, 52, 55, 60, 64], 3):
            hertz = 440 * 2 ** ((pitch - 69) / 12)
            body = sum(np.sin(2 * np.pi * k * hertz * after) / k**0.8 for k in range(1, 17))
            sound += 0.03 * rng.uniform(0.4, 1, (2, 1)) * body * np.exp(-after / 0.07)
    return sound


def test_there_is_a_cue_for_each_name() -> None:
    found = cues(noise())
    assert list(found) == list(CUES)
    assert all(name == cue.name and cue.step > 0 and cue.doc for name, cue in CUES.items())
    assert {cue.head for cue in CUES.values()} == {"timbre", "energy", "texture", "space"}


@pytest.mark.parametrize("hertz", [250.0, 1000.0, 4000.0])
def test_a_tone_is_where_it_is_and_pure(hertz: float) -> None:
    found = cues(tone(hertz))
    assert found["brightness"] == pytest.approx(math.log2(hertz / 1000), abs=0.02)
    assert found["richness"] < 0.1
    assert found["noisiness"] < -20
    assert found["dynamics"] == pytest.approx(0, abs=0.1)
    assert found["punch"] < 0.1
    assert found["roughness"] < -40


def test_two_tones_spread_by_half_their_distance() -> None:
    found = cues(tone(500.0) + tone(2000.0))
    assert found["richness"] == pytest.approx(1, abs=0.02)
    assert found["brightness"] == pytest.approx(math.log2(1.25), abs=0.02)


@pytest.mark.parametrize("ratio", [-12.0, 0.0, 9.0])
def test_warmth_is_low_against_high(ratio: float) -> None:
    found = cues(tone(200.0, 0.1 * 10 ** (ratio / 20)) + tone(2000.0, 0.1))
    assert found["warmth"] == pytest.approx(ratio, abs=0.05)


@pytest.mark.parametrize(("channels", "rate"), [(1, 22_050), (2, 44_100), (2, 48_000)])
def test_loudness_is_that_of_another_meter(rate: int, channels: int) -> None:
    level = np.repeat([0.02, 0.5, 0.1, 1e-4], rate)
    sound = np.stack([noise(seed, 4 * rate) * level for seed in range(channels)])
    expected = pyloudnorm.Meter(rate).integrated_loudness(sound.T)
    assert cues(sound, rate)["loudness"] == pytest.approx(expected, abs=0.25)


def test_white_noise_is_flat_by_euler_s_constant() -> None:
    expected = -10 * np.euler_gamma / math.log(10)
    assert cues(noise())["noisiness"] == pytest.approx(expected, abs=0.4)


def test_dynamics_is_the_distance_of_levels() -> None:
    steps = np.where(TIME // 0.5 % 2, 1.0, 0.1)
    assert cues(tone(1000.0) * steps)["dynamics"] == pytest.approx(20, abs=0.1)
    assert cues(tone(1000.0) * (TIME > 1))["dynamics"] == pytest.approx(60, abs=0.5)


def test_punch_is_the_slope_of_attacks() -> None:
    ramps = 10 ** (-(0.1 - TIME % 0.1) * 200 / 20)  # 20 dB in 100 ms, again and again
    assert cues(tone(1000.0) * ramps)["punch"] == pytest.approx(2, abs=0.1)


@pytest.mark.parametrize("depth", [0.25, 0.5, 1.0])
def test_roughness_is_the_power_of_modulation(depth: float) -> None:
    beating = tone(1000.0) * (1 + depth * np.sin(2 * np.pi * 40 * TIME)) / 2
    expected = 10 * math.log10(depth**2 / 2)
    # Windows of 12 ms smooth 40 Hz by about 2 dB.
    assert expected - 3 < cues(beating)["roughness"] < expected
    slow = tone(1000.0) * (1 + depth * np.sin(2 * np.pi * 6 * TIME)) / 2
    assert cues(slow)["roughness"] < cues(beating)["roughness"] - 15


@pytest.mark.parametrize("decay", [0.2, 0.5, 1.5])
def test_reverberation_is_the_decay_time_of_bursts(decay: float) -> None:
    since = TIME % 1.0
    bursts = noise() * 10 ** (-3 * since / decay)
    found = cues(bursts)["reverberation"]
    # Levels of noise tremble, which draws long and short decays towards each other.
    assert found == pytest.approx(10 * math.log10(decay), abs=2.2)


@pytest.mark.parametrize("share", [0.1, 0.5, 1.0])
def test_width_is_side_against_middle(share: float) -> None:
    middle, side = noise(1), share * noise(2)
    found = cues(np.stack([middle + side, middle - side]))["width"]
    assert found == pytest.approx(20 * math.log10(share), abs=0.5)


def test_mono_and_silence_have_no_width() -> None:
    for sound in (noise(), np.stack([noise(), noise()]), np.zeros((2, RATE))):
        assert cues(sound)["width"] == pytest.approx(-30, abs=0.1)


@pytest.mark.parametrize("rate", [32_000, 48_000, 192_000])
def test_cues_do_not_depend_on_the_rate(rate: int) -> None:
    sound = music()
    sound = sound + 0.02 * np.stack([noise(1), noise(2)])
    sound = soxr.resample(soxr.resample(sound.T, RATE, 20_000, quality="VHQ"), 20_000, RATE).T
    low, high = cues(sound), cues(soxr.resample(sound.T, RATE, rate, quality="VHQ").T, rate)
    for name, cue in CUES.items():
        assert high[name] == pytest.approx(low[name], abs=0.15 * cue.step), name


def test_only_loudness_hears_the_level() -> None:
    low, high = cues(music()), cues(4 * music())
    for name, cue in CUES.items():
        expected = 20 * math.log10(4) if name == "loudness" else 0.0
        assert high[name] - low[name] == pytest.approx(expected, abs=0.03 * cue.step), name


@cache
def cues_of_music() -> dict[str, float]:
    return cues(music())


MOVES = [
    ("low-pass", {"cutoff": 500.0}, "brightness", -1),
    ("tilt", {"gain": 9.0}, "brightness", 1),
    ("shelves", {"low_gain": 9.0}, "warmth", 1),
    ("high-pass", {"cutoff": 500.0}, "warmth", -1),
    ("low-pass", {"cutoff": 500.0}, "richness", -1),
    ("gain", {"level": 6.0}, "loudness", 1),
    ("compressor", {"ratio": 8.0, "threshold": -45.0, "release": 0.05}, "dynamics", -1),
    ("transients", {"attack": 12.0}, "punch", 1),
    ("transients", {"attack": -12.0}, "punch", -1),
    ("tremolo", {"depth": 0.8, "rate": 60.0}, "roughness", 1),
    ("crush", {"bits": 4.0}, "noisiness", 1),
    ("reverb", {"wet": 0.5, "decay": 2.5}, "reverberation", 1),
    ("transients", {"sustain": -12.0}, "reverberation", -1),
    ("width", {"spread": 0.7}, "width", 1),
    ("width", {"side": -12.0}, "width", -1),
]


@pytest.mark.parametrize(("effect", "told", "cue", "sign"), MOVES)
def test_effects_move_their_cues(effect: str, told: dict[str, float], cue: str, sign: int) -> None:
    sound = torch.from_numpy(music())[None]
    after = process(sound, Chain.of([(effect, told)]), RATE)
    change = float(measure_cues(after, RATE)[cue]) - cues_of_music()[cue]
    assert sign * change > 0.5 * CUES[cue].step


def test_gradients_lead_where_cues_grow() -> None:
    sound = torch.from_numpy(music()[:, : RATE // 2] + 0.01 * noise(3, RATE // 2))[None]
    sound.requires_grad_()
    before = measure_cues(sound, RATE)
    for name, value in before.items():
        (slope,) = torch.autograd.grad(value.sum(), sound, retain_graph=True)
        assert torch.isfinite(slope).all()
        small = 1e-4 * float(sound.detach().std() / slope.std())
        with torch.no_grad():
            grown = float(measure_cues(sound + small * slope, RATE)[name] - value)
        expected = small * float(slope.square().sum())
        assert grown == pytest.approx(expected, rel=0.3), name


def test_a_batch_is_its_sounds() -> None:
    sounds = torch.from_numpy(np.stack([music(), 0 * music(), np.stack([noise(1), noise(2)])]))
    together = measure_cues(sounds, RATE)
    for number, sound in enumerate(sounds):
        for name, value in measure_cues(sound[None], RATE).items():
            assert float(together[name][number]) == pytest.approx(float(value), abs=1e-6)


@settings(max_examples=40, deadline=None)
@given(
    frames=st.integers(1, 5000),
    channels=st.integers(1, 3),
    rate=st.sampled_from([1000, 8000, 44_100, 192_000]),
    level=st.sampled_from([0.0, 1e-20, 1e-6, 1.0, 1e4]),
    offset=st.sampled_from([0.0, 1.0]),
)
def test_any_sound_has_finite_cues_and_gradients(
    frames: int, channels: int, rate: int, level: float, offset: float
) -> None:
    rng = np.random.default_rng(frames)
    samples = (rng.standard_normal((1, channels, frames)) * level + offset).astype("f4")
    sound = torch.from_numpy(samples).requires_grad_()
    found = measure_cues(sound, rate)
    assert all(torch.isfinite(value).all() for value in found.values())
    torch.stack(list(found.values())).sum().backward()
    assert torch.isfinite(sound.grad).all()
