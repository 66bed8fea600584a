"""Trim, descriptors, onsets, stretch, resonators, clicks against closed forms."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from sonolume.errors import OptionError
from sonolume.signal.clicks import click_energy
from sonolume.signal.descriptors import decay_rate, describe
from sonolume.signal.glide import flatten
from sonolume.signal.harmonics import refine
from sonolume.signal.onsets import hits, onsets
from sonolume.signal.resonator import resonate
from sonolume.signal.stretch import repitch, shift, stretch
from sonolume.signal.trim import centre, fade, levels, loudest_stretch, sounding, to_peak

RATE = 44100
TIME = np.arange(RATE) / RATE
Sound = NDArray[np.float32]


def note(f0: float = 220.0, decay: float = 1.0) -> Sound:
    """[1, RATE]: thirty partials that die away by e every 1 / ``decay`` s, after 3 ms of attack."""
    partials = np.array([np.sin(2 * np.pi * k * f0 * TIME + k * k) / k for k in range(1, 31)])
    sound = 0.3 * partials.sum(axis=0) * np.exp(-decay * TIME) * np.minimum(1, TIME / 0.003)
    return sound.astype(np.float32)[None]


def cents(f: float, f0: float) -> float:
    return float(1200 * np.log2(f / f0))


def test_trim_keeps_the_attack_and_drops_the_silence() -> None:
    sound = np.zeros((2, RATE), np.float32)
    sound[:, 20000:30000] = 0.5
    cut = sounding(sound, RATE)
    assert cut.start == 20000 - 88
    assert 30000 <= cut.stop <= 30000 + 2 * 220
    assert sounding(np.zeros((1, 50), np.float32), RATE) == slice(0, 50)


def test_centre_fade_and_peak() -> None:
    sound = centre(note() + 0.25)
    assert abs(float(sound.mean())) < 1e-6
    soft = fade(sound, RATE)
    assert soft[0, 0] == soft[0, -1] == 0
    np.testing.assert_array_equal(soft[:, 100:-1000], sound[:, 100:-1000])
    assert np.abs(to_peak(sound, -3.0)).max() == pytest.approx(10 ** (-3 / 20))
    assert not to_peak(np.zeros((1, 9), np.float32)).any()


def test_the_loudest_stretch_holds_the_loud_part() -> None:
    sound = np.full((1, 60 * 1000), 0.01, np.float32)
    sound[:, 41_000:44_000] = 0.5
    cut = loudest_stretch(sound, 1000, 10)
    assert cut.stop - cut.start == 10_000
    assert cut.start < 41_000
    assert cut.stop >= 44_000


def test_levels_are_rms() -> None:
    got = levels(note(decay=0), RATE, 0.1)
    expected = np.sqrt((note(decay=0)[0, :4410].astype(float) ** 2).mean())
    assert got[0] == pytest.approx(expected)


def test_brightness_is_the_centroid() -> None:
    sine = np.sin(2 * np.pi * 1000 * TIME).astype(np.float32)[None]
    assert describe(sine, RATE).brightness == pytest.approx(1000, rel=0.01)
    assert describe(sine, RATE).noisiness < 0.01
    # The geometric mean of exponential variables is exp(-0.5772) of their mean.
    noise = np.random.default_rng(0).standard_normal((1, RATE)).astype(np.float32)
    assert describe(noise, RATE).noisiness == pytest.approx(np.exp(-0.5772), abs=0.03)


@pytest.mark.parametrize("rate_db", [6.0, 30.0, 120.0])
def test_decay_is_exact_for_exponentials(rate_db: float) -> None:
    noise = np.sign(np.sin(2 * np.pi * 500 * TIME + 0.1))
    sound = (noise * 10 ** (-rate_db * TIME / 20)).astype(np.float32)[None]
    assert decay_rate(sound, RATE) == pytest.approx(rate_db, rel=0.02)
    assert decay_rate(sound[:, ::-1], RATE) == 0


def test_onsets_are_where_sounds_begin() -> None:
    starts = [4000, 13000, 31000]
    sound = np.zeros(RATE, np.float32)
    burst = np.random.default_rng(1).standard_normal(6000) * np.exp(-np.arange(6000) / 1000)
    for start in starts:
        sound[start : start + 6000] += (0.5 * burst).astype(np.float32)
    got = onsets(sound, RATE)
    assert len(got) == 3
    assert np.abs(got - starts).max() < 0.005 * RATE
    cuts = hits(sound[None], RATE)
    assert [cut.start + 88 for cut in cuts] == got.tolist()
    assert all(cut.stop <= start for cut, start in zip(cuts, starts[1:], strict=False))
    assert len(onsets(np.zeros(RATE, np.float32), RATE)) == 0


@pytest.mark.parametrize("semitones", [-16.0, -8.0, -1.5, 0.0, 1.0, 7.0, 16.0])
def test_shifts_are_in_tune_and_keep_their_length(semitones: float) -> None:
    moved = shift(note(), RATE, semitones)
    assert (
        abs(cents(refine(moved[0], RATE, 220 * 2 ** (semitones / 12)).f0, 220) - 100 * semitones)
        < 1
    )
    small = abs(semitones) <= 2
    expected = RATE / 2 ** (semitones / 12) if small else RATE
    assert moved.shape[1] == pytest.approx(expected, rel=0.12)


def test_shifts_have_no_bounds_beyond_reason() -> None:
    with pytest.raises(OptionError, match="expected -72 to 72"):
        shift(note(), RATE, float("nan"))


@pytest.mark.parametrize("factor", [0.5, 1.0, 2.5])
def test_stretching_leaves_the_attack_as_it_was(factor: float) -> None:
    sound = note()
    longer = stretch(sound, RATE, factor, attack=0.1)
    assert longer.shape[1] == 4410 + round((RATE - 4410) * factor)
    np.testing.assert_allclose(longer[:, :3300], sound[:, :3300], atol=1e-6)
    if factor == 1:
        np.testing.assert_allclose(longer[:, :-2048], sound[:, :-2048], atol=2e-3)
    assert click_energy(longer[0], RATE, [4410])[0] < 6


def test_repitching_up_does_not_alias() -> None:
    sine = np.sin(2 * np.pi * 15000 * TIME).astype(np.float32)[None]
    assert np.abs(repitch(sine, RATE, 2.0)[:, 2000:-2000]).max() < 1e-4


def test_a_glide_is_flattened_and_vibrato_stays() -> None:
    drift = 40 * (TIME - 0.5)
    f = 440 * 2 ** (drift / 1200)
    sound = np.sin(2 * np.pi * np.cumsum(f) / RATE).astype(np.float32)[None]
    even, moved = flatten(sound, RATE, 440.0)
    first, last = (
        refine(even[0][part], RATE, 440.0).f0 for part in (slice(4410, 13230), slice(-13230, -4410))
    )
    assert abs(cents(last, first)) < 4
    assert moved[-1] == pytest.approx(1.0, abs=0.02)


def test_resonators_ring_at_their_pitch_for_their_time() -> None:
    click = np.zeros(10, np.float32)
    click[0] = 1
    got = resonate(click, RATE, np.array([441.0]), np.array([0.5]), np.array([1.0]), seconds=1.0)
    assert abs(cents(refine(got[:20000], RATE, 440.0).f0, 441.0)) < 0.5
    assert decay_rate(got[None], RATE) == pytest.approx(120, rel=0.03)
    sine = np.sin(2 * np.pi * 441 * TIME).astype(np.float32)
    steady = resonate(sine, RATE, np.array([441.0]), np.array([0.2]), np.array([0.7]), seconds=1.0)
    assert np.abs(steady[-4410:]).max() == pytest.approx(0.7, rel=0.01)


def test_resonators_above_the_half_rate_are_refused() -> None:
    with pytest.raises(OptionError, match="resonators need frequencies"):
        resonate(
            np.ones(9, np.float32), 8000, np.array([4000.0]), np.ones(1), np.ones(1), seconds=1
        )


def test_a_click_is_told_from_music() -> None:
    clean = note(decay=0.5)[0]
    broken = np.concatenate([clean[:20011], clean[19900:40000]])
    assert click_energy(broken, RATE, [20011])[0] > 12
    assert click_energy(clean, RATE, [20011])[0] < 6
    assert click_energy(np.zeros(1000, np.float32), RATE, [500])[0] <= 0
