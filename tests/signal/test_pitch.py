"""Pitch against synthesised truth."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from sonolume.errors import OptionError
from sonolume.signal.harmonics import octave_factors, refine
from sonolume.signal.pitch import PitchTrack, track_pitch
from sonolume.signal.tone import find_tone
from sonolume.signal.yin import candidates, frames_of, normalised_difference

RATE = 22050
Sound = NDArray[np.float32]


def tone(
    f0: float, *, seconds: float = 0.8, first: int = 1, last: int = 30, stiffness: float = 0.0
) -> Sound:
    """Partials of a saw, from ``first`` to ``last``, of a string with that inharmonicity."""
    time = np.arange(int(seconds * RATE)) / RATE
    total = np.zeros_like(time)
    for k in range(first, last + 1):
        f = k * f0 * np.sqrt(1 + stiffness * k * k)
        if f < 0.45 * RATE:
            total += np.sin(2 * np.pi * f * time + k) / k
    return (0.3 * total).astype(np.float32)


def cents(f: float | NDArray[np.float64], f0: float) -> NDArray[np.float64]:
    return np.asarray(1200 * np.log2(np.asarray(f) / f0))


def middle(track: PitchTrack) -> NDArray[np.float64]:
    """The track without its first and last 50 ms, where frames see the sound's ends."""
    return track.f0[5:-5]


@pytest.mark.parametrize("f0", [41.2, 55.0, 110.0, 220.5, 440.0, 987.0, 1900.0])
@pytest.mark.parametrize("last", [1, 30])
def test_tones_of_all_registers_are_tracked_without_octave_errors(f0: float, last: int) -> None:
    f = middle(track_pitch(tone(f0, last=last), RATE))
    assert not np.isnan(f).any()
    assert np.abs(cents(f, f0)).max() < 20


@pytest.mark.parametrize("f0", [55.0, 130.8, 440.0])
def test_a_missing_fundamental_is_heard(f0: float) -> None:
    assert np.abs(cents(middle(track_pitch(tone(f0, first=2), RATE)), f0)).max() < 20


def test_odd_harmonics_alone_keep_their_octave() -> None:
    sound = sum(tone(220.0, first=k, last=k) for k in range(1, 20, 2))
    assert np.abs(cents(middle(track_pitch(np.asarray(sound), RATE)), 220.0)).max() < 10


@pytest.mark.parametrize(("snr_db", "right"), [(20, 1.0), (6, 1.0)])
def test_noise_is_survived(snr_db: float, right: float) -> None:
    sound = tone(196.0)
    noise = np.random.default_rng(0).standard_normal(len(sound))
    sound = sound + (noise * sound.std() * 10 ** (-snr_db / 20)).astype(np.float32)
    f = middle(track_pitch(sound, RATE))
    assert (np.abs(cents(f, 196.0)) < 50).mean() >= right


def test_what_is_heard_in_louder_noise_is_right() -> None:
    sound = tone(220.0, seconds=2.0)
    noise = np.random.default_rng(6).standard_normal(len(sound)) * 0.6 * sound.std()
    f = middle(track_pitch(sound + noise.astype(np.float32), RATE))
    heard = ~np.isnan(f)
    assert heard.mean() > 0.5
    assert (np.abs(cents(f[heard], 220.0)) < 50).all()


def test_vibrato_is_followed() -> None:
    time = np.arange(RATE) / RATE
    depth = 50.0  # cents
    f = 440 * 2 ** (depth / 1200 * np.sin(2 * np.pi * 5 * time))
    sound = np.sin(2 * np.pi * np.cumsum(f) / RATE).astype(np.float32)
    track = track_pitch(sound, RATE)
    expected = np.interp(track.time, time, f)
    assert np.abs(cents(middle(track) / expected[5:-5], 1.0)).max() < 6


def test_noise_and_silence_are_unvoiced() -> None:
    noise = np.random.default_rng(1).standard_normal(RATE).astype(np.float32) * 0.1
    assert np.isnan(track_pitch(noise, RATE).f0).mean() > 0.95
    silent = track_pitch(np.zeros(RATE, np.float32), RATE)
    assert np.isnan(silent.f0).all()
    assert (silent.voiced == 0).all()


def test_one_sample_is_a_sound_too() -> None:
    assert (track_pitch(np.ones(1, np.float32), 44100).voiced < 0.1).all()


@pytest.mark.parametrize(("low", "high"), [(10, 100), (200, 100), (40, 9000)])
def test_ranges_are_checked(low: float, high: float) -> None:
    with pytest.raises(OptionError, match="expected 20 to 4000 Hz"):
        track_pitch(np.zeros(100, np.float32), RATE, lowest=low, highest=high)


