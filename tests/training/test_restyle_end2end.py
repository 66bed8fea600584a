"""The stage `restyle.end2end`, and the engine that hears by what it learnt."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from tests.tiny_training import fitted

from sonolume.data.restyle_table import read_pairs
from sonolume.errors import DataError, ModelError, OptionError
from sonolume.hub import style, weights
from sonolume.hub.generator import load_generator
from sonolume.hub.joint import load_joint
from sonolume.models.film import installed
from sonolume.pipelines.restyle.engine.parts import style_of
from sonolume.pipelines.restyle.engine.pocket import load_pocket_generator
from sonolume.training.context import Context
from sonolume.training.edit_deltas import EditDeltas, read_edit_deltas
from sonolume.training.loop import train
from sonolume.training.recipes import find_recipe, read_stage
from sonolume.training.rendered_pairs import RenderedPairs
from sonolume.training.settings import LoopSettings, from_table
from sonolume.training.stages.registry import STAGES, build
from sonolume.training.stages.restyle_end2end import EndToEndSettings, RestyleEndToEnd

NAME = "restyle.end2end"
LOOP = LoopSettings(
    steps=4, rate=3e-3, decay=0.0, warmup=1, average=0.5, precision="fp32", log_every=1
)


@pytest.fixture(scope="module")
def data(tiny: Any, takes: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The photos of the tiny data, and the sounds that the pairs were made of."""
    folder = tmp_path_factory.mktemp("both")
    (folder / "pictures").symlink_to(tiny.data / "pictures")
    for take in takes.glob("*.wav"):
        (folder / take.name).symlink_to(take)
    return folder


@pytest.fixture(scope="module")
def deltas(data: Path) -> EditDeltas:
    return read_edit_deltas(data, 1)


@pytest.fixture(scope="module")
def models(tiny: Any, pairs_folder: Path, tiny_sounds: Path, tmp_path_factory: Any) -> Path:
    """Towers, generator, vocoder, and untrained heads and map."""
    folder: Path = tmp_path_factory.mktemp("models")
    for path in tiny_sounds.glob("*.safetensors"):
        (folder / path.name).write_bytes(path.read_bytes())
    for name in ("restyle.heads", "restyle.map"):
        table = read_stage(find_recipe("tiny"), name, STAGES)[0]
        reads = {"aids": pairs_folder, "models": folder}
        given = {key: value for key, value in reads.items() if key in STAGES[name].reads}
        build(name, Context(tiny.data, **given), table).export(folder)
    return folder


Make = Callable[..., RestyleEndToEnd]


@pytest.fixture(scope="module")
def stage(data: Path, deltas: EditDeltas, pairs_folder: Path, models: Path) -> Make:
    table = read_stage(find_recipe("tiny"), NAME, STAGES)[0]
    pairs = read_pairs(pairs_folder)

    def make(folder: Path = models, **more: object) -> RestyleEndToEnd:
        settings = from_table(EndToEndSettings, table | more, "test")
        return RestyleEndToEnd(pairs, data, deltas, settings, folder)

    return make


@pytest.fixture
def made(stage: Make) -> RestyleEndToEnd:
    return stage()


def test_only_map_modulation_and_low_rank_changes_are_trained(
    made: RestyleEndToEnd, tmp_path: Path
) -> None:
    trained = {k for k, p in made.model.named_parameters() if p.requires_grad}
    assert {name.split(".")[0] for name in trained} == {"map", "film", "generator"}
    assert all("lora" in name for name in trained if name.startswith("generator"))
    before = {k: p.detach().clone() for k, p in made.model.named_parameters()}
    train(made, LOOP, tmp_path / "run", quiet=True)
    moved = {k for k, p in made.model.named_parameters() if not torch.equal(p, before[k])}
    assert moved <= trained
    assert {"map", "film", "generator"} == {name.split(".")[0] for name in moved}


def test_the_loss_falls_and_figures_are_finite(made: RestyleEndToEnd, tmp_path: Path) -> None:
    torch.manual_seed(0)
    batch = made.batch(np.random.default_rng(0))
    losses, figures = fitted(made, batch, 16)
    assert set(figures) == {
        "pseudo", "manifold", "identity", "monotonic",
        "flow", "stft", "preserve", "coherence", "consistency", "order",
    }  # fmt: skip
    assert all(math.isfinite(value) for value in figures.values())
    assert np.mean(losses[-3:]) < np.mean(losses[:3])
    with torch.no_grad():
        told = made.validate(tmp_path)
    assert all(math.isfinite(value) for value in told.values())


