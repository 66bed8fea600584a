"""The foley synthesiser as a whole."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sonolume.errors import OptionError
from sonolume.music.foley import synthesise
from sonolume.music.foley.called import ALIASES, CALLS, call_of
from sonolume.music.foley.materials import MATERIALS
from sonolume.music.foley.voice import voice_of
from sonolume.music.scene import PLAYINGS, Playing, Source
from sonolume.signal.modes import GLASS

RATE = 44100


def samples(source: Source, **options: float) -> np.ndarray:
    return synthesise(source, **options).samples[0].astype(float)  # type: ignore[arg-type]


def spectrum(x: np.ndarray) -> np.ndarray:
    return np.abs(np.fft.rfft(x * np.hanning(len(x)))) ** 2


def centroid(x: np.ndarray) -> float:
    power = spectrum(x)
    return float((power * np.arange(len(power))).sum() / power.sum() * RATE / len(x))


def level(x: np.ndarray) -> float:
    return float(np.sqrt(np.mean(np.square(x))))


def t40(x: np.ndarray) -> float:
    """Seconds until only 1/10000 of the energy is left, after Schroeder (1965)."""
    left = np.cumsum(np.square(x)[::-1])[::-1]
    return float(np.argmax(left < 1e-4 * left[0]) / RATE)


@pytest.mark.parametrize("playing", PLAYINGS)
def test_every_material_sounds_clean_in_every_way(playing: Playing) -> None:
    for material in MATERIALS:
        sound = synthesise(Source(f"{material} thing", material, playing), seconds=0.5)
        x = sound.samples[0].astype(float)
        what = f"{material} {playing}"
        assert sound.samples.shape == (1, round(0.5 * RATE)), what
        assert np.abs(x).max() == pytest.approx(10 ** (-3 / 20), rel=1e-4), what
        assert abs(x.mean()) < 2e-3, what
        assert x[0] == x[-1] == 0, what
        # Heard at once, and nothing between DC and what can be heard.
        assert np.abs(x[: round(0.25 * RATE)]).max() > 0.02, what
        power = spectrum(x)
        assert power[: round(18 * len(x) / RATE)].sum() < 0.02 * power.sum(), what


@pytest.mark.parametrize("playing", PLAYINGS)
def test_a_seed_is_a_take(playing: Playing) -> None:
    source = Source("old thing", "wood", playing, ("rough",))
    first, again, other = (samples(source, seconds=0.4, seed=seed) for seed in (3, 3, 4))
    np.testing.assert_array_equal(first, again)
    assert level(first - other) > 0.1 * level(first)


@pytest.mark.parametrize("playing", ["struck", "plucked"])
def test_blows_start_at_once_and_die_away(playing: Playing) -> None:
    for material in MATERIALS:
        x = np.abs(samples(Source("thing", material, playing), seconds=2))
        assert x.argmax() < 0.15 * RATE, material
        assert level(x[-RATE // 4 :]) < 0.25 * level(x[: RATE // 2]), material


@pytest.mark.parametrize("playing", ["blown", "rubbed", "poured", "burning"])
def test_what_lasts_lasts(playing: Playing) -> None:
    for material in ("wood", "metal", "glass", "skin", "string", "leaves", "air", "water", "fire"):
        x = samples(Source("thing", material, playing), seconds=2)
        parts = [level(part) for part in np.array_split(x[RATE // 4 : -RATE // 4], 5)]
        assert min(parts) > 0.12 * max(parts), material


def test_glass_rings_at_its_modes_and_decays_by_its_loss() -> None:
    source = Source("bowl", "glass", "struck")
    pitch = voice_of(source, np.random.default_rng(0)).pitch
    x = samples(source, seconds=2)
    power = spectrum(x)
    at = round(pitch * len(x) / RATE)
    assert power[at - 2 : at + 3].max() == power.max()
    for ratio in GLASS[1:4]:
        place = ratio * pitch * len(x) / RATE
        near = power[round(0.96 * place) : round(1.04 * place)].max()
        between = power[round(0.8 * place) : round(0.92 * place)].max()
        assert near > 100 * between
    time = np.arange(len(x)) / RATE
    tone = x * np.exp(-2j * np.pi * pitch * time)
    smooth = np.abs(np.convolve(tone, np.ones(2000) / 2000, "valid"))[2000 : RATE // 2]
    slope = -np.polyfit(np.arange(len(smooth)) / RATE, np.log(smooth), 1)[0]
    glass = MATERIALS["glass"]
    assert slope == pytest.approx(np.pi * pitch * glass.loss + glass.mount, rel=0.03)


@pytest.mark.parametrize(
    ("material", "playing"),
    [("string", "plucked"), ("metal", "plucked"), ("wood", "blown"), ("glass", "rubbed")],
)
@pytest.mark.parametrize("rate", [22050, 96000])
def test_pitch_does_not_depend_on_the_rate(material: str, playing: Playing, rate: int) -> None:
    source = Source("thing", material, playing)
    peaks = []
    for each in (RATE, rate):
        x = samples(source, rate=each)[each // 2 :]
        # Noise differs with the rate, and strings sound different harmonics most.
        peaks.append(spectrum(x).argmax() * each / len(x))
    ratio = max(peaks) / min(peaks)
    assert abs(ratio / round(ratio) - 1) < 0.004


@pytest.mark.parametrize("material", ["wood", "metal", "glass", "skin", "plastic"])
def test_words_mean_what_they_say(material: str) -> None:
    def heard(*words: str) -> np.ndarray:
        return samples(Source("thing", material, "struck", words))

    assert centroid(heard("bright")) > 1.15 * centroid(heard("dark"))
    assert centroid(heard("deep")) < 0.7 * centroid(heard())
    assert t40(heard("dry")) < 0.7 * t40(heard("ringing"))
    assert centroid(heard("small")) > centroid(heard("large"))


def test_metal_rings_longer_than_wood_and_wood_longer_than_cloth() -> None:
    metal, wood, cloth = (
        t40(samples(Source("thing", m, "struck"))) for m in ("metal", "wood", "cloth")
    )
    assert metal > 3 * wood
    assert wood > 1.5 * cloth


@pytest.mark.parametrize("name", ["owl", "cow", "bird", "foghorn", "frog"])
def test_animals_call_at_their_pitch(name: str) -> None:
    call = call_of(name)
    x = samples(Source(name, "fur", "called"))[: round(call.syllable * RATE)]
    rows = spectrum(x)
    # The lowest strong peak: throats may raise harmonics above the pitch.
    strong = np.flatnonzero(rows > 0.02 * rows.max())[0] * RATE / len(x)
    assert 0.75 * min(call.pitch) < strong < 1.3 * max(call.pitch)


def test_calls_are_found_by_the_last_word_that_is_known() -> None:
    assert call_of("Barking Dogs") is CALLS["dog"]
    assert call_of("police siren") is CALLS["siren"]
    assert call_of("train-whistle") is CALLS["whistle"]
    assert call_of("who knows") is CALLS["bird"]
    assert set(ALIASES.values()) <= set(CALLS)


words = st.text(max_size=30)


@settings(max_examples=40, deadline=None)
@given(
    words,
    words,
    st.sampled_from(PLAYINGS),
    st.lists(words, max_size=12),
    st.floats(0.1, 0.5),
    st.sampled_from([16000, 44100, 192000]),
    st.integers(0, 2**40),
)
def test_any_words_sound(
    name: str,
    material: str,
    playing: Playing,
    timbre: list[str],
    seconds: float,
    rate: int,
    seed: int,
) -> None:
    source = Source(name, material, playing, tuple(timbre))
    sound = synthesise(source, seconds=seconds, rate=rate, seed=seed)
    assert sound.samples.shape == (1, round(seconds * rate))
    assert np.abs(sound.samples).max() == pytest.approx(10 ** (-3 / 20), rel=1e-4)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"seconds": 0.0}, "a sound of 0.0 s; expected 0.1 to 60 s"),
        ({"seconds": float("nan")}, "expected 0.1 to 60 s"),
        ({"seconds": 1e9}, "expected 0.1 to 60 s"),
        ({"rate": 8000}, "a sound at 8000 Hz; expected 16000 to 192000 Hz"),
        ({"seed": -1}, "a seed of -1; expected 0 or more"),
    ],
)
def test_options_out_of_range(options: dict[str, float], message: str) -> None:
    with pytest.raises(OptionError, match=message):
        synthesise(Source("log", "wood", "struck"), **options)  # type: ignore[arg-type]
