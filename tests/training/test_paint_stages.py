"""The painting stages: what hears learns, the base stays, the export is a painter."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from sonolume.diffusion.flow import velocity_loss
from sonolume.errors import OptionError
from sonolume.hub.painter import load_base, load_painter
from sonolume.models.audio_tokens import AudioTokens, AudioTokensConfig
from sonolume.training.context import Context
from sonolume.training.loop import train
from sonolume.training.recipes import find_recipe, read_stage
from sonolume.training.settings import LoopSettings
from sonolume.training.stages.paint_adapter import PaintSettings
from sonolume.training.stages.paint_align import repeated
from sonolume.training.stages.paint_denoise import level_overlap, temperature
from sonolume.training.stages.registry import STAGES, build

LOOP = LoopSettings(steps=6, rate=1e-2, decay=0.0, warmup=1, average=0.5, precision="fp32")


def table(name: str) -> dict[str, Any]:
    return read_stage(find_recipe("tiny"), name, STAGES)[0]


@pytest.fixture(scope="module")
def models(tiny: Any) -> Path:
    """All that the painting stages build upon, random."""
    folder: Path = tiny.models
    for name in ("joint.sound", "joint.picture", "base"):
        stage: Any = build(name, Context(tiny.data, models=folder), table(name))
        for parameter in stage.model.parameters():
            if not parameter.any():  # through layers of zeros no gradient passes
                torch.nn.init.normal_(parameter, std=0.1)
        stage.export(folder)
    return folder


@pytest.mark.parametrize("name", ["paint.align", "paint.denoise", "paint.refine"])
def test_what_hears_learns_and_the_base_stays(
    name: str, tiny: Any, models: Path, tmp_path: Path
) -> None:
    teachers = tiny.teachers if "teachers" in STAGES[name].reads else None
    stage: Any = build(name, Context(tiny.data, teachers=teachers, models=models), table(name))
    base = {k: p.detach().clone() for k, p in stage.denoiser.base_parameters().items()}
    heard = {k: p.detach().clone() for k, p in stage.model.named_parameters()}
    export = train(stage, LOOP, tmp_path, quiet=True)
    assert all(torch.equal(p, base[k]) for k, p in stage.denoiser.base_parameters().items())
    still = [k for k, p in stage.model.named_parameters() if torch.equal(p, heard[k])]
    if name == "paint.align":  # only the tokens are trained, without their levels
        still = [k for k in still if k.startswith("tokens.projector")]
    assert still == []
    painter, tokens = load_painter(export, models)
    assert painter.config == stage.denoiser.config
    torch.testing.assert_close(
        load_base(models).state_dict()["patch_out.weight"], painter.patch_out.weight
    )
    assert tokens.tokens(torch.randn(1, 512)).shape == (1, 77, stage.settings.hear.context)
    assert (tmp_path / "validation-00000006" / "samples.png").exists()


def test_distillation_is_zero_where_sound_adds_nothing_to_the_whole(
    tiny: Any, models: Path
) -> None:
    stage: Any = build("paint.denoise", Context(tiny.data, models=models), table("paint.denoise"))
    batch = stage.batch(np.random.default_rng(0))
    x, t, clean = stage.predict(batch)  # gates are closed: what the words paint by themselves
    _, same = stage.losses({**batch, "whole": batch["words"]}, x, t, clean)
    flow, other = stage.losses(batch, x, t, clean)
    assert same.detach().item() == pytest.approx(0, abs=1e-9)
    assert other > 0
    share = stage.settings.distil
    torch.testing.assert_close(stage.mixed(flow, other), (1 - share) * flow + share * other)


def test_a_sound_alone_speaks_and_the_gated_modules_rest(tiny: Any, models: Path) -> None:
    given = table("paint.denoise")
    given["hear"] = {**given.get("hear", {}), "speaks": 5}
    stage: Any = build("paint.denoise", Context(tiny.data, models=models), given)
    batch = stage.batch(np.random.default_rng(0))
    hear = stage.model.tokens
    everything = {**batch, "alone": torch.ones_like(batch["alone"])}
    x, t, clean = stage.predict(everything)
    said = hear.spoken(hear.tokens(stage.hear(batch)))
    torch.testing.assert_close(clean, stage.denoiser(x, t, said), atol=1e-5, rtol=1e-4)
    sum(stage.losses(everything, x, t, clean)).backward()
    assert hear.projector.into.weight.grad.any()
    gates = [block.audio.gate.grad for block in stage.denoiser.layers]
    assert all(gate is None or gate == 0 for gate in gates)


@pytest.mark.parametrize("speaks", [-1, 33])
def test_a_sound_speaks_no_longer_than_words(speaks: int) -> None:
    with pytest.raises(OptionError, match=rf"hear.speaks {speaks}: expected 0 to longest.*32"):
        PaintSettings(hear=AudioTokensConfig(speaks=speaks))


def test_photos_that_are_not_true_count_only_for_distillation(tiny: Any, models: Path) -> None:
    stage: Any = build("paint.denoise", Context(tiny.data, models=models), table("paint.denoise"))
    batch = stage.batch(np.random.default_rng(0))
    x, t, clean = stage.predict(batch)
    none = torch.zeros_like(batch["true"])
    assert stage.losses({**batch, "true": none}, x, t, clean)[0] == 0
    first = none.clone()
    first[0] = True
    expected = velocity_loss(clean[:1], batch["pictures"][:1], t[:1]).mean() / len(x)
    found = stage.losses({**batch, "true": first}, x, t, clean)[0]
    torch.testing.assert_close(found, expected)


def test_a_name_is_said_until_every_token_is_spoken_for() -> None:
    states = torch.randn(2, 9, 4)
    states[0, 3:] = 0
    said = repeated(states)
    assert said.shape == (2, 77, 4)
    for row, length in ((0, 3), (1, 9)):
        expected = torch.cat([states[row, :length]] * 26)[:77]
        assert torch.equal(said[row], expected)


def test_refine_needs_teachers(tiny: Any, models: Path) -> None:
    with pytest.raises(OptionError, match="paint.refine needs --teachers FOLDER"):
        build("paint.refine", Context(tiny.data, models=models), table("paint.refine"))


def test_temperature_falls_from_two_to_a_half() -> None:
    assert temperature(0.0) == temperature(0.1) == 2.0
    assert temperature(0.55) == pytest.approx(1.25)
    assert temperature(1.0) == pytest.approx(0.5)


def test_level_overlap_is_zero_for_hard_and_one_for_even_assignments() -> None:
    assert level_overlap(torch.eye(3)) == pytest.approx(0.0, abs=1e-6)
    assert level_overlap(torch.full((5, 3), 1 / 3)) == pytest.approx(1.0, abs=1e-6)
    blurred = [level_overlap((torch.eye(3) * k).softmax(1)) for k in (8.0, 4.0, 2.0, 1.0)]
    assert blurred == sorted(blurred)


@torch.no_grad()
def test_loudness_is_what_the_tokens_measure() -> None:
    torch.manual_seed(0)
    tokens = AudioTokens(AudioTokensConfig(context=24, width=32, depth=1, heads=2))
    made = tokens.tokens(F.normalize(torch.randn(3, 512), dim=-1))
    assert tokens.config.loudness == pytest.approx(float(made.square().mean().sqrt()), rel=1e-4)