def test_the_difference_function_is_yins_equation_8() -> None:
    sound = np.random.default_rng(2).standard_normal(300).astype(np.float32)
    longest, window = 40, 260
    got, _ = normalised_difference(sound[None], longest)
    raw = np.array(
        [((sound[:window] - sound[lag : lag + window]) ** 2).sum() for lag in range(longest + 1)]
    )
    expected = np.ones(longest + 1)
    for lag in range(1, longest + 1):
        expected[lag] = raw[lag] * lag / raw[1 : lag + 1].sum()
    np.testing.assert_allclose(got[0], expected, rtol=1e-6)


def test_candidates_are_the_limit_of_many_thresholds() -> None:
    """The sum over thresholds as the paper writes it, with 2,000 instead of 100."""
    from scipy.stats import beta

    sound = tone(150.0)[:1200] + 0.05 * np.random.default_rng(3).standard_normal(1200).astype("f4")
    difference, _ = normalised_difference(sound[None], 500)
    found = candidates(difference, 2)
    d = difference[0]
    lags = [lag for lag in range(2, 500) if d[lag] < d[lag - 1] and d[lag] <= d[lag + 1]]
    edges = np.linspace(0, 1, 2001)
    mass = np.diff(beta.cdf(edges, 2, 18))
    expected = dict.fromkeys(lags, 0.0)
    deepest = min(lags, key=lambda lag: d[lag])
    for threshold, weight in zip((edges[1:] + edges[:-1]) / 2, mass, strict=True):
        below = [lag for lag in lags if d[lag] < threshold]
        expected[below[0] if below else deepest] += weight if below else 0.01 * weight
    got = {round(period): p for period, p in zip(found.period, found.probability, strict=True)}
    for lag in lags:
        near = sum(p for period, p in got.items() if abs(period - lag) <= 1)
        assert near == pytest.approx(expected[lag], abs=5e-3)


def test_frames_are_centred() -> None:
    frames = frames_of(np.arange(100, dtype=np.float32), 10, 7)
    assert len(frames) == 100 // 7 + 1
    np.testing.assert_array_equal(frames[:, 5], np.arange(0, 100, 7))


@pytest.mark.parametrize(("wrong", "factor"), [(110.0, 2.0), (220.0, 1.0), (440.0, 0.5)])
def test_octaves_are_set_right_by_energy(wrong: float, factor: float) -> None:
    time = np.arange(10, 70) * 0.01
    got = octave_factors(tone(220.0), RATE, time, np.full(len(time), wrong))
    assert (got == factor).all()


@pytest.mark.parametrize("f0", [41.2, 98.1, 261.63, 880.0, 1975.5])
@pytest.mark.parametrize("first", [1, 2])
@pytest.mark.parametrize("off", [-15.0, 20.0])
def test_refinement_is_within_a_cent(f0: float, first: int, off: float) -> None:
    got = refine(tone(f0, first=first), RATE, f0 * 2 ** (off / 1200))
    assert abs(cents(got.f0, f0)) < 0.2


def test_refinement_knows_stiff_strings() -> None:
    stiffness = 4e-4
    got = refine(tone(110.0, stiffness=stiffness), RATE, 110.5)
    assert got.inharmonicity == pytest.approx(stiffness, rel=0.05)
    assert abs(cents(got.f0, 110 * np.sqrt(1 + stiffness))) < 0.2


def test_a_note_among_noise_is_found_where_it_is() -> None:
    noise = np.random.default_rng(4).standard_normal(2 * RATE).astype(np.float32) * 0.01
    noise[RATE // 2 : RATE // 2 + len(tone(330.0))] += tone(330.0)
    found = find_tone(noise, RATE)
    assert found is not None
    assert found.pitched
    assert abs(cents(found.f0, 330.0)) < 1
    assert found.start == pytest.approx(0.5, abs=0.05)
    assert found.end == pytest.approx(1.3, abs=0.05)


def test_noise_clicks_and_chirps_are_not_pitched() -> None:
    random = np.random.default_rng(5)
    time = np.arange(RATE) / RATE
    noise = random.standard_normal(RATE).astype(np.float32)
    click = noise * np.exp(-time * 200).astype(np.float32)
    chirp = np.sin(2 * np.pi * 200 * (2 ** (4 * time)) / (4 * np.log(2))).astype(np.float32)
    for sound in (noise, click, chirp):
        found = find_tone(sound, RATE)
        assert found is None or not found.pitched


@pytest.mark.slow
def test_agrees_with_librosa() -> None:
    import librosa

    sound = np.concatenate([tone(f) for f in (146.8, 220.0, 587.3)])
    expected, _, _ = librosa.pyin(
        sound, fmin=40, fmax=2000, sr=RATE, frame_length=2048, hop_length=220
    )
    got = track_pitch(sound, RATE).f0
    count = min(len(got), len(expected))
    both = ~np.isnan(got[:count]) & ~np.isnan(expected[:count])
    assert both.mean() > 0.85
    off = np.abs(cents(got[:count][both] / expected[:count][both], 1.0))
    assert (off < 30).mean() > 0.95
