"""Gated audio attention inside a real U-Net of diffusers."""

import copy

import pytest
import torch
from diffusers import UNet2DConditionModel, UNet2DModel
from torch import Tensor

from sonolume.errors import ModelError
from sonolume.models.full.attention import (
    Hearing,
    audio_layers,
    audio_state,
    install,
    load_audio_state,
)

WIDTH = 32


@pytest.fixture(scope="module")
def bare() -> UNet2DConditionModel:
    torch.manual_seed(0)
    net = UNet2DConditionModel(
        sample_size=8,
        block_out_channels=(32, 64),
        layers_per_block=1,
        down_block_types=("CrossAttnDownBlock2D", "DownBlock2D"),
        up_block_types=("UpBlock2D", "CrossAttnUpBlock2D"),
        cross_attention_dim=WIDTH,
        attention_head_dim=2,
        norm_num_groups=8,
    )
    return net.eval().requires_grad_(False)


@pytest.fixture
def hearing_unet(bare: UNet2DConditionModel) -> tuple[UNet2DConditionModel, Hearing]:
    torch.manual_seed(1)
    net = copy.deepcopy(bare)
    return net, install(net, WIDTH)


@pytest.fixture(scope="module")
def inputs() -> tuple[Tensor, Tensor, Tensor]:
    """x, words, sound."""
    generator = torch.Generator().manual_seed(2)
    shapes = ((2, 4, 8, 8), (2, 77, WIDTH), (2, 77, WIDTH))
    x, words, sound = (torch.randn(shape, generator=generator) for shape in shapes)
    return x, words, sound


def predict(net: UNet2DConditionModel, x: Tensor, words: Tensor) -> Tensor:
    with torch.inference_mode():
        return net(x, 7.0, encoder_hidden_states=words).sample


def open_gates(net: UNet2DConditionModel) -> None:
    for layer in audio_layers(net).values():
        torch.nn.init.constant_(layer.gate, 0.5)


def test_closed_gates_are_the_bare_unet_to_the_bit(bare, hearing_unet, inputs) -> None:
    net, hearing = hearing_unet
    x, words, sound = inputs
    expected = predict(bare, x, words)
    for tokens in (None, sound):
        hearing.tokens = tokens
        assert torch.equal(predict(net, x, words), expected)


def test_open_gates_hear_and_without_sound_do_not(bare, hearing_unet, inputs) -> None:
    net, hearing = hearing_unet
    x, words, sound = inputs
    open_gates(net)
    expected = predict(bare, x, words)
    assert torch.equal(predict(net, x, words), expected)
    hearing.tokens = sound
    heard = predict(net, x, words)
    assert float((heard - expected).abs().max()) > 1e-3
    hearing.tokens = sound.flip(0)
    assert not torch.equal(predict(net, x, words), heard)


def test_audio_reads_the_stream_after_the_text(hearing_unet, inputs) -> None:
    """A block equals its own parts put together by hand, in the order of the design."""
    net, hearing = hearing_unet
    open_gates(net)
    _, words, sound = inputs
    hearing.tokens = sound
    block = net.mid_block.attentions[0].transformer_blocks[0]
    x = torch.randn(2, 9, 64, generator=torch.Generator().manual_seed(3))
    with torch.inference_mode():
        found = block(x, encoder_hidden_states=words)
        y = x + block.attn1(block.norm1(x))
        hearing.tokens = None
        y = y + block.attn2(block.norm2(y), encoder_hidden_states=words)
        y = audio_layers(net)["mid_block.attentions.0.transformer_blocks.0"](y, sound)
        y = y + block.ff(block.norm3(y))
    torch.testing.assert_close(found, y, atol=1e-5, rtol=1e-5)


def test_the_choice_of_blocks(bare) -> None:
    everywhere, some = copy.deepcopy(bare), copy.deepcopy(bare)
    install(everywhere, WIDTH)
    install(some, WIDTH, "mid+up")
    assert {name.split(".")[0] for name in audio_layers(everywhere)} == {
        "down_blocks",
        "mid_block",
        "up_blocks",
    }
    assert {name.split(".")[0] for name in audio_layers(some)} == {"mid_block", "up_blocks"}
    assert set(audio_layers(some)) == {n for n in audio_layers(everywhere) if n[:4] != "down"}


def test_weights_come_back_by_name(bare, hearing_unet, inputs) -> None:
    net, hearing = hearing_unet
    x, words, sound = inputs
    open_gates(net)
    other = copy.deepcopy(bare)
    other_hearing = install(other, WIDTH)
    load_audio_state(other, audio_state(net))
    hearing.tokens = other_hearing.tokens = sound
    assert torch.equal(predict(net, x, words), predict(other, x, words))
    assert "mid_block.attentions.0.transformer_blocks.0.gate" in audio_state(net)


def test_gradients_reach_every_part_through_an_open_gate(hearing_unet, inputs) -> None:
    net, hearing = hearing_unet
    x, words, sound = inputs
    open_gates(net)
    layers = audio_layers(net)
    for layer in layers.values():
        layer.requires_grad_(True)
    hearing.tokens = sound
    net.train()
    parameters = [p for layer in layers.values() for p in layer.parameters()]

    def gradients() -> tuple[Tensor, ...]:
        given = x.clone().requires_grad_(True)
        loss = net(given, 7.0, encoder_hidden_states=words).sample.square().mean()
        return torch.autograd.grad(loss, parameters)

    plain = gradients()
    assert all(bool(gradient.any()) for gradient in plain)
    net.enable_gradient_checkpointing()
    torch.testing.assert_close(gradients(), plain)


def test_other_weights_are_refused(bare, hearing_unet) -> None:
    net, _ = hearing_unet
    state = audio_state(net)
    gate = "mid_block.attentions.0.transformer_blocks.0.gate"
    with pytest.raises(ModelError, match=f"does not fit this U-Net: {gate} is missing or other"):
        load_audio_state(net, {k: v for k, v in state.items() if k != gate})
    with pytest.raises(ModelError, match=f"does not fit this U-Net: {gate} is missing or other"):
        load_audio_state(net, {**state, gate: torch.zeros(2)})


def test_what_cannot_hear_is_refused(bare, hearing_unet) -> None:
    with pytest.raises(ModelError, match="has audio attention already; install it once"):
        install(hearing_unet[0], WIDTH)
    with pytest.raises(ModelError, match=r"in blocks 'down': expected all or mid\+up"):
        install(copy.deepcopy(bare), WIDTH, "down")  # type: ignore[arg-type]
    plain = UNet2DModel(
        8, block_out_channels=(8,), down_block_types=("DownBlock2D",), norm_num_groups=4,
        up_block_types=("UpBlock2D",), attention_head_dim=4,
    )  # fmt: skip
    with pytest.raises(ModelError, match="has no text attention to stand behind"):
        install(plain, WIDTH)


@pytest.mark.parametrize(("blocks", "count", "added"), [("all", 16, 44.0), ("mid+up", 10, 28.5)])
def test_the_geometry_of_stable_diffusion(blocks, count, added) -> None:
    """Without memory or values: the published shape, which has 859,520,964 parameters."""
    with torch.device("meta"):
        net = UNet2DConditionModel(sample_size=64, cross_attention_dim=768, attention_head_dim=8)
        assert sum(p.numel() for p in net.parameters()) == 859_520_964
        install(net, 768, blocks)
    layers = audio_layers(net)
    assert len(layers) == count
    assert {layer.attention.heads for layer in layers.values()} == {8}
    found = sum(p.numel() for layer in layers.values() for p in layer.parameters())
    assert found / 1e6 == pytest.approx(added, abs=0.05)
