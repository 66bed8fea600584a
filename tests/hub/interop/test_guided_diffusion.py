"""ADM against its equations, written once more in NumPy straight from the names of its tensors."""

from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from tests.tiny_checkpoints import changed

from sonolume.errors import InteropError
from sonolume.hub.interop.guided_diffusion import alphas_cumprod, infer_config, read_adm
from sonolume.models.full.adm import Adm, AdmConfig, sinusoids

HEADS = 64
INPUT = ("conv", "R", "R half", "RA", "R half", "RA")
OUTPUT = ("RA", "RA double", "RA", "RA double", "R", "R")

Array = NDArray[np.float64]
Table = dict[str, Array]


@pytest.fixture(scope="module")
def table(tiny_adm) -> Table:
    state = torch.load(tiny_adm, weights_only=True)
    return {key: value.double().numpy() for key, value in state.items()}


def network(x: Array, step: float, p: Table) -> Array:
    """One picture [3, H, W] at one step → [6, H, W]."""
    half = p["time_embed.0.weight"].shape[1] // 2
    angles = [step * 10_000 ** (-i / half) for i in range(half)]
    waves = np.array([np.cos(a) for a in angles] + [np.sin(a) for a in angles])
    time = linear(silu(linear(waves, p, "time_embed.0")), p, "time_embed.2")
    h, kept = x, []
    for number, kind in enumerate(INPUT):
        h = stage(h, time, p, f"input_blocks.{number}", kind)
        kept.append(h)
    h = stage(h, time, p, "middle_block", "RAR")
    for number, kind in enumerate(OUTPUT):
        h = np.concatenate([h, kept.pop()])
        h = stage(h, time, p, f"output_blocks.{number}", kind)
    return conv(silu(norm(h, p, "out.0")), p, "out.2")


def stage(h: Array, time: Array, p: Table, name: str, kind: str) -> Array:
    if kind == "conv":
        return conv(h, p, f"{name}.0")
    parts, _, resize = kind.partition(" ")
    if resize == "half":
        return residual(h, time, p, f"{name}.0", half)
    for place, part in enumerate(parts):
        block = residual if part == "R" else attention
        h = block(h, time, p, f"{name}.{place}")
    return residual(h, time, p, f"{name}.{len(parts)}", double) if resize else h


def residual(x: Array, time: Array, p: Table, name: str, resize=lambda x: x) -> Array:
    h = conv(resize(silu(norm(x, p, f"{name}.in_layers.0"))), p, f"{name}.in_layers.2")
    scale, shift = np.split(linear(silu(time), p, f"{name}.emb_layers.1"), 2)
    h = norm(h, p, f"{name}.out_layers.0") * (1 + scale[:, None, None]) + shift[:, None, None]
    h = conv(silu(h), p, f"{name}.out_layers.3")
    x = resize(x)
    return (conv(x, p, f"{name}.skip_connection") if len(x) != len(h) else x) + h


