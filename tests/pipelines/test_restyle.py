"""Restyle: the sound moves as the picture moved, keeps its structure, and is itself without."""

from __future__ import annotations

import json
import warnings
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

import sonolume
from sonolume.correspondence.edits import edit
from sonolume.correspondence.rules import read_rules
from sonolume.errors import MediaError, ModelError, OptionError
from sonolume.media import Audio, Picture, read_provenance
from sonolume.pipelines import reproduce
from sonolume.pipelines.restyle.contract import broken
from sonolume.pipelines.restyle.pipeline import RestylePipeline
from sonolume.pipelines.restyle.recording import Recording
from sonolume.pipelines.restyle.rendering import level
from sonolume.pipelines.restyle.restyled import Restyled
from sonolume.pipelines.restyle.settle import settle
from sonolume.signal.kept import Kept
from sonolume.signal.loudness import loudness
from sonolume.signal.rack import Chain
from sonolume.signal.structure import structure
from sonolume.signal.true_peak import true_peak

RATE = 16_000
FREE = ()


@pytest.fixture(scope="module")
def picture() -> Picture:
    """Soft coloured patches with a little grain: edits move it without clipping."""
    rng = np.random.default_rng(3)
    patches = rng.uniform(60, 190, (6, 6, 3)).repeat(16, axis=0).repeat(16, axis=1)
    return Picture((patches + rng.normal(0, 4, patches.shape)).clip(0, 255).astype(np.uint8))


@pytest.fixture(scope="module")
def pipeline() -> RestylePipeline:
    return RestylePipeline()


