"""The evaluation of generated sounds, on the small world where a concept is a tone."""

from __future__ import annotations

import json
import math
import shutil
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from safetensors.torch import save_file

from sonolume.cli.main import main
from sonolume.data.concepts import concepts
from sonolume.errors import DataError, OptionError
from sonolume.evaluation.frechet import frechet_distance
from sonolume.evaluation.judge import PLACE
from sonolume.evaluation.sound import LENGTH, _cut, evaluate_sound, most_heard
from sonolume.evaluation.sound_judge import NET, SoundJudge, judged_concepts, load_sound_judge
from sonolume.hub import weights
from sonolume.media import Audio
from sonolume.models.sound_generator import SoundGenerator, SoundGeneratorConfig
from sonolume.models.teachers import AudioSetMn04
from sonolume.models.vocoder import Vocoder, VocoderConfig

RATE = 16_000
KNOWN = list(judged_concepts())
SLUGS = ("dog", "train", "waves", "guitar", "rain")


def tone(slug: str, seconds: float) -> NDArray[np.float32]:
    """The tone of a concept, as the small world's recordings have it."""
    places = [concept.slug for concept in concepts()]
    time = np.arange(round(seconds * RATE)) / RATE
    return (0.3 * np.sin(2 * np.pi * (100 + 100 * places.index(slug)) * time)).astype(np.float32)


class Tones:
    """A judge that is right by construction: features and scores are of the loudest frequency."""

    def features(self, sounds: NDArray[np.float32]) -> NDArray[np.float32]:
        rows = []
        for row in sounds:
            power = np.abs(np.fft.rfft(row))
            place = (np.fft.rfftfreq(len(row), 1 / RATE)[power.argmax()] - 100) / 100
            rows.append(10 - np.abs(np.arange(len(concepts())) - place))
        return np.array(rows, np.float32)

    def scores(self, features: NDArray[np.float32]) -> NDArray[np.float32]:
        places = [concept.slug for concept in concepts()]
        return features[:, [places.index(slug) for slug in KNOWN]]

    def places(self, slugs: Sequence[str]) -> NDArray[np.int64]:
        return np.array([KNOWN.index(slug) for slug in slugs], np.int64)


class Singer:
    """A maker that sings what it is asked for, `wrong` places off."""

    def __init__(self, wrong: int = 0) -> None:
        torch.manual_seed(0)
        self.wrong, self.vocoder = wrong, Vocoder(VocoderConfig(8, 1, 8)).eval()
        self.seeds: list[int] = []

    def say(self, texts: list[str], /) -> torch.Tensor:
        names = [concept.name for concept in concepts()]
        return torch.tensor([[names.index(text) + self.wrong] for text in texts])

    def draw(self, embeddings: torch.Tensor, seeds: Sequence[int], /) -> list[Audio]:
        self.seeds += seeds
        all_of = concepts()
        slugs = [all_of[int(row) % len(all_of)].slug for row in embeddings]
        return [Audio(tone(slug, 1.0)[None], RATE) for slug in slugs]


