"""Structure of clicks, tones and levels that are known; what effects must not be blamed for."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from sonolume.errors import MediaError
from sonolume.media.audio import Audio
from sonolume.signal.chroma import chroma
from sonolume.signal.kept import Kept, compare, correlation, onset_f1
from sonolume.signal.rack import Chain, render
from sonolume.signal.stretch import stretch
from sonolume.signal.structure import structure

RATE = 44_100
SAME = Kept(1.0, 1.0, 1.0, 1.0, 0.0)
BIRDS = Path(__file__).parents[2] / "examples" / "sounds" / "birds.flac"


def hits(when: NDArray[np.float64], seconds: float, rate: int = RATE) -> NDArray[np.float32]:
    """Bursts of noise that fall by half in 7 ms, over a floor 80 dB below."""
    rng = np.random.default_rng(0)
    sound = 1e-4 * rng.standard_normal(round(seconds * rate))
    time = np.arange(round(0.08 * rate)) / rate
    for start in when:
        first = round(start * rate)
        burst = 0.5 * rng.standard_normal(len(time)) * np.exp(-time / 0.01)
        sound[first : first + len(time)] += burst[: len(sound) - first]
    return sound.astype("f4")


def tune(pitches: list[int], seconds: float = 0.4, rate: int = RATE) -> NDArray[np.float32]:
    """Plucked notes with four partials, one after another."""
    time = np.arange(round(seconds * rate)) / rate
    fall = np.exp(-time / 0.2) * np.minimum(1, time / 0.005)
    notes = []
    for pitch in pitches:
        hertz = 440 * 2 ** ((pitch - 69) / 12)
        notes.append(sum(np.sin(2 * np.pi * k * hertz * time) / k**2 for k in range(1, 5)) * fall)
    return (0.2 * np.concatenate(notes)).astype("f4")


MELODY = [60, 64, 67, 72, 69, 65, 62, 67, 60, 71, 74, 67]


def swelling() -> NDArray[np.float32]:
    """A tune with a beat that grows louder and softer."""
    sound = tune(MELODY) + hits(np.arange(0, 4.7, 0.4), len(MELODY) * 0.4)
    swell = 10 ** (-0.6 + 0.6 * np.sin(2 * np.pi * np.arange(len(sound)) / len(sound)))
    return (sound * swell).astype("f4")


@pytest.mark.parametrize(("bpm", "rate"), [(60, 22_050), (97, 44_100), (133, 96_000), (133, 8000)])
def test_clicks_are_found_and_counted(bpm: float, rate: int) -> None:
    when = np.arange(0.37, 9.5, 60 / bpm)
    found = structure(hits(when, 10, rate), rate)
    assert found.onsets == pytest.approx(when, abs=0.012)
    assert found.tempo == pytest.approx(bpm, rel=0.005)


def test_steady_sounds_have_few_onsets() -> None:
    time = np.arange(6 * RATE) / RATE
    noise = np.random.default_rng(1).standard_normal(len(time)) * 0.1
    assert len(structure(noise.astype("f4"), RATE).onsets) <= 2
    sine = (0.3 * np.sin(2 * np.pi * 440 * time)).astype("f4")
    assert len(structure(sine, RATE).onsets) <= 2  # it begins and ends


@pytest.mark.parametrize("rate", [16_000, 44_100])
@pytest.mark.parametrize("pitch", [48, 57, 61, 83])
def test_a_note_has_its_pitch_class(pitch: int, rate: int) -> None:
    found = chroma(tune([pitch], 1.0, rate), rate, 0.05)
    assert found.shape == (12, 21)
    assert (found[:, 2:-2].argmax(axis=0) == pitch % 12).all()


def test_loudness_is_momentary_loudness() -> None:
    # BS.1770-4: a 997-Hz sine of 0 dBFS in one channel has −3.01 LKFS.
    time = np.arange(3 * RATE) / RATE
    sine = np.sin(2 * np.pi * 997 * time) * np.where(time < 1.5, 0.1, 0.01)
    found = structure(sine.astype("f4"), RATE).loudness
    assert len(found) == 60
    assert found[10:28] == pytest.approx(-23.01, abs=0.05)
    assert found[40:58] == pytest.approx(-43.01, abs=0.05)


@pytest.mark.parametrize(
    "sound",
    [
        tune(MELODY),
        hits(np.arange(0.2, 3, 0.31), 3.5),
        np.zeros(RATE, "f4"),
        np.ones(3, "f4"),
        np.stack([tune(MELODY), -tune(MELODY)]),
    ],
    ids=["tune", "hits", "silence", "three samples", "opposite channels"],
)
def test_the_same_sound_keeps_everything(sound: NDArray[np.float32]) -> None:
    assert compare(structure(sound, RATE), structure(sound.copy(), RATE)) == SAME
    louder = compare(structure(sound, RATE), structure(0.5 * sound, RATE))
    assert louder.onset_f1 == pytest.approx(1, abs=0.06)
    assert louder.chroma == pytest.approx(1, abs=1e-4)


@pytest.mark.parametrize("late", [0.008, 0.095])
def test_a_delay_of_the_whole_is_no_loss(late: float) -> None:
    sound = swelling()
    shifted = np.concatenate([np.zeros(round(late * RATE), "f4"), sound])
    kept = compare(structure(sound, RATE), structure(shifted, RATE))
    assert kept.lag == pytest.approx(late, abs=0.006)
    assert kept.onset_f1 > 0.95
    assert kept.tempo_ratio == pytest.approx(1, abs=0.01)
    assert kept.chroma > 0.9
    assert kept.loudness_contour > 0.97


def test_shifts_that_are_not_of_the_whole_are_losses() -> None:
    when = np.arange(0.3, 8, 0.5)
    moved = when + np.where(np.arange(len(when)) % 2, 0.1, 0.0)
    kept = compare(structure(hits(when, 9), RATE), structure(hits(moved, 9), RATE))
    assert kept.onset_f1 == pytest.approx(0.5, abs=0.05)


@pytest.mark.parametrize("pace", [0.8, 1.25])
def test_another_tempo_is_seen(pace: float) -> None:
    when = np.arange(0.3, 9.5, 0.5)
    kept = compare(structure(hits(when, 10), RATE), structure(hits(when / pace, 12.2), RATE))
    assert kept.tempo_ratio == pytest.approx(pace, rel=0.02)
    assert kept.onset_f1 < 0.6


def test_another_tempo_of_music_is_seen() -> None:
    sound = tune(MELODY * 2)
    slower = stretch(sound[None], RATE, 1.2, attack=0.0)[0]
    kept = compare(structure(sound, RATE), structure(slower, RATE))
    assert kept.tempo_ratio == pytest.approx(1 / 1.2, rel=0.03)


def test_other_notes_and_other_levels_are_seen() -> None:
    plain = structure(tune(MELODY), RATE)
    kept = compare(plain, structure(tune([pitch + 1 for pitch in MELODY]), RATE))
    assert kept.chroma < 0.2
    assert kept.harmony < 0.2
    assert kept.onset_f1 > 0.9
    fading = tune(MELODY) * np.linspace(1, 0.01, round(0.4 * RATE) * len(MELODY), dtype="f4")
    growing = structure(fading[::-1].copy(), RATE)
    assert compare(structure(fading, RATE), growing).loudness_contour < -0.5


@pytest.mark.parametrize("wrong", [0.25, 0.5])
def test_harmony_falls_with_the_share_of_wrong_notes(wrong: float) -> None:
    """About as far as chroma frame by frame does: to the share of the notes that stay."""
    pitches = MELODY * 2
    rng = np.random.default_rng(4)
    places = rng.permutation(len(pitches))[: round(wrong * len(pitches))]
    other = [p + (6 if i in places else 0) for i, p in enumerate(pitches)]
    kept = compare(structure(tune(pitches), RATE), structure(tune(other), RATE))
    assert kept.harmony == pytest.approx(kept.chroma, abs=0.15)
    assert kept.harmony < 0.9


def test_a_room_keeps_the_harmony_though_its_frames_run_into_each_other() -> None:
    sound = tune(MELODY * 2)
    room = Chain.of([("reverb", {"wet": 0.5, "decay": 1.0})])
    kept = compare(
        structure(sound, RATE),
        structure(render(Audio(sound[None], RATE), room, tails=False).samples, RATE),
    )
    assert kept.harmony > kept.chroma


def test_harmony_is_the_correlation_of_running_means() -> None:
    first = structure(tune(MELODY), RATE)
    other = np.roll(first.chroma, 2, axis=0) ** 2 + 0.3 * first.chroma
    frames, means = other.shape[1], []
    for classes in (first.chroma, other):
        padded = np.pad(classes, ((0, 0), (5, 4)), mode="edge")
        means.append(np.stack([padded[:, i : i + 10].mean(axis=1) for i in range(frames)]))
    kept = compare(first, replace(first, chroma=other))
    expected = np.corrcoef(means[0].ravel(), means[1].ravel())[0, 1]
    assert kept.harmony == pytest.approx(expected, abs=1e-9)


KEEPING = [
    [("high-pass", {"cutoff": 150.0}), ("low-pass", {"cutoff": 5000.0})],
    [("compressor", {"ratio": 3.0}), ("saturation", {"drive": 12.0})],
    [("chorus", {"mix": 0.4}), ("width", {"spread": 0.4})],
    [("reverb", {"wet": 0.3, "decay": 0.8, "spread": 0.5})],
    [("transients", {"attack": -6.0}), ("tilt", {"gain": -6.0})],
]


@pytest.mark.parametrize("chain", KEEPING, ids=lambda chain: chain[0][0])
def test_restrained_effects_keep_the_structure(chain: list[tuple[str, dict[str, float]]]) -> None:
    sound = swelling()
    styled = render(Audio(sound[None], RATE), Chain.of(chain)).samples
    kept = compare(structure(sound, RATE), structure(styled, RATE))
    assert kept.onset_f1 > 0.9
    assert kept.tempo_ratio == pytest.approx(1, abs=0.01)
    assert kept.chroma > 0.8
    assert kept.loudness_contour > 0.8
    assert abs(kept.lag) < 0.011


onset_lists = st.lists(st.floats(0, 2), max_size=12).map(lambda v: np.array(sorted(v)))


@settings(max_examples=200, deadline=None)
@example(reference=np.array([0.0]), estimated=np.array([0.05 + 5e-10]))
@example(reference=np.array([0.0]), estimated=np.array([0.05 + 2e-9]))
@example(reference=np.array([0.05]), estimated=np.array([1e-9, 0.1 + 1e-9]))
@example(reference=np.arange(20) * 0.1, estimated=np.arange(20) * 0.1 + 0.05)
@given(reference=onset_lists, estimated=onset_lists)
def test_matching_is_the_largest_one(
    reference: NDArray[np.float64], estimated: NDArray[np.float64]
) -> None:
    score = onset_f1(reference, estimated)
    assert score == onset_f1(estimated, reference)
    if not len(reference) or not len(estimated):
        assert score == float(len(reference) == len(estimated))
        return
    near = np.abs(reference[:, None] - estimated) <= 0.05 + 1e-9
    rows, columns = linear_sum_assignment(~near)
    matched = int(near[rows, columns].sum())
    assert score == pytest.approx(2 * matched / (len(reference) + len(estimated)))


def test_the_window_s_own_distance_counts_on_every_grid() -> None:
    # 1.05 − 1.0 is more than 0.05 in floating point, 0.35 − 0.3 is less.
    for first in np.arange(0, 400) * 0.005:
        assert onset_f1(np.array([first]), np.array([first + 0.05])) == 1.0
        assert onset_f1(np.array([first]), np.array([first + 0.051])) == 0.0


def test_correlation_is_pearson_s() -> None:
    a, b = np.random.default_rng(0).standard_normal((2, 500))
    assert correlation(a, b) == pytest.approx(np.corrcoef(a, b)[0, 1])
    assert correlation(a, -a) == pytest.approx(-1)
    assert correlation(a, a) == 1.0
    assert correlation(np.ones(5), a[:5]) == 0.0


@settings(max_examples=30, deadline=None)
@given(
    frames=st.integers(1, 6000),
    rate=st.sampled_from([1000, 8000, 44_100, 192_000]),
    level=st.sampled_from([0.0, 1e-30, 1.0, 1e6]),
    other=st.integers(1, 6000),
)
def test_any_two_sounds_compare(frames: int, rate: int, level: float, other: int) -> None:
    rng = np.random.default_rng(frames)
    first, second = ((rng.standard_normal((2, n)) * level).astype("f4") for n in (frames, other))
    kept = compare(structure(first, rate), structure(second, rate))
    assert 0 <= kept.onset_f1 <= 1
    assert -1 <= kept.chroma <= 1
    assert -1 <= kept.loudness_contour <= 1
    assert kept.tempo_ratio >= 0


def test_no_sound_has_no_structure() -> None:
    with pytest.raises(MediaError, match=r"shape \(2, 0\); expected \[channels, n\]"):
        structure(np.zeros((2, 0), "f4"), RATE)
    with pytest.raises(MediaError, match="expected"):
        structure(np.zeros((1, 2, 5), "f4"), RATE)


@pytest.mark.slow
def test_librosa_hears_the_same() -> None:
    import librosa

    sound = tune(MELODY * 2) + hits(np.arange(0, 9.5, 0.4), len(MELODY) * 0.8)
    found = structure(sound, RATE)
    tempo = librosa.feature.tempo(y=sound, sr=RATE)[0]
    assert found.tempo == pytest.approx(tempo, rel=0.03)
    onsets = librosa.onset.onset_detect(y=sound, sr=RATE, units="time")
    assert onset_f1(onsets, found.onsets) > 0.9
    theirs = librosa.feature.chroma_stft(y=sound, sr=RATE, n_fft=8192, hop_length=2205, tuning=0)
    frames = min(theirs.shape[1], found.chroma.shape[1])
    same = theirs[:, :frames].argmax(axis=0) == found.chroma[:, :frames].argmax(axis=0)
    assert same.mean() > 0.85


@pytest.mark.slow
def test_birds_at_another_rate_are_the_same_birds() -> None:
    birds = Audio.read(BIRDS)
    kept = compare(
        structure(birds.samples, birds.rate),
        structure(birds.resample(48_000).samples, 48_000),
    )
    assert kept.onset_f1 > 0.9
    assert kept.loudness_contour > 0.999
    assert kept.chroma > 0.95
