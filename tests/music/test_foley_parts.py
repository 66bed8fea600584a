"""The parts of the foley synthesiser against closed forms."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import signal, special

from sonolume.music.foley.bubbles import bubble_decay, bubble_frequency, bubbles
from sonolume.music.foley.materials import ALIASES, MATERIALS, material_of
from sonolume.music.foley.noise import resonate, scatter, slow, swell
from sonolume.music.foley.strings import karplus_strong
from sonolume.music.foley.struck import contact, decay_rates, modal
from sonolume.music.foley.timbre import TIMBRES, timbre_of
from sonolume.music.foley.waves import harmonics, rolloff
from sonolume.signal.modes import clamped_bar, free_bar, membrane

RATE = 44100


def peak_frequency(samples: np.ndarray, near: float, rate: int = RATE) -> float:
    """Hz of the strongest partial near ``near``, by a parabola through log magnitudes."""
    size = 8 * len(samples)
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples)), size))
    low, high = (round(near * f * size / rate) for f in (0.7, 1.3))
    at = low + int(spectrum[low:high].argmax())
    a, b, c = np.log(spectrum[at - 1 : at + 2])
    return (at + 0.5 * (a - c) / (a - 2 * b + c)) * rate / size


def level(samples: np.ndarray, frequency: float, rate: int = RATE) -> float:
    """dB of one partial."""
    time = np.arange(len(samples)) / rate
    window = np.hanning(len(samples))
    return 20 * np.log10(abs(np.sum(samples * window * np.exp(-2j * np.pi * frequency * time))))


def cents(frequency: float, wanted: float) -> float:
    return 1200 * np.log2(frequency / wanted)


def test_bars_vibrate_where_the_books_say() -> None:
    np.testing.assert_allclose(free_bar(4), [1, 2.756, 5.404, 8.933], atol=1e-3)
    np.testing.assert_allclose(clamped_bar(3), [1, 6.267, 17.547], atol=1e-3)
    beta = np.sqrt(free_bar(5)) * 4.730040745
    np.testing.assert_allclose(np.cos(beta), 1 / np.cosh(beta), atol=1e-6)


def test_membranes_vibrate_at_zeros_of_bessel_functions() -> None:
    ratios = membrane(8)
    np.testing.assert_allclose(ratios[:4], [1, 1.594, 2.136, 2.296], atol=1e-3)
    values = np.abs(special.jv(np.arange(12)[:, None], ratios * special.jn_zeros(0, 1)))
    assert (values.min(axis=0) < 1e-8).all()


def test_a_mode_is_a_damped_sine() -> None:
    out = modal(np.array([440.0, 30000.0]), np.array([5.0, 1.0]), np.array([2.0, 1.0]), 4410, RATE)
    time = np.arange(4410) / RATE
    np.testing.assert_allclose(out, 2 * np.exp(-5 * time) * np.sin(2 * np.pi * 440 * time))


def test_loss_is_friction_and_mounting() -> None:
    rates = decay_rates(np.array([1000.0]), MATERIALS["metal"], 2.0)
    assert rates == pytest.approx((np.pi * 1000 * 0.0004 + 0.9) / 2)


@pytest.mark.parametrize("hardness", [0.0, 0.5, 1.0])
def test_a_blow_pushes_alike_however_long(hardness: float) -> None:
    force = contact(hardness, 200.0, RATE)
    assert force.sum() == pytest.approx(1)
    assert force.min() >= 0
    assert len(force) <= len(contact(hardness / 2, 200.0, RATE))


@settings(max_examples=25, deadline=None)
@given(st.floats(40, 3000), st.floats(0.0, 0.5), st.sampled_from([22050, 44100, 96000]))
def test_strings_are_in_tune(frequency: float, damping: float, rate: int) -> None:
    frequency = min(frequency, rate / 13)
    burst = np.random.default_rng(0).standard_normal(int(rate / frequency))
    out = karplus_strong(burst - burst.mean(), frequency, 5.0, damping, rate // 2, rate)
    assert abs(cents(peak_frequency(out[rate // 10 :], frequency, rate), frequency)) < 1.5


@pytest.mark.parametrize("t60", [0.5, 2.0])
@pytest.mark.parametrize("frequency", [82.4, 440.0, 1318.5])
def test_strings_decay_as_asked(frequency: float, t60: float) -> None:
    burst = np.random.default_rng(1).standard_normal(int(RATE / frequency))
    out = karplus_strong(burst - burst.mean(), frequency, t60, 0.2, RATE, RATE)
    size, step = round(0.15 * RATE), round(0.2 * RATE)
    fall = level(out[:size], frequency) - level(out[step : step + size], frequency)
    assert fall == pytest.approx(60 * 0.2 / t60, rel=0.03)
    octave = level(out[:size], 3 * frequency) - level(out[step : step + size], 3 * frequency)
    assert octave > fall


def test_a_string_of_almost_no_loss_stays_bounded() -> None:
    burst = np.random.default_rng(2).standard_normal(100)
    out = karplus_strong(burst - burst.mean(), 441.0, 1e9, 0.0, 5 * RATE, RATE)
    assert np.abs(out).max() < 10


def test_bubbles_ring_and_fade_as_their_radius_says() -> None:
    radius = np.array([0.001, 0.005])
    np.testing.assert_allclose(bubble_frequency(radius), [3000, 600])
    np.testing.assert_allclose(bubble_decay(radius), [130 + 227.684, 26 + 20.365], rtol=1e-4)
    out = bubbles(radius, np.zeros(2), RATE)
    for grain, hertz, decay in zip(out, (3000, 600), bubble_decay(radius), strict=True):
        length = round(3 / decay * RATE)
        assert abs(cents(peak_frequency(grain[:length], hertz), hertz)) < 10
        parts = np.abs(signal.hilbert(grain[:length].astype(float)))
        fitted = np.polyfit(np.arange(length)[50:-200] / RATE, np.log(parts[50:-200]), 1)[0]
        assert -fitted == pytest.approx(decay, rel=0.25)


def test_rising_bubbles_rise_and_never_fold_back() -> None:
    (flat,), (rising,) = (bubbles(np.array([0.004]), np.array([r]), RATE) for r in (0.0, 0.1))
    late = slice(round(0.03 * RATE), round(0.08 * RATE))
    assert peak_frequency(rising[late], 900) > 1.1 * peak_frequency(flat[late], 750)
    (tiny,) = bubbles(np.array([0.0002]), np.array([0.1]), RATE)
    spectrum = np.abs(np.fft.rfft(tiny, 1 << 14))
    assert spectrum.argmax() * RATE / (1 << 14) == pytest.approx(15000, rel=0.02)


@pytest.mark.parametrize("frequency", [110.0, 997.0, 4321.0])
def test_waves_are_the_sum_of_their_harmonics(frequency: float) -> None:
    amplitudes = rolloff(frequency, 0.9)
    out = harmonics(np.full(RATE, frequency), amplitudes, RATE)
    time = np.arange(1, RATE + 1) / RATE
    kept = amplitudes[: int(0.45 * RATE / frequency)]
    numbers = np.arange(1, len(kept) + 1)
    exact = sum(
        a * np.sin(2 * np.pi * n * frequency * time) for n, a in zip(numbers, kept, strict=True)
    )
    assert np.abs(out - exact).max() < 2e-3 * np.abs(exact).max()


def test_a_sweep_leaves_nothing_between_its_harmonics() -> None:
    out = harmonics(np.full(RATE, 5000.0), np.ones(20), RATE)
    power = np.abs(np.fft.rfft(out * signal.windows.blackmanharris(RATE))) ** 2
    near = np.abs(np.arange(len(power)) % 5000 - 2500) > 2480
    assert power[~near].max() < 1e-5 * power.max()


def test_resonators_have_unit_gain_at_their_peak() -> None:
    impulse = np.zeros(1 << 16)
    impulse[0] = 1
    out = resonate(impulse, [1000.0, 30000.0], [60.0, 60.0], [0.5, 1.0], RATE)
    gain = np.abs(np.fft.rfft(out))
    assert gain.argmax() * RATE / len(impulse) == pytest.approx(1000, abs=2)
    assert gain.max() == pytest.approx(0.5, rel=0.01)


def test_grains_add_up_and_are_cut_at_the_end() -> None:
    out = np.zeros(6)
    scatter(out, np.array([0, 1, 5]), np.ones((3, 3)))
    np.testing.assert_array_equal(out, [1, 2, 2, 1, 0, 1])


def test_slow_curves_are_slow_and_envelopes_begin_and_end_at_zero() -> None:
    curve = slow(np.random.default_rng(0), 20 * RATE, RATE, 4.0)
    assert curve.std() == pytest.approx(0.9, abs=0.25)
    assert np.abs(np.diff(curve)).max() < 0.002
    shape = swell(1000, 1000, 0.1, 0.2)
    assert (shape[0], shape[-1]) == (0, 0)
    assert (shape[100:799] > 0.999).all()


@pytest.mark.parametrize(
    ("material", "name", "known"),
    [
        ("oak wood", "", "wood"),
        ("Steel", "", "metal"),
        ("sheet of paper", "", "paper"),
        ("wooden", "", "wood"),
        ("unobtainium", "glass bottle", "glass"),
        ("", "", "wood"),
        ("leaves", "", "leaves"),
        ("sheet metal", "", "sheet metal"),
    ],
)
def test_materials_by_words(material: str, name: str, known: str) -> None:
    assert material_of(material, name) is MATERIALS[known]


def test_every_alias_leads_to_a_material() -> None:
    assert set(ALIASES.values()) <= set(MATERIALS)


def test_words_for_timbre_add_up_within_limits() -> None:
    assert timbre_of(["deep", "no such word"]) == TIMBRES["deep"]
    assert timbre_of(["very deep"]) == TIMBRES["deep"]
    assert timbre_of(["deep"] * 9).octaves == -2.5
    assert timbre_of([]) == timbre_of(["?"])
