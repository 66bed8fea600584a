"""AudioCLIP's halves against plain functions of their tensors, and against transformers."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from sonolume.errors import MediaError
from sonolume.hub.interop.audioclip import read_audioclip
from sonolume.models.full.audioclip import AudioClip
from sonolume.models.full.clip import normalised

Table = dict[str, Tensor]


@pytest.fixture(scope="module")
def model(tiny_audioclip) -> AudioClip:
    return read_audioclip(tiny_audioclip)


@pytest.fixture(scope="module")
def table(tiny_audioclip) -> Table:
    return torch.load(tiny_audioclip, weights_only=True)


def norm(x: Tensor, p: Table, name: str) -> Tensor:
    parts = (p[f"{name}.{part}"] for part in ("running_mean", "running_var", "weight", "bias"))
    return F.batch_norm(x, *parts)


def resnext_block(x: Tensor, p: Table, name: str, stride: int) -> Tensor:
    h = norm(F.conv2d(x, p[f"{name}.conv1.weight"]), p, f"{name}.bn1").relu()
    h = F.conv2d(h, p[f"{name}.conv2.weight"], stride=stride, padding=1, groups=8)
    h = norm(h, p, f"{name}.bn2").relu()
    h = norm(F.conv2d(h, p[f"{name}.conv3.weight"]), p, f"{name}.bn3")
    if f"{name}.downsample.0.weight" in p:
        x = F.conv2d(x, p[f"{name}.downsample.0.weight"], stride=stride)
        x = norm(x, p, f"{name}.downsample.1")
    return (h + x).relu()


def weigh(x: Tensor, size: tuple[int, ...], p: Table, name: str) -> Tensor:
    x = F.adaptive_max_pool2d(x, size)
    weight, bias = p[f"{name}.conv_depth.weight"], p[f"{name}.conv_depth.bias"]
    edges = (weight.shape[2] // 2, weight.shape[3] // 2)
    x = F.conv2d(x, weight, bias, padding=edges, groups=len(weight))
    x = F.conv2d(x, p[f"{name}.conv_point.weight"], p[f"{name}.conv_point.bias"])
    return norm(x, p, f"{name}.bn").sigmoid()


def sound(x: Tensor, p: Table) -> Tensor:
    """Decibels [B, 3, 341, T] → [B, 24]."""
    x = norm(F.conv2d(x, p["audio.conv1.weight"], stride=2, padding=3), p, "audio.bn1").relu()
    x = F.max_pool2d(x, 3, 2, 1)
    for layer, blocks in enumerate((1, 2, 1, 1), start=1):
        y = x
        for number in range(blocks):
            stride = 2 if layer > 1 and number == 0 else 1
            y = resnext_block(y, p, f"audio.layer{layer}.{number}", stride)
        x = y * weigh(x, tuple(y.shape[-2:]), p, f"audio.att{layer}")
    pooled = F.adaptive_avg_pool2d(x, 1) * weigh(x, (1, 1), p, "audio.att5")
    return F.linear(pooled.flatten(1), p["audio.fc.weight"], p["audio.fc.bias"])


def test_the_sound_half_is_its_functions(model, table, noise) -> None:
    samples = torch.from_numpy(noise(0.5, 44_100))[None]
    decibels = model.audio.spectrogram(samples)
    expected = sound(decibels, table)
    assert decibels.shape[:3] == (1, 3, 341)
    assert float(expected.std()) > 0.05
    torch.testing.assert_close(model.audio(samples), expected, atol=1e-4, rtol=1e-4)
    found = model.embed_stream([samples[0].numpy()])
    torch.testing.assert_close(found, F.normalize(expected[0], dim=0), atol=1e-4, rtol=0)


def clip_block(x: Tensor, p: Table, name: str, stride: int) -> Tensor:
    h = norm(F.conv2d(x, p[f"{name}.conv1.weight"]), p, f"{name}.bn1").relu()
    h = norm(F.conv2d(h, p[f"{name}.conv2.weight"], padding=1), p, f"{name}.bn2").relu()
    h = F.avg_pool2d(h, stride)
    h = norm(F.conv2d(h, p[f"{name}.conv3.weight"]), p, f"{name}.bn3")
    if f"{name}.downsample.0.weight" in p:
        x = F.conv2d(F.avg_pool2d(x, stride), p[f"{name}.downsample.0.weight"])
        x = norm(x, p, f"{name}.downsample.1")
    return (h + x).relu()


def pool(x: Tensor, p: Table) -> Tensor:
    """CLIP's attention pool by torch's own multi-head attention."""
    name = "visual.attnpool"
    x = x.flatten(2).permute(2, 0, 1)
    x = torch.cat([x.mean(0, keepdim=True), x]) + p[f"{name}.positional_embedding"][:, None]
    biases = torch.cat([p[f"{name}.{kind}_proj.bias"] for kind in "qkv"])
    read, _ = F.multi_head_attention_forward(
        x, x, x, x.shape[-1], x.shape[-1] // 64, None, biases, None, None, False, 0.0,
        p[f"{name}.c_proj.weight"], p[f"{name}.c_proj.bias"], training=False,
        need_weights=False, use_separate_proj_weight=True,
        q_proj_weight=p[f"{name}.q_proj.weight"], k_proj_weight=p[f"{name}.k_proj.weight"],
        v_proj_weight=p[f"{name}.v_proj.weight"],
    )  # fmt: skip
    return read[0]


def picture(x: Tensor, p: Table) -> Tensor:
    for number, stride in ((1, 2), (2, 1), (3, 1)):
        x = F.conv2d(x, p[f"visual.conv{number}.weight"], stride=stride, padding=1)
        x = norm(x, p, f"visual.bn{number}").relu()
    x = F.avg_pool2d(x, 2)
    for layer, blocks in enumerate((1, 2, 1, 1), start=1):
        for number in range(blocks):
            stride = 2 if layer > 1 and number == 0 else 1
            x = clip_block(x, p, f"visual.layer{layer}.{number}", stride)
    return pool(x, p)


def test_the_picture_half_is_its_functions(model, table) -> None:
    pictures = torch.rand(2, 3, 64, 64, generator=torch.Generator().manual_seed(2)) * 2 - 1
    expected = picture(normalised(pictures), table)
    assert expected.shape == (2, 24)
    torch.testing.assert_close(model.visual(normalised(pictures)), expected, atol=1e-4, rtol=1e-4)
    torch.testing.assert_close(model.embed_pictures(pictures), F.normalize(expected, dim=-1))


def test_pictures_are_normalised_as_clip_does() -> None:
    from transformers.utils.constants import OPENAI_CLIP_MEAN, OPENAI_CLIP_STD

    found = normalised(torch.full((1, 3, 1, 1), 0.5)).flatten()
    expected = (0.75 - np.array(OPENAI_CLIP_MEAN)) / np.array(OPENAI_CLIP_STD)
    np.testing.assert_allclose(found.numpy(), expected, rtol=1e-5)


def test_the_picture_half_can_be_followed_back(model) -> None:
    pictures = torch.zeros(1, 3, 64, 64, requires_grad=True)
    model.embed_pictures(pictures)[0, 0].backward()
    assert pictures.grad is not None
    assert float(pictures.grad.abs().sum()) > 0


def test_the_word_half_is_that_of_transformers(model, table) -> None:
    from transformers import CLIPTextConfig, CLIPTextModelWithProjection

    words = len(table["token_embedding.weight"])
    config = CLIPTextConfig(
        vocab_size=words, hidden_size=128, intermediate_size=512, num_hidden_layers=2,
        num_attention_heads=2, projection_dim=24, hidden_act="quick_gelu",
        bos_token_id=words - 2, eos_token_id=words - 1, pad_token_id=words - 1,
    )  # fmt: skip
    rival = CLIPTextModelWithProjection(config).eval()
    rival.load_state_dict(as_transformers(table), strict=False)
    ids = torch.zeros(2, 77, dtype=torch.long)
    ids[0, :4] = torch.tensor([words - 2, 5, 9, words - 1])
    ids[1, :3] = torch.tensor([words - 2, 7, words - 1])
    with torch.inference_mode():
        expected = rival(input_ids=ids).text_embeds
        torch.testing.assert_close(model.words(ids), expected, atol=1e-4, rtol=1e-4)
        ids[1, 3:] = words - 1  # what follows the end is not read
        torch.testing.assert_close(model.words(ids), expected, atol=1e-4, rtol=1e-4)
        torch.testing.assert_close(model.embed_ids(ids).norm(dim=-1), torch.ones(2))


def as_transformers(p: Table) -> Table:
    renamed = {
        "text_model.embeddings.token_embedding.weight": p["token_embedding.weight"],
        "text_model.embeddings.position_embedding.weight": p["positional_embedding"],
        "text_model.final_layer_norm.weight": p["ln_final.weight"],
        "text_model.final_layer_norm.bias": p["ln_final.bias"],
        "text_projection.weight": p["text_projection"].T.contiguous(),
    }
    names = {"self_attn.out_proj": "attn.out_proj", "layer_norm1": "ln_1", "layer_norm2": "ln_2",
             "mlp.fc1": "mlp.c_fc", "mlp.fc2": "mlp.c_proj"}  # fmt: skip
    for layer in range(2):
        theirs, ours = f"text_model.encoder.layers.{layer}", f"transformer.resblocks.{layer}"
        for kind in ("weight", "bias"):
            joined = p[f"{ours}.attn.in_proj_{kind}"].chunk(3)
            for letter, part in zip("qkv", joined, strict=True):
                renamed[f"{theirs}.self_attn.{letter}_proj.{kind}"] = part
            renamed |= {f"{theirs}.{a}.{kind}": p[f"{ours}.{b}.{kind}"] for a, b in names.items()}
    return renamed


def test_long_sounds_are_covered_by_windows(model, noise) -> None:
    samples = noise(11, 44_100) * np.linspace(0, 1, 11 * 44_100, dtype=np.float32)
    found = model.embed_stream(np.array_split(samples, 7))
    starts = (0, 5 * 44_100, 6 * 44_100)
    parts = torch.stack([model.embed_stream([samples[s : s + 5 * 44_100]]) for s in starts]).mean(0)
    torch.testing.assert_close(found, parts / parts.norm(), atol=1e-5, rtol=0)


def test_tiny_loud_and_silent_sounds_are_heard(model) -> None:
    for samples in (np.full(1, 0.5), np.zeros(9_000), 30 * np.sin(np.arange(9_000))):
        found = model.embed_stream([samples.astype(np.float32)])
        assert float(found.norm()) == pytest.approx(1, abs=1e-5)
    with pytest.raises(MediaError, match="empty sound: no samples"):
        model.embed_stream([])