def test_a_picture_that_did_not_change_asks_for_the_sound_itself(made: RestyleEndToEnd) -> None:
    batch = made.batch(np.random.default_rng(1))
    still = batch["still"]
    assert int(still.sum()) == made.settings.same
    assert torch.equal(batch["after"][still], batch["before"][still])
    for name in ("seen", "hard", "wanted", "evidence"):
        assert not batch[name][still].any()
    assert (batch["after"][~still] != batch["before"][~still]).any()
    gains = made.model.heads(batch, torch.ones(len(still)))[1]
    assert not gains[still].any()


def test_each_term_can_be_left_out(stage: Make) -> None:
    """A weight of zero takes exactly its term out of the sum."""
    whole = stage()
    batch = whole.batch(np.random.default_rng(0))
    torch.manual_seed(0)
    total, terms = whole.loss(batch, 0, 0.0)
    for name, value in terms.items():
        less = stage(**{f"{name}_weight": 0.0})
        less.model.load_state_dict(whole.model.state_dict())
        torch.manual_seed(0)
        share = getattr(whole.settings, f"{name}_weight") * float(value)
        left = float(less.loss(batch, 0, 0.0)[0].detach())
        assert left == pytest.approx(float(total.detach()) - share, rel=1e-3, abs=1e-3)


def test_what_was_exported_moves_the_engine(
    made: RestyleEndToEnd, models: Path, tmp_path: Path
) -> None:
    for parameter in made.model.parameters():
        if parameter.requires_grad and not parameter.any():
            torch.nn.init.normal_(parameter, std=0.3)
    for path in models.glob("*.safetensors"):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    made.export(tmp_path)
    assert weights.load(style.FILM, tmp_path)[1]["commercial"] is False
    engine = load_pocket_generator(load_joint(tmp_path), tmp_path)
    plain = load_pocket_generator(load_joint(models), models)
    assert engine.modulation is not None
    assert plain.modulation is None
    assert engine.guidance == 1
    samples = torch.sin(torch.arange(8000) / 5)
    with torch.inference_mode():
        source, target = engine.conditions(samples, style_of({"brightness": -2.0}))
        still = engine.conditions(samples, style_of({}))
        x = torch.randn(len(source[0]), 64, engine.window)
        t = torch.full((len(x),), 0.5)
        assert not source[2].any()
        assert not still[1][2].any()
        assert bool(target[2].any())
        # The modulation as trained, with its low-rank changes merged instead of beside.
        tokens, gains = target[1:]
        trained = made.model(x, t, target[0], tokens, gains)
        torch.testing.assert_close(engine.predict(x, t, target), trained, atol=0.05, rtol=0.05)
        assert not torch.allclose(engine.predict(x, t, target), plain.predict(x, t, target[:1]))


def test_weights_of_another_generator_are_refused(
    made: RestyleEndToEnd, models: Path, tmp_path: Path
) -> None:
    for path in models.glob("*.safetensors"):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    made.export(tmp_path)
    generator = load_generator(tmp_path)
    tensors, facts = weights.load("sound-generator", tmp_path)
    weights.save("sound-generator", {k: v + 1 for k, v in tensors.items()}, facts, tmp_path)
    with pytest.raises(ModelError, match="trained with another sound-generator"):
        style.load_film(generator, tmp_path)
    installed(made.model.film, [])


def test_what_cannot_be_trained_is_told(data: Path, stage: Make, models: Path) -> None:
    with pytest.raises(OptionError, match="palette moves, the recipe asks for seven"):
        stage(palette="seven")
    with pytest.raises(OptionError, match="no pairs are given"):
        build(NAME, Context(data, models=models), {})
    with pytest.raises(ModelError, match="restyle-heads"):
        stage(weights.FOLDER)


def test_a_generator_of_longer_sounds_than_the_pairs_is_refused(
    stage: Make, models: Path, tmp_path: Path
) -> None:
    for path in models.glob("*.safetensors"):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    tensors, facts = weights.load("sound-generator", tmp_path)
    longer = {**facts, "config": {**facts["config"], "frames": 800}}
    weights.save("sound-generator", tensors, longer, tmp_path)
    with pytest.raises(DataError, match="shorter than the generator's 800"):
        stage(tmp_path)


def test_pairs_are_rendered_as_they_were_heard(data: Path, pairs_folder: Path, tiny: Any) -> None:
    """Frames of 10 ms, pooled, are the frames of 20 ms that the pairs hold."""
    pairs = read_pairs(pairs_folder)
    rows = pairs.of("train")[:6]
    before, after = RenderedPairs(pairs, data, rows)(rows)
    assert before.shape == after.shape == (6, 64, 501)
    for mels, kept in ((before, pairs.before_mels[pairs.stretch[rows]]), (after, pairs.mels[rows])):
        pooled = torch.nn.functional.avg_pool1d(mels, 2)
        assert float((pooled - kept.float()).abs().mean()) < 0.02
    with pytest.raises(DataError):
        RenderedPairs(pairs, tiny.data, rows)
