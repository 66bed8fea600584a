"""Cards and the list of models."""

from __future__ import annotations

import pytest
import torch

from sonolume.errors import ModelError
from sonolume.hub import weights
from sonolume.hub.registry import HUB_MODELS, card, registry

CARD = """---
job: paint
licence: CC BY-NC 4.0
parameters: 1_200
data: photographs: 51 concepts
---

# A small painter
"""


@pytest.fixture
def folder(tmp_path):
    weights.save("painter", {"w": torch.zeros(30, 40)}, {}, tmp_path)
    (tmp_path / "painter.md").write_text(CARD)
    return tmp_path


def test_embedded_models_come_first_with_measured_figures(folder) -> None:
    painter, *others = registry(folder)
    assert painter.name == "painter"
    assert painter.job == "paint"
    assert painter.parameters == 1200
    assert painter.size == (folder / "painter.safetensors").stat().st_size
    assert painter.licence == "CC BY-NC 4.0"
    assert painter.data == "photographs: 51 concepts"
    assert painter.where == str(folder / "painter.safetensors")
    assert painter.embedded
    assert tuple(others) == HUB_MODELS


def test_no_weights_leave_the_hub_models(tmp_path) -> None:
    assert registry(tmp_path) == HUB_MODELS
    assert all(model.where.startswith("https://") and not model.embedded for model in HUB_MODELS)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, "the weights 'painter' have no readable card"),
        ("# A painter\n", "a card begins with its facts between two lines of '---'"),
        ("---\njob: paint\n", "a card begins with its facts between two lines of '---'"),
        (CARD.replace("job: paint", "job paint"), "expected 'key: value', found 'job paint'"),
        (CARD.replace("job: paint", "job:  "), "expected 'key: value', found 'job:  '"),
        (CARD.replace("licence:", "license:"), "the card does not say licence"),
        (
            CARD.replace("1_200", "1300"),
            "the card says parameters: 1300, but the weights have 1200",
        ),
    ],
)
def test_a_wrong_card_is_refused(folder, text, message) -> None:
    path = folder / "painter.md"
    path.unlink()
    if text is not None:
        path.write_text(text)
    with pytest.raises(ModelError, match=rf"painter\.md.*{message}"):
        registry(folder)


def test_a_card_that_is_no_text_is_refused(folder) -> None:
    (folder / "painter.md").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ModelError, match="no readable card"):
        card("painter", folder)


def test_the_real_registry_is_sound() -> None:
    models = registry()
    assert len({model.name for model in models}) == len(models)
    assert {model.name for model in models if model.embedded} == set(weights.names())


@pytest.mark.slow
def test_full_size_figures_are_those_of_the_networks() -> None:
    # The published configurations, built without memory for their values.
    from diffusers import AutoencoderKL, UNet2DConditionModel
    from transformers import (
        ClapConfig,
        ClapModel,
        CLIPConfig,
        CLIPModel,
        CLIPTextConfig,
        CLIPTextModel,
    )

    def count(*networks: torch.nn.Module) -> int:
        return sum(p.numel() for network in networks for p in network.parameters())

    with torch.device("meta"):
        clap, clip = ClapModel(ClapConfig()), CLIPModel(CLIPConfig())
        sd15 = (
            UNet2DConditionModel(sample_size=64, cross_attention_dim=768),
            AutoencoderKL(
                block_out_channels=(128, 256, 512, 512),
                down_block_types=("DownEncoderBlock2D",) * 4,
                up_block_types=("UpDecoderBlock2D",) * 4,
                layers_per_block=2,
                latent_channels=4,
            ),
            CLIPTextModel(
                CLIPTextConfig(
                    vocab_size=49408,
                    hidden_size=768,
                    intermediate_size=3072,
                    num_attention_heads=12,
                )
            ),
        )
    expected = {
        "sd15": count(*sd15),
        "laion/clap-htsat-unfused": count(clap),
        "openai/clip-vit-base-patch32": count(clip),
    }
    assert {model.name: model.parameters for model in HUB_MODELS} == expected
    assert all(model.size == 4 * model.parameters for model in HUB_MODELS)