def attention(x: Array, time: Array, p: Table, name: str) -> Array:
    C, H, W = x.shape
    flat = norm(x, p, f"{name}.norm").reshape(C, -1)
    told = p[f"{name}.qkv.weight"][..., 0] @ flat + p[f"{name}.qkv.bias"][:, None]
    read = []
    for head in range(C // HEADS):
        start = 3 * HEADS * head
        q, k, v = (told[start + HEADS * i : start + HEADS * (i + 1)] for i in range(3))
        scores = (q * HEADS**-0.25).T @ (k * HEADS**-0.25)
        weights = np.exp(scores - scores.max(1, keepdims=True))
        read.append(v @ (weights / weights.sum(1, keepdims=True)).T)
    out = p[f"{name}.proj_out.weight"][..., 0] @ np.concatenate(read)
    return x + (out + p[f"{name}.proj_out.bias"][:, None]).reshape(C, H, W)


def norm(x: Array, p: Table, name: str) -> Array:
    groups = x.reshape(32, -1)
    centred = groups - groups.mean(1, keepdims=True)
    scaled = (centred / np.sqrt(centred.var(1, keepdims=True) + 1e-5)).reshape(x.shape)
    return scaled * p[f"{name}.weight"][:, None, None] + p[f"{name}.bias"][:, None, None]


def conv(x: Array, p: Table, name: str) -> Array:
    kernel = p[f"{name}.weight"]
    edge = kernel.shape[-1] // 2
    padded = np.pad(x, ((0, 0), (edge, edge), (edge, edge)))
    views = np.lib.stride_tricks.sliding_window_view(padded, kernel.shape[2:], axis=(1, 2))
    return np.tensordot(kernel, views, ((1, 2, 3), (0, 3, 4))) + p[f"{name}.bias"][:, None, None]


def linear(x: Array, p: Table, name: str) -> Array:
    return p[f"{name}.weight"] @ x + p[f"{name}.bias"]


def silu(x: Array) -> Array:
    return x / (1 + np.exp(-x))


def half(x: Array) -> Array:
    return (x[:, ::2, ::2] + x[:, 1::2, ::2] + x[:, ::2, 1::2] + x[:, 1::2, 1::2]) / 4


def double(x: Array) -> Array:
    return x.repeat(2, axis=1).repeat(2, axis=2)


@pytest.mark.parametrize("step", [0.0, 17.25, 999.0])
def test_it_is_the_network_of_the_equations(tiny_adm, table, step) -> None:
    x = torch.randn(2, 3, 8, 8, generator=torch.Generator().manual_seed(1))
    found = read_adm(tiny_adm)(x, torch.tensor([step, 3.0]))
    expected = [network(a, s, table) for a, s in zip(x.double().numpy(), (step, 3.0), strict=True)]
    assert found.shape == (2, 6, 8, 8)
    assert 0.1 < np.std(expected) < 10
    np.testing.assert_allclose(found.numpy(), expected, atol=1e-4, rtol=0)


def test_what_it_is_can_be_told_from_its_shapes(tiny_adm) -> None:
    config = read_adm(tiny_adm).config
    assert config == AdmConfig(32, (32, 64, 128), 1, (1, 2), 6)
    assert config.side == 32


@pytest.mark.parametrize(
    "config",
    [
        AdmConfig(),
        AdmConfig(192, (192, 384, 576, 768), 3, (1, 2, 3)),
        AdmConfig(64, (64,), 2, (), outputs=3),
        AdmConfig(128, (64, 128), 5, (0,)),
    ],
)
def test_every_size_is_told_apart(config) -> None:
    with torch.device("meta"):
        made = Adm(config)
    assert infer_config(Path("some.pt"), made.state_dict()) == config


def test_the_published_size() -> None:
    with torch.device("meta"):
        state = Adm(AdmConfig()).state_dict()
    assert len(state) == 566
    assert sum(t.numel() for t in state.values()) == 552_814_086
    assert AdmConfig().side == 256
    assert state["output_blocks.11.1.in_layers.2.weight"].shape == (512, 512, 3, 3)
    assert state["output_blocks.2.2.emb_layers.1.weight"].shape == (2048, 1024)


def test_safetensors_and_half_precision_are_read(tiny_adm, tmp_path) -> None:
    from safetensors.torch import save_file

    state = torch.load(tiny_adm, weights_only=True)
    save_file(state, tmp_path / "uncond.safetensors")
    torch.save({k: v.half() for k, v in state.items()}, tmp_path / "half.pt")
    x, steps = torch.randn(1, 3, 8, 8, generator=torch.Generator().manual_seed(1)), torch.ones(1)
    exact, same, rounded = (
        read_adm(path)(x, steps)
        for path in (tiny_adm, tmp_path / "uncond.safetensors", tmp_path / "half.pt")
    )
    # Equal weights at other places in memory: kernels may round differently.
    torch.testing.assert_close(same, exact, atol=1e-5, rtol=1e-5)
    assert rounded.dtype == torch.float32
    torch.testing.assert_close(rounded, exact, atol=0.05, rtol=0)


def test_it_is_frozen_and_passes_gradients(tiny_adm) -> None:
    made = read_adm(tiny_adm)
    assert not any(p.requires_grad for p in made.parameters())
    generator = torch.Generator().manual_seed(0)
    x, way = torch.randn(2, 1, 3, 8, 8, generator=generator).unbind()
    x.requires_grad_()
    steps = torch.ones(1)
    (slope,) = torch.autograd.grad(made(x, steps).square().sum(), x)
    with torch.no_grad():
        ahead, behind = (made(x + d * way, steps).double().square().sum() for d in (1e-3, -1e-3))
    assert float((slope * way).sum()) == pytest.approx(float(ahead - behind) / 2e-3, rel=1e-2)


def test_the_schedule_is_linear() -> None:
    alphas = alphas_cumprod()
    assert len(alphas) == 1000
    assert float(alphas[0]) == pytest.approx(1 - 1e-4)
    assert float(1 - alphas[-1] / alphas[-2]) == pytest.approx(2e-2)
    assert float(alphas[-1]) == pytest.approx(4.036e-5, rel=1e-3)


def test_sinusoids_begin_with_the_cosines() -> None:
    found = sinusoids(torch.tensor([0.0, 2.0]), 4)
    expected = [[1, 1, 0, 0], [np.cos(2), np.cos(0.02), np.sin(2), np.sin(0.02)]]
    np.testing.assert_allclose(found.numpy(), expected, atol=1e-6)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"input_blocks.3.1.qkv.weight": None},
            r"input_blocks\.3\.1\.qkv\.weight is missing \(expected \[192, 64, 1\]\)",
        ),
        (
            {"middle_block.1.proj_out.bias": torch.zeros(127)},
            r"middle_block\.1\.proj_out\.bias has shape \[127\]; expected \[128\]",
        ),
        ({"label_emb.weight": torch.zeros(10, 128)}, "makes it class-conditional"),
        ({"extra.weight": torch.zeros(1)}, r"extra\.weight is not part of this model"),
        ({"time_embed.0.weight": None}, r"time_embed\.0\.weight is missing; is it another model"),
        ({"time_embed.0.weight": torch.zeros(128)}, "has shape .128.; expected 2 dimensions"),
        ({"time_embed.0.weight": torch.zeros(9, 2)}, r"has shape \[9, 2\]; expected \[8, 2\]"),
        ({"out.2.weight": torch.zeros(1, 32, 3, 3)}, "gives 1 channels; expected 3 or 6"),
        ({"out.2.bias": torch.zeros(6, dtype=torch.int32)}, r"out\.2\.bias holds torch\.int32"),
        ({"out.2.bias": torch.full((6,), torch.nan)}, r"out\.2\.bias holds NaN"),
        (
            {"output_blocks.1.2.in_layers.0.weight": None},
            "its 6 input blocks form no levels; is it another model",
        ),
        (
            {"input_blocks.1.0.out_layers.3.weight": torch.zeros(31, 32, 3, 3)},
            r"input_blocks\.1 has width 31, not in 32 groups",
        ),
        ({"input_blocks.0.0.weight": torch.zeros(32, 6, 3, 3)}, r"expected \[32, 3, 3, 3\]"),
    ],
)
def test_what_is_wrong_is_named(tiny_adm, tmp_path, changes, message) -> None:
    path = changed(tiny_adm, tmp_path / "changed.pt", **changes)
    with pytest.raises(InteropError, match=message) as told:
        read_adm(path)
    assert str(told.value).startswith(f"{path}: ")
    assert "\n" not in str(told.value)


def test_heads_that_do_not_fit() -> None:
    with torch.device("meta"):
        state = Adm(AdmConfig(32, (64, 96), 1, ())).state_dict()
    with pytest.raises(InteropError, match="attention of width 96 has no heads of 64"):
        infer_config(Path("some.pt"), state)
