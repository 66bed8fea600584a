"""The evaluation of guidance, on a guide whose faults are known, and its spreads."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn.functional import normalize

import sonolume
from sonolume.errors import ModelError, OptionError
from sonolume.evaluation.guide import evaluate_guide
from sonolume.evaluation.guide_spreads import fit, measure_slopes, measure_spreads
from sonolume.hub.spreads import read_spreads
from sonolume.hub.weights import sha256
from sonolume.media import Picture
from sonolume.pipelines.guide.prompts import Prompt
from sonolume.pipelines.guide.request import GuideRequest, embed_prompts
from sonolume.pipelines.guide.settings import GuideSettings


class Obedient:
    """Shows the pattern of what it is led to, grey noise when it is led nowhere or away."""

    def __init__(self, world) -> None:
        self.world, self.knowing = world, world.Knowing()
        self.made: list[tuple[float, int]] = []

    def request_for(self, prompts):
        (prompt,) = prompts
        if prompt.kind == "words":
            place = self.knowing.embed_words([prompt.value])[0]
        else:
            place = self.knowing.hear(prompt.value)
        return GuideRequest(tuple(prompts), (place,))

    def guide_many(self, requests, settings=None):
        return [self._guide(request, settings or GuideSettings()) for request in requests]

    def _guide(self, request, settings) -> Picture:
        weight = request.prompts[0].weight * bool(settings.scale)
        self.made.append((weight, request.seed))
        if weight > 0:
            slug = self.knowing.concepts[int(request.places[0].argmax())]
            return Picture(self.world.pattern(slug, request.seed % 3, settings.size))
        shade = 40 if weight else 128
        noise = np.random.default_rng(request.seed).integers(-30, 30, (settings.size,) * 2 + (3,))
        return Picture((shade + noise).astype(np.uint8))


SMALL = GuideSettings(size=64, steps=2)


def test_an_obedient_guide(data, judge, world) -> None:
    guide = Obedient(world)
    seen = []
    found = evaluate_guide(
        guide, judge, data, limit=2, guiding=SMALL, progress=lambda *done: seen.append(done)
    )
    assert found.metrics["words_gain"] > 3
    assert found.metrics["sound_gain"] > 3
    assert found.metrics["words_top1"] == found.metrics["sound_top1"] == 1.0
    assert set(found.metrics) == set(found.definitions)
    assert found.controls["scale_0_is_unguided"] == 1.0
    assert found.controls["words_gain_of_another_concept"] < found.metrics["words_gain"]
    assert set(found.tables["words_gain"]) == set(world.PAIRED)
    assert set(found.sheets) == {f"guided by {x}" for x in ("words", "sounds", "negative words")}
    # Two seeds: unguided twice, then four concepts by words, by sounds and away.
    assert found.settings["counts"] == {"concepts": 4, "seeds": 2, "guided": 4 + 3 * 8}
    assert seen[-1] == (28, 28)
    assert {seed for _, seed in guide.made} == {0, 1}


def test_a_deaf_guide_gains_nothing(data, judge, world) -> None:
    guide = Obedient(world)
    guide._guide = lambda request, settings: Picture(
        np.random.default_rng(request.seed).integers(0, 255, (64, 64, 3), np.uint8)
    )
    found = evaluate_guide(guide, judge, data, limit=2, guiding=SMALL)
    for name in ("words_gain", "sound_gain", "negative_words"):
        assert found.metrics[name] == pytest.approx(1.0)


def test_fewer_concepts_are_taken_evenly(data, judge, world) -> None:
    found = evaluate_guide(Obedient(world), judge, data, limit=1, concepts=2, guiding=SMALL)
    assert len(found.tables["words_gain"]) == 2


def test_it_takes_the_judge(data, world) -> None:
    with pytest.raises(ModelError, match="judge"):
        evaluate_guide(Obedient(world), None, data)


DIM = 24


def encoder() -> SimpleNamespace:
    """Pictures lie in the first half of the axes, and on one of the second."""
    project = torch.randn(DIM, 3 * 8 * 8, generator=torch.Generator().manual_seed(0)) / 8

    def embed(pictures: Tensor) -> Tensor:
        flat = torch.cat([pictures.flatten(1) @ project.T, torch.zeros(len(pictures), DIM)], 1)
        flat[:, DIM] = 3.0
        return normalize(flat, dim=-1)

    return SimpleNamespace(side=8, embed_pictures=embed, device=torch.device("cpu"))


def places(gap: float, seed: int) -> Tensor:
    """Prompts that lie off the pictures by a gap that none can cross."""
    draw = torch.Generator().manual_seed(seed)
    on = torch.randn(12, DIM, generator=draw)
    off = torch.zeros(12, DIM)
    off[:, 1] = gap  # orthogonal to every picture
    return normalize(torch.cat([on, off], 1), dim=-1)


def prior() -> SimpleNamespace:
    def denoise(x: Tensor, t: Tensor) -> Tensor:
        t = t.view(-1, 1, 1, 1)
        return t * x / (t**2 + (1 - t) ** 2)

    device = torch.device("cpu")
    return SimpleNamespace(shape=(3, 8, 8), look=lambda x: x, denoise=denoise, device=device)


def test_spreads_bring_slopes_of_kinds_together() -> None:
    kinds = {"words": places(0.5, 1), "sound": places(20.0, 2)}
    spreads = measure_spreads(prior(), encoder(), kinds)
    raw = measure_slopes(prior(), encoder(), kinds, {})
    even = measure_slopes(prior(), encoder(), kinds, spreads)
    assert raw["words"] > 2.5 * raw["sound"]
    assert even["words"] == pytest.approx(even["sound"], rel=0.3)


@pytest.mark.filterwarnings("ignore:no word of")
def test_fitted_spreads_are_used_and_found_beside_the_weights(
    tiny_pocket, data, world, tmp_path
) -> None:
    guide = sonolume.load("guide", tiny_pocket)
    shared = tmp_path / "data"
    shared.mkdir()
    world.write_sounds(shared / "sounds", ["dog", "waves"], "train")
    (shared / "pictures").symlink_to(data / "pictures")
    found = fit(guide, shared, tmp_path / "guide-spreads.json")
    assert guide.encoder.spreads == found.kinds
    assert read_spreads(tmp_path) == found
    assert set(found.kinds) == {"words", "sound", "picture"}
    assert set(found.weights) == {"joint-words", "joint-sound", "joint-picture"}
    with pytest.raises(OptionError, match="exists"):
        fit(guide, shared, tmp_path / "guide-spreads.json")


def test_seeds_are_shared_by_all_concepts(data, judge, world) -> None:
    guide = Obedient(world)
    evaluate_guide(guide, judge, data, limit=2, seed=7, guiding=replace(SMALL, steps=1))
    assert {seed for _, seed in guide.made} == {7, 8}


@pytest.mark.slow
@pytest.mark.skipif(not read_spreads().kinds, reason="no spreads in this installation")
def test_shipped_spreads_let_words_and_sounds_pull_alike() -> None:
    guide = sonolume.load("guide")
    sounds = sorted((Path(__file__).parents[2] / "examples" / "sounds").glob("*.flac"))
    given = {
        "words": [Prompt("words", path.stem) for path in sounds],
        "sound": [Prompt("sound", path) for path in sounds],
    }
    kinds = {
        kind: torch.stack(embed_prompts(guide.encoder, some)[1]) for kind, some in given.items()
    }
    found = measure_slopes(guide.prior, guide.encoder, kinds, guide.encoder.spreads)
    assert 1 / 1.5 < found["sound"] / found["words"] < 1.5


@pytest.mark.skipif(not read_spreads().kinds, reason="no spreads in this installation")
def test_shipped_spreads_were_measured_with_the_shipped_weights() -> None:
    """If not: sonolume evaluate guide --data FOLDER --fit-spreads FILE --force."""
    assert read_spreads().weights == {name: sha256(name) for name in read_spreads().weights}