@pytest.fixture(scope="module")
def heard(world: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two clips of each of five concepts, to learn from and to validate on."""
    folder = tmp_path_factory.mktemp("heard")
    for split in ("train", "validation"):
        world.write_sounds(folder / "sounds", SLUGS, split)
    return folder


def test_who_sings_what_was_asked_for_is_known(heard: Path) -> None:
    singer = Singer()
    result = evaluate_sound(singer, Tones(), heard, limit=3, concepts=4, seed=2)
    assert result.metrics["words_top1"] == result.metrics["words_top5"] == 1
    assert result.controls["real_top1"] == 1
    assert result.controls["words_top1_shuffled"] < 1
    assert result.metrics["fad"] < result.controls["other_concepts_fad"]
    assert result.settings["counts"] == {"concepts": 4, "generated": 12, "real": 8}
    assert singer.seeds == list(range(24, 36))
    assert set(result.tables["words_top1"]) == {"dog", "guitar", "rain", "train"}
    named = result.metrics.keys() | result.controls.keys()
    assert set(result.definitions) - named == {"within_concept_distance"}
    assert result.skipped == ["within_concept_distance: no concept has two different sounds"]


def test_who_sings_something_else_is_not(heard: Path) -> None:
    result = evaluate_sound(Singer(wrong=7), Tones(), heard, limit=1, concepts=4)
    assert result.metrics["words_top1"] == 0
    assert result.metrics["fad"] > 1
    controls = {name.removesuffix("_fad") for name in result.controls if name.endswith("_fad")}
    assert controls == {
        "vocoded", "griffin_lim", "silence", "white_noise", "training_clips", "other_concepts",
    }  # fmt: skip


class Unsteady(Singer):
    """Told by one-hot rows; sings rightly on every third seed only, and hears what it has sung."""

    def say(self, texts: list[str], /) -> torch.Tensor:
        return torch.eye(len(concepts()))[super().say(texts)[:, 0]]

    def draw(self, embeddings: torch.Tensor, seeds: Sequence[int], /) -> list[Audio]:
        wrong = torch.tensor([0 if seed % 3 == 1 else 9 for seed in seeds])
        return super().draw((embeddings.argmax(1) + wrong)[:, None], seeds)

    def embed_words(self, texts: list[str]) -> torch.Tensor:
        return self.say(texts)

    def embed_audio(self, sound: Audio) -> torch.Tensor:
        return torch.from_numpy(Tones().features(sound.samples)[0])


def test_the_take_that_is_most_alike_is_kept(heard: Path) -> None:
    single = evaluate_sound(Unsteady(), Tones(), heard, limit=3, concepts=4)
    assert 0 < single.metrics["words_top1"] < 0.5
    maker = Unsteady()
    best = evaluate_sound(maker, Tones(), heard, limit=3, concepts=4, takes=3, likeness=maker)
    assert best.metrics["words_top1"] == 1
    assert maker.seeds == list(range(36))
    with pytest.raises(OptionError, match="2 takes; expected 1, or more and a likeness"):
        evaluate_sound(Singer(), Tones(), heard, takes=2)


def test_training_clips_are_nearest(heard: Path) -> None:
    controls = evaluate_sound(Singer(), Tones(), heard, limit=2, concepts=4).controls
    others = [v for k, v in controls.items() if k.endswith("_fad") and k != "training_clips_fad"]
    assert controls["training_clips_fad"] == pytest.approx(0, abs=1e-3)
    assert min(controls[f"{k}_fad"] for k in ("white_noise", "other_concepts", "silence")) > 1
    assert len(others) == 5


def test_one_concept_is_too_few(world: Any, tmp_path: Path) -> None:
    world.write_sounds(tmp_path / "sounds", ["dog", "can"])
    with pytest.raises(DataError, match="1 judged concepts"):
        evaluate_sound(Singer(), Tones(), tmp_path)


def test_concepts_with_most_clips_are_taken_the_alphabet_decides() -> None:
    assert most_heard(["b", "c", "a", "c", "b", "d"], 3) == ["a", "b", "c"]
    assert most_heard(["b", "c", "a"], 2) == ["a", "b"]
    assert most_heard([], 2) == []


def test_short_clips_are_repeated_if_they_last_and_padded_if_not() -> None:
    from sonolume.data.shards import Clip

    lasting = tone("dog", 1.0)
    dying = lasting * np.exp(-np.arange(RATE) / 1600).astype(np.float32)
    clips = [Clip("k", "dog", "train", "k", "cc0", x) for x in (lasting, dying)]
    repeated, padded = _cut(clips)
    assert repeated.shape == padded.shape == (LENGTH,)
    assert np.abs(repeated[-RATE // 2 :]).max() > 0.1
    assert np.ptp(padded[-RATE // 2 :]) < 1e-3
    assert _cut([]).shape == (0, LENGTH)


def test_frechet_distance_of_a_shift_and_a_scale() -> None:
    """Same draw, moved by m and widened by s: |m|² + (s − 1)² tr C, exactly."""
    a = np.random.default_rng(0).normal(0, 1, (50, 4)).astype(np.float32)
    b = (a - a.mean(0)) * 3 + a.mean(0) + 2
    expected = 4 * 2**2 + (3 - 1) ** 2 * np.trace(np.cov(a.T.astype(float)))
    assert frechet_distance(a, b.astype(np.float32)) == pytest.approx(expected, rel=1e-4)
    assert frechet_distance(a, a) == pytest.approx(0, abs=1e-4)


def test_frechet_distance_agrees_with_scipy_also_below_full_rank() -> None:
    from scipy.linalg import sqrtm

    rng = np.random.default_rng(1)
    for count in (200, 5):
        a = rng.normal(0, 1, (count, 8)).astype(np.float32)
        b = (rng.normal(0.3, 2, (count, 8)) @ rng.normal(size=(8, 8))).astype(np.float32)
        first, second = (np.cov(x.T.astype(float)) for x in (a, b))
        # The square root of C1 C2 has the trace of that of the symmetric product.
        values, vectors = np.linalg.eigh(first)
        root = vectors @ np.diag(np.sqrt(np.maximum(values, 0))) @ vectors.T
        inner = root @ second @ root + 1e-12 * np.eye(8)
        shared = float(np.trace(sqrtm(inner).real))
        moved = float(np.square(a.mean(0, dtype=float) - b.mean(0, dtype=float)).sum())
        expected = moved + np.trace(first) + np.trace(second) - 2 * shared
        assert frechet_distance(a, b) == pytest.approx(expected, rel=1e-3)


def test_frechet_distance_refuses_what_is_no_set() -> None:
    good = np.zeros((3, 2), np.float32)
    with pytest.raises(DataError, match="dimensions"):
        frechet_distance(good, np.zeros((3, 4), np.float32))
    for bad in (np.zeros((1, 2), np.float32), np.full((3, 2), math.nan, np.float32)):
        with pytest.raises(DataError):
            frechet_distance(good, bad)


def test_every_judged_concept_is_heard_and_has_classes_of_its_own() -> None:
    audible = {concept.slug for concept in concepts() if concept.heard}
    assert audible - set(KNOWN) == {"can", "drinking", "washing-machine"}
    assert set(KNOWN) <= audible
    classes = [number for numbers in judged_concepts().values() for number in numbers]
    assert len(classes) == len(set(classes))
    assert all(0 <= number < 527 for number in classes)


@pytest.fixture(scope="module")
def nets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An untrained AudioSet net."""
    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("nets")
    save_file(AudioSetMn04().state_dict(), folder / f"{NET}.safetensors")
    return folder


def test_the_judge_hears_no_level_and_names_by_the_likeliest_class(nets: Path) -> None:
    judge = load_sound_judge(nets)
    sounds = np.stack([tone("dog", 1.0), tone("rain", 1.0), 0.01 * tone("dog", 1.0)])
    features = judge.features(sounds)
    assert features.shape == (3, 384)
    np.testing.assert_allclose(features[0], features[2], rtol=1e-3, atol=1e-4)
    assert judge.features(sounds[:0]).shape == (0, 384)
    with torch.no_grad():
        logits = judge.net.classify(torch.from_numpy(features)).numpy()
    column = judge.places(["dog"])[0]
    expected = logits[:, judged_concepts()["dog"]].max(1)
    np.testing.assert_allclose(judge.scores(features)[:, column], expected, rtol=1e-6)
    assert isinstance(judge, SoundJudge)


def test_the_command_from_weights_to_figures(
    heard: Path, nets: Path, tiny_pocket: Path, tmp_path: Path, capsys: Any
) -> None:
    models = tmp_path / "models"
    shutil.copytree(tiny_pocket, models)
    shape = SoundGeneratorConfig(frames=48, width=32, depth=1, heads=2, rank=8, seams=4)
    vocoder = Vocoder(VocoderConfig(8, 1, 8))
    facts = {"config": asdict(shape)}
    weights.save("sound-generator", SoundGenerator(shape).state_dict(), facts, models)
    weights.save("vocoder", vocoder.state_dict(), {"config": asdict(vocoder.config)}, models)
    out = tmp_path / "out"
    options = ["--data", heard, "--teachers", nets, "--model", models, "--out", out]
    options += ["--limit", 1, "--concepts", 3, "--steps", 2, "--json"]
    assert main([str(word) for word in ("evaluate", "sound", *options)]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["job"] == "sound"
    assert 0 <= found["metrics"]["words_top1"] <= 1
    assert len(found["settings"]["models"]) == 5
    assert json.loads((out / "evaluation.json").read_text()) == found


def test_without_the_net_there_is_one_line(
    heard: Path, capsys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(PLACE, raising=False)
    assert main(["evaluate", "sound", "--data", str(heard)]) == 2
    assert f"sounds are judged by {NET}" in capsys.readouterr().err