def melody(rate: int = RATE, seconds: float = 1.5) -> Audio:
    """Plucked notes every half second, of eight harmonics, in stereo."""
    time = np.arange(round(seconds * rate)) / rate
    since, note = time % 0.5, (time // 0.5).astype(int)
    hertz = np.array([220.0, 277.2, 329.6, 440.0])[note % 4]
    tones = sum(np.sin(2 * np.pi * hertz * k * since) / k for k in range(1, 9))
    voice = 0.1 * tones * np.exp(-4 * since) * np.minimum(1, since * 200)
    return Audio(np.stack([voice, 0.7 * np.roll(voice, rate // 500)]).astype(np.float32), rate)


def beats(rate: int = RATE, seconds: float = 1.5) -> Audio:
    """Bursts of noise over a hum, four a second, mono."""
    time = np.arange(round(seconds * rate)) / rate
    noise = np.random.default_rng(1).standard_normal(len(time))
    struck = noise * np.exp(-30 * (time % 0.25)) + 0.3 * np.sin(2 * np.pi * 180 * time)
    return Audio((0.12 * struck)[None].astype(np.float32), rate)


SOUNDS = {"melody": melody, "beats": beats}


def rest(pipeline: RestylePipeline, picture: Picture, kind: str, sound: Audio, **more) -> Restyled:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        return pipeline(picture, edit(picture, kind, 0.6), sound, **more)


def equal(a: NDArray[np.float32], b: NDArray[np.float32]) -> bool:
    return a.shape == b.shape and bool(np.array_equal(a, b))


@pytest.mark.parametrize("name", SOUNDS)
def test_nothing_changes_where_nothing_changed(pipeline, picture, name, tmp_path) -> None:
    sound = SOUNDS[name]()
    same = pipeline(picture, Picture(picture.pixels.copy()), sound)
    assert equal(same.audio().samples, sound.samples)
    assert same.effects == ()
    assert same.rendering.chain.as_list() == []
    still = pipeline(picture, edit(picture, "darken", 0.8), sound, strength=0)
    assert equal(still.audio().samples, sound.samples)
    still.save(tmp_path / "still.wav")
    sound.save(tmp_path / "sound.wav")
    assert equal(
        Audio.read(tmp_path / "still.wav").samples, Audio.read(tmp_path / "sound.wav").samples
    )


@pytest.mark.parametrize(
    ("name", "kind", "cue"),
    [
        ("melody", "darken", "brightness"),
        pytest.param("melody", "warm", "warmth", marks=pytest.mark.slow),
        ("beats", "blur", "brightness"),
        pytest.param("beats", "saturate", "punch", marks=pytest.mark.slow),
    ],
)
def test_cues_move_as_the_picture_moved(pipeline, picture, name, kind, cue) -> None:
    sound = SOUNDS[name]()
    moved = []
    for strength in (0.4, 1.2):
        made = rest(pipeline, picture, kind, sound, strength=strength, keep=FREE)
        moved.append(made.moved[cue] * np.sign(made.targets.values[cue]))
        assert abs(made.targets.values[cue]) > 0.1
    assert 0 < moved[0] < moved[1]


def test_loudness_moves_by_its_target_and_peaks_stay(pipeline, picture) -> None:
    sound = melody(44_100)
    quieter = rest(pipeline, picture, "darken", sound, keep=FREE)
    wanted = 3 * quieter.targets.values["loudness"]
    samples = quieter.audio().samples[:, : sound.samples.shape[1]]
    change = loudness(samples, 44_100) - loudness(sound.samples, 44_100)
    assert wanted < -0.5
    assert change == pytest.approx(wanted, abs=0.3)


def test_a_chain_that_would_clip_is_limited() -> None:
    sound = melody(44_100)
    room = -1.0 - true_peak(sound.samples)
    for change in (room + 3, room + 12):
        made = level(Recording.open(sound), Chain(), change)
        assert made.limited
        assert true_peak(made.audio().samples) <= -1.0 + 1e-3
    assert not level(Recording.open(sound), Chain(), room - 1).limited


def test_structure_is_kept(pipeline, picture) -> None:
    made = rest(pipeline, picture, "noise", beats())
    assert broken(made.kept, ("rhythm", "harmony", "energy"), 6) == ()


def test_a_hostile_chain_is_turned_down() -> None:
    """A delay that doubles every beat breaks the rhythm; a share of it does not."""
    sound = beats()

    def chain_at(shares: Sequence[float]) -> Chain:
        echo = {"mix": 0.9 * shares[0], "time": 0.11, "feedback": 0.6}
        return Chain.of([("delay", echo), ("high-pass", {"cutoff": 20 * 5 ** shares[1]})])

    before = [structure(sound.samples, RATE)]
    settled = settle(
        [sound.samples], before, RATE, chain_at, 2, 1.0, ("rhythm", "harmony", "energy")
    )
    assert settled.strengths[0] < 1
    assert settled.strengths[1] == 1
    assert settled.lost
    assert broken(settled.kept, ("rhythm", "harmony", "energy"), 6) == ()
    free = settle([sound.samples], before, RATE, chain_at, 2, 1.0, ())
    assert free.strengths == (1, 1)
    assert free.lost == ()


def test_more_strength_never_turns_an_effect_down() -> None:
    """Two effects that break the rhythm and the harmony, and one that is full before the others."""
    sound, reach = beats(), (1.0, 1.0, 0.6)
    before = [structure(sound.samples, RATE)]
    keep = ("rhythm", "harmony", "energy")

    def amounts_at(strengths: Sequence[float]) -> list[float]:
        return [min(1.0, at / rate) for at, rate in zip(strengths, reach, strict=True)]

    def chain_at(strengths: Sequence[float]) -> Chain:
        echo, thin, crush = (amount / 2 for amount in amounts_at(strengths))
        return Chain.of(
            [
                ("delay", {"mix": 0.9 * echo, "time": 0.11, "feedback": 0.6}),
                ("high-pass", {"cutoff": 20 * 100**thin}),
                ("crush", {"bits": 16 - 12 * crush}),
            ]
        )

    def amounts(strength: float) -> list[float]:
        settled = settle([sound.samples], before, RATE, chain_at, 3, strength, keep)
        assert broken(settled.kept, keep, 6) == ()
        return amounts_at(settled.strengths)

    found = np.array([amounts(strength) for strength in (0.5, 0.75, 1.0, 1.5, 2.0)])
    assert np.diff(found, axis=0).min() >= -1e-9
    assert found[-1, 0] < 1


def test_where_nothing_helps_the_sound_itself_is_left() -> None:
    sound = beats()
    other = [structure(melody().samples, RATE)]

    def chain_at(shares: Sequence[float]) -> Chain:
        return Chain.of([("gain", {"level": 6 * shares[0]})])

    settled = settle([sound.samples], other, RATE, chain_at, 1, 1.0, ("rhythm", "harmony"))
    assert settled.strengths == (0,)
    assert settled.lost


def test_what_is_held() -> None:
    kept = Kept(onset_f1=0.8, tempo_ratio=1.0, chroma=0.95, loudness_contour=0.5)
    assert broken(kept, ("rhythm", "harmony", "energy"), 9) == ("rhythm", "energy")
    assert broken(kept, ("harmony",), 9) == ()
    assert broken(Kept(1.0, 1.1, 1.0, 1.0), ("rhythm",), 9) == ("rhythm",)


def test_one_onset_of_few_may_go_and_fewer_have_no_tempo() -> None:
    for onsets in (2, 3, 4, 5):
        left = 2 * (onsets - 1) / (onsets + onsets - 1)
        two_gone = 2 * (onsets - 2) / (onsets + onsets - 2)
        assert broken(Kept(left, 1.0, 1.0, 1.0), ("rhythm",), onsets) == ()
        assert broken(Kept(two_gone, 1.0, 1.0, 1.0), ("rhythm",), onsets) == ("rhythm",)
    assert broken(Kept(0.8, 1.3, 1.0, 1.0), ("rhythm",), 3) == ()
    assert broken(Kept(0.0, 1.0, 1.0, 1.0), ("rhythm",), 1) == ("rhythm",)


def test_channels_and_length_are_kept(pipeline, picture) -> None:
    stereo, mono = melody(), beats()
    surround = Audio(np.concatenate([stereo.samples, mono.samples]), RATE)
    for sound in (mono, surround):
        made = rest(pipeline, picture, "clutter", sound, keep=FREE).audio()
        assert len(made.samples) == len(sound.samples)
        assert made.samples.shape[1] >= sound.samples.shape[1]
        tail = made.samples[:, sound.samples.shape[1] :]
        assert not tail.size or np.abs(tail[:, -1]).max() > 1e-6


def test_at_most_so_many_effects(pipeline, picture) -> None:
    made = rest(pipeline, picture, "noise", melody(), effects=1, keep=FREE)
    assert len([each for each in made.effects if each.name != "gain"]) == 1


def test_a_long_file_in_blocks_is_what_memory_gives(pipeline, picture, tmp_path) -> None:
    sound = melody(8000, 12.0)
    path = tmp_path / "long.wav"
    sound.save(path)
    made = rest(pipeline, picture, "darken", path)
    made.save(tmp_path / "out.wav")
    held = made.audio().samples
    saved = Audio.read(tmp_path / "out.wav").samples
    assert held.shape == saved.shape
    assert np.abs(held - saved).max() < 1e-6


def test_the_same_again(pipeline, picture, tmp_path) -> None:
    path, first, second = (tmp_path / f"{n}.flac" for n in ("sound", "first", "second"))
    melody().save(path)
    rest(pipeline, picture, "darken", path, seed=5).save(first)
    rest(pipeline, picture, "darken", path, seed=5).save(second)
    assert first.read_bytes() == second.read_bytes()
    provenance = read_provenance(first)
    assert provenance is not None
    assert json.loads(json.dumps(provenance)) == provenance
    reproduce(provenance).save(tmp_path / "again.flac")
    assert (tmp_path / "again.flac").read_bytes() == first.read_bytes()
    beats().save(path, force=True)
    with pytest.raises(ModelError, match="another sound"):
        reproduce(provenance)
    path.unlink()
    with pytest.raises(ModelError, match="gone"):
        reproduce(provenance)
    for broken_one in ({}, provenance | {"chain": [{"effect": "no"}]}, provenance | {"frames": 0}):
        with pytest.raises(ModelError):
            reproduce({"job": "restyle"} | broken_one)


def test_own_rules(pipeline, picture) -> None:
    rules = tuple(rule for rule in read_rules() if rule.cue == "loudness")
    made = rest(pipeline, picture, "darken", melody(), rules=rules)
    assert {name for name, value in made.targets.values.items() if value} == {"loudness"}
    assert [each.name for each in made.effects] == ["gain"]


def test_silence_stays_and_says_so(pipeline, picture) -> None:
    silence = Audio(np.zeros((2, RATE), np.float32), RATE)
    with pytest.warns(UserWarning, match="silent"):
        made = pipeline(picture, edit(picture, "darken", 0.6), silence)
    assert equal(made.audio().samples, silence.samples)


def test_unrelated_pictures_are_told(pipeline, picture) -> None:
    rng = np.random.default_rng(8)
    other = Picture(rng.integers(0, 255, (90, 90, 3), dtype=np.uint8))
    with pytest.warns(UserWarning, match="unrelated 0"):
        pipeline(picture, other, melody(), effects=1, keep=FREE)


@pytest.mark.parametrize("rate", [8000, 192_000])
def test_short_sounds_at_extreme_rates(pipeline, picture, rate) -> None:
    sound = beats(rate, 0.05)
    made = rest(pipeline, picture, "darken", sound).audio()
    assert made.rate == rate
    assert made.samples.shape[1] >= sound.samples.shape[1]


def test_pictures_of_one_pixel(pipeline) -> None:
    dark, light = (Picture(np.full((1, 1, 3), v, np.uint8)) for v in (40, 220))
    made = rest(pipeline, dark, "darken", melody())
    assert made.rendering.frames >= 1
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        brighter = pipeline(dark, light, melody(), keep=FREE)
    assert brighter.targets.values["brightness"] > 0
    assert brighter.moved["brightness"] > 0


def test_what_cannot_be_done_is_refused(pipeline, picture, tmp_path) -> None:
    sound = melody()
    for wrong in (
        {"strength": 2.5},
        {"strength": float("nan")},
        {"prior": "other"},
        {"keep": ("timbre",)},
        {"effects": 0},
        {"seed": -1},
    ):
        with pytest.raises(OptionError, match=next(iter(wrong))):
            pipeline(picture, picture, sound, **wrong)
    with pytest.raises(MediaError, match="4000 Hz"):
        pipeline(picture, picture, Audio(np.zeros((1, 100), np.float32), 4000))
    with pytest.raises(MediaError, match="9 channels"):
        pipeline(picture, picture, Audio(np.zeros((9, 100), np.float32), RATE))
    with pytest.raises(MediaError, match="none.wav"):
        pipeline(picture, picture, tmp_path / "none.wav")
    with pytest.raises(MediaError, match="none.png"):
        pipeline(tmp_path / "none.png", picture, sound)
    with pytest.raises(ModelError, match="pocket"):
        sonolume.load("restyle", model=tmp_path)
    with pytest.raises(ModelError, match="memory"):
        reproduce(rest(pipeline, picture, "darken", sound).provenance)


def test_mutated_files_give_a_typed_error_or_a_result(pipeline, picture, tmp_path) -> None:
    good = tmp_path / "good.wav"
    beats(seconds=0.3).save(good)
    data, rng = good.read_bytes(), np.random.default_rng(0)
    path = Path(tmp_path / "bad.wav")
    refused = 0
    for _ in range(12):
        mutant = bytearray(data[: rng.integers(20, len(data))] if rng.random() < 0.5 else data)
        for at in rng.integers(0, 60, 3):
            mutant[min(at, len(mutant) - 1)] = int(rng.integers(0, 256))
        path.write_bytes(bytes(mutant))
        try:
            rest(pipeline, picture, "darken", path, effects=1, keep=FREE)
        except MediaError:
            refused += 1
    assert refused > 0
