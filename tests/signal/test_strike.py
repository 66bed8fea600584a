"""Strike notes of bodies whose modes are known."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from sonolume.media.audio import Audio
from sonolume.music.instruments import make_instrument
from sonolume.music.sampler import render_track
from sonolume.music.score import Notes, Track
from sonolume.signal.modes import PLATE, free_bar, membrane
from sonolume.signal.strike import find_strike
from sonolume.signal.tone import find_tone

RATE = 44_100
Sound = NDArray[np.float32]
# Church bells, over the strike note: hum, prime, tierce, quint, nominal and what lies above
# (Fletcher and Rossing, table 21.1). Bars: closed form, and as in their table 2.1.
BELL = (0.5, 1.0, 1.2, 1.5, 2.0, 2.5, 2.667, 3.0, 4.0)
BAR = (1.0, 2.756, 5.404, 8.933)
GLASS = (1.0, 2.32, 4.25, 6.63)


def ring(
    ratios: tuple[float, ...],
    hertz: float,
    seconds: float = 2.5,
    *,
    fall: float = 2.0,
    slope: float = 0.5,
    uneven: float = 0.0,
) -> Sound:
    """Modes that die away, the higher the faster, after 1 ms of contact noise."""
    rng = np.random.default_rng(1)
    time = np.arange(round(seconds * RATE)) / RATE
    out = 0.2 * rng.standard_normal(len(time)) * np.exp(-time / 0.001)
    for ratio in ratios:
        place = hertz * ratio * (1 + (uneven * rng.uniform(-1, 1) if ratio != 1 else 0))
        if place < 0.45 * RATE:
            rate = fall * (0.5 + ratio)
            out += ratio**-slope * np.exp(-rate * time) * np.sin(2 * np.pi * place * time + ratio)
    return (0.2 * out).astype(np.float32)


def cents(found: float, wanted: float) -> float:
    return float(1200 * np.log2(found / wanted))


@pytest.mark.parametrize("hertz", [155.6, 440.0, 1046.5])
@pytest.mark.parametrize(
    ("body", "ratios"), [("bell", BELL), ("bar", BAR), ("glass", GLASS)], ids=lambda each: each
)
def test_struck_bodies_have_their_note(body: str, ratios: tuple[float, ...], hertz: float) -> None:
    sound = ring(ratios, hertz)
    found, tone = find_strike(sound, RATE), find_tone(sound, RATE)
    assert found is not None
    assert tone is not None
    assert (found.body, tone.pitched) == (body, True)
    assert tone.struck or body != "bell"
    assert abs(cents(found.f0, hertz)) < 2
    assert abs(cents(tone.f0, hertz)) < 2


@pytest.mark.parametrize("slope", [-0.3, 0.5, 1.2])
def test_bells_of_any_brightness_keep_their_octave(slope: float) -> None:
    tone = find_tone(ring(BELL, 523.3, slope=slope, uneven=0.005), RATE)
    assert tone is not None
    assert tone.pitched
    assert abs(cents(tone.f0, 523.3)) < 15


def test_a_bell_without_its_prime_is_heard_below_the_nominal() -> None:
    found = find_strike(ring((0.5, 0.99, 1.2, 1.5, 2.0, 2.5, 3.0, 4.0), 330.0), RATE)
    assert found is not None
    assert abs(cents(found.f0, 330.0)) < 20


def test_short_bars_have_a_pitch_and_clicks_have_none() -> None:
    marimba = find_tone(ring(BAR, 349.2, 0.5, fall=10.0), RATE)
    assert marimba is not None
    assert marimba.pitched
    assert abs(cents(marimba.f0, 349.2)) < 3
    click = find_tone(ring(BAR, 349.2, 0.3, fall=120.0), RATE)
    assert click is None or not click.pitched


@pytest.mark.parametrize("hertz", [90.0, 150.0, 260.0, 430.0])
@pytest.mark.parametrize(
    "ratios", [PLATE, tuple(membrane(16))], ids=["sheet of metal", "drum skin"]
)
def test_bodies_without_a_note_get_none(ratios: tuple[float, ...], hertz: float) -> None:
    found = find_strike(ring(ratios, hertz, uneven=0.01), RATE)
    assert found is None or found.confidence < 0.5


@pytest.mark.parametrize("seed", range(20))
def test_random_partials_and_noise_get_none(seed: int) -> None:
    rng = np.random.default_rng(seed)
    gong = ring(tuple(np.sort(rng.uniform(1, 12, 14))), 120.0)
    hiss = rng.standard_normal(2 * RATE) * np.exp(-3 * np.arange(2 * RATE) / RATE)
    for sound in (gong, hiss.astype(np.float32)):
        found = find_strike(sound, RATE)
        assert found is None or found.confidence < 0.5


@pytest.mark.parametrize("hertz", [110.0, 440.0, 1318.5])
def test_strings_stay_harmonic(hertz: float) -> None:
    tone = find_tone(ring(tuple(np.arange(1.0, 16.0)), hertz), RATE)
    assert tone is not None
    assert not tone.struck
    assert abs(cents(tone.f0, hertz)) < 1


def test_held_and_short_and_silent_sounds_are_not_struck() -> None:
    held = ring(BELL, 440.0, fall=0.0)
    assert find_strike(held, RATE) is None
    assert find_strike(held[: RATE // 20], RATE) is None
    assert find_strike(np.zeros(RATE, np.float32), RATE) is None
    assert find_strike(np.zeros(1, np.float32), RATE) is None


def test_the_free_bar_s_ratios_are_the_book_s() -> None:
    np.testing.assert_allclose(free_bar(4), BAR, atol=1e-3)


@pytest.mark.parametrize("hertz", [147.0, 501.0])
def test_a_bell_becomes_an_instrument_in_tune_on_every_key(hertz: float) -> None:
    bell = make_instrument(Audio(ring(BELL, hertz)[None], RATE), "bell")
    assert bell.pitched
    for key in (bell.lowest + 3, (bell.lowest + bell.highest) // 2, bell.highest - 5):
        track = Track("", Notes.of([(0.0, 1.0, key, 100)]))
        sound = np.concatenate([b.mean(0) for b in render_track(track, bell, RATE)])[:RATE]
        spectrum = np.abs(np.fft.rfft(sound * np.hanning(2 * RATE)[RATE:][: len(sound)], 2**19))
        wanted = 440 * 2 ** ((key - 69) / 12)
        for ratio in (1.0, 1.2, 2.0):
            low, high = (round(wanted * ratio * f * 2**19 / RATE) for f in (0.97, 1.03))
            heard = (low + int(spectrum[low:high].argmax())) * RATE / 2**19
            assert abs(cents(heard, wanted * ratio)) < 5
