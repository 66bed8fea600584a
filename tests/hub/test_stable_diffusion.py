"""Folders of Stable Diffusion: whole ones, broken ones, ones of other families."""

import json
import shutil
import struct
from pathlib import Path

import pytest
import torch
from diffusers import DDIMScheduler, StableDiffusionPipeline

from sonolume.errors import ModelError
from sonolume.hub.layout import STABLE_DIFFUSION, copy, hashes, require, write_index
from sonolume.hub.stable_diffusion import load_stable_diffusion, read_schedule

CPU = torch.device("cpu")


@pytest.fixture
def model(tiny_diffusion, tmp_path) -> Path:
    """A copy that may be spoilt."""
    copy(tiny_diffusion, tmp_path / "model", STABLE_DIFFUSION)
    return tmp_path / "model"


def load(folder: Path) -> object:
    return load_stable_diffusion(folder, CPU, torch.float32)


def change(path: Path, **values: object) -> None:
    path.write_text(json.dumps({**json.loads(path.read_text()), **values}))


def test_everything_is_frozen(model, capfd) -> None:
    found = load(model)
    for net in (found.unet, found.vae, found.words.model):
        assert not net.training
        assert not any(p.requires_grad for p in net.parameters())
    assert capfd.readouterr() == ("", "")  # no progress bars


@pytest.mark.parametrize("prediction", ["epsilon", "v_prediction"])
@pytest.mark.parametrize("beta_schedule", ["scaled_linear", "linear", "squaredcos_cap_v2"])
def test_the_schedule_is_that_of_diffusers(model, prediction, beta_schedule) -> None:
    scheduler = DDIMScheduler(
        beta_start=0.001, beta_end=0.01, beta_schedule=beta_schedule, prediction_type=prediction
    )
    scheduler.save_pretrained(model / "scheduler")
    alphas, found = read_schedule(model / "scheduler" / "scheduler_config.json")
    assert found == prediction
    assert torch.equal(alphas, scheduler.alphas_cumprod)


@pytest.mark.parametrize(
    "path", [f"{part}/{name}" for part, names in STABLE_DIFFUSION.items() for name in names]
)
def test_a_missing_file_is_named(model, path) -> None:
    (model / path).unlink()
    with pytest.raises(ModelError, match=f"model: no {path} in it; give a whole model folder"):
        load(model)


def test_a_pickle_is_not_enough(model) -> None:
    weights = model / "unet" / "diffusion_pytorch_model.safetensors"
    torch.save({}, weights.with_suffix(".bin"))
    weights.unlink()
    with pytest.raises(ModelError, match=r"no unet/diffusion_pytorch_model\.safetensors in it"):
        load(model)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda path: path.write_bytes(b""),
        lambda path: path.write_bytes(path.read_bytes()[:-100]),
        lambda path: path.write_bytes(struct.pack("<Q", 2**40) + b"{}"),
        lambda path: path.write_bytes(b"version https://git-lfs.github.com/spec/v1\n"),
    ],
)
@pytest.mark.parametrize("part", ["unet/diffusion_pytorch_model", "text_encoder/model"])
def test_broken_weights_are_one_line(model, part, spoil) -> None:
    spoil(model / f"{part}.safetensors")
    with pytest.raises(ModelError, match=r"model: cannot be loaded \(.+\); fetch it again") as told:
        load(model)
    assert "\n" not in str(told.value)


@pytest.mark.parametrize("text", ["", "[]", "{", '{"beta_schedule": "other"}'])
def test_a_broken_schedule_is_refused(model, text) -> None:
    (model / "scheduler" / "scheduler_config.json").write_text(text)
    with pytest.raises(ModelError, match=r"scheduler_config\.json: (cannot be loaded|not a conf)"):
        load(model)


@pytest.mark.parametrize("changes", [{"in_channels": 9}, {"addition_embed_type": "text_time"}])
def test_other_families_are_refused(model, changes) -> None:
    change(model / "unet" / "config.json", **changes)
    with pytest.raises(ModelError, match=r"model: not Stable Diffusion 1\.x or 2\.x as painted"):
        load(model)


def test_a_text_encoder_of_another_width_is_refused(model) -> None:
    from transformers import CLIPTextConfig, CLIPTextModel

    shutil.rmtree(model / "text_encoder")
    other = CLIPTextConfig(
        vocab_size=99, hidden_size=16, intermediate_size=16, num_hidden_layers=1,
        num_attention_heads=2, bos_token_id=1, eos_token_id=2, pad_token_id=2,
    )  # fmt: skip
    CLIPTextModel(other).save_pretrained(model / "text_encoder")
    message = "gives 77 tokens of width 16; the U-Net reads 77 of width 32"
    with pytest.raises(ModelError, match=message):
        load(model)


def test_a_copy_has_the_same_hashes_and_leaves_the_rest(tiny_diffusion, tmp_path) -> None:
    (tmp_path / "source").mkdir()
    copy(tiny_diffusion, tmp_path / "source", STABLE_DIFFUSION)
    (tmp_path / "source" / "unet" / "diffusion_pytorch_model.bin").write_bytes(b"pickle")
    copy(tmp_path / "source", tmp_path / "target", STABLE_DIFFUSION)
    require(tmp_path / "target", STABLE_DIFFUSION)
    assert list((tmp_path / "target").rglob("*.bin")) == []
    assert hashes(tmp_path / "target", STABLE_DIFFUSION) == hashes(tiny_diffusion, STABLE_DIFFUSION)
    assert len(hashes(tiny_diffusion, STABLE_DIFFUSION)) == 3


@pytest.mark.slow
def test_diffusers_own_pipeline_reads_what_is_written(model) -> None:
    write_index(model)
    pipeline = StableDiffusionPipeline.from_pretrained(model, safety_checker=None)
    pictures = pipeline("a beach", num_inference_steps=2, output_type="np").images
    assert pictures.shape == (1, 16, 16, 3)
