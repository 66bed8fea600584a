"""Reads ADM, the unconditional models of OpenAI's guided diffusion, as they were published.

A checkpoint is one flat state dict; the 256 × 256 unconditional model has 566 tensors with
552,814,086 numbers. What the network looks like is inferred from their shapes; only the width of
attention heads leaves no trace in them, and is 64 in every unconditional model of the family.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import torch
from torch import Tensor

from sonolume.errors import InteropError
from sonolume.hub.interop.tensors import fill, read_tensors, shape_of, shaped
from sonolume.models.full.adm import GROUPS, HEAD_WIDTH, Adm, AdmConfig

MOST_LEVELS: Final = 8
BETAS: Final = (1e-4, 2e-2)
STEPS: Final = 1000


def read_adm(path: Path) -> Adm:
    """The network of a checkpoint, frozen, in float32.

    Raises InteropError, in one line that names the first wrong tensor, when the file is broken or
    the checkpoint is of another kind: class-conditional, an upsampler, a classifier.
    """
    tensors = read_tensors(path)
    config = infer_config(path, tensors)
    return fill(shaped(lambda: Adm(config), path), tensors, path)


def alphas_cumprod() -> Tensor:
    """α² of the 1000 training steps [1000], float64: betas rise linearly from 1e-4 to 2e-2."""
    return torch.cumprod(1 - torch.linspace(*BETAS, STEPS, dtype=torch.float64), dim=0)


def infer_config(path: Path, tensors: Mapping[str, Tensor]) -> AdmConfig:
    """The configuration that names and shapes tell. Raises InteropError when they tell none."""
    if "label_emb.weight" in tensors:
        raise InteropError(
            f"{path}: label_emb.weight makes it class-conditional; give an unconditional model"
        )
    time, channels = shape_of(path, tensors, "time_embed.0.weight", 2)
    if time != 4 * channels or channels % 2:
        found = f"[{time}, {channels}]; expected [{4 * channels}, {channels}]"
        raise InteropError(f"{path}: time_embed.0.weight has shape {found}")
    count = _count(tensors, "input_blocks.")
    blocks = _blocks(path, tensors, count)
    levels = range(count // (blocks + 1))
    firsts = [level * (blocks + 1) + 1 for level in levels]  # each level's first residual block
    widths = [_width(path, tensors, first) for first in firsts]
    attending = [n for n in levels if f"input_blocks.{firsts[n]}.1.norm.weight" in tensors]
    odd = [widths[n] for n in (*attending, -1) if widths[n] % HEAD_WIDTH]
    if odd:
        raise InteropError(f"{path}: attention of width {odd[0]} has no heads of {HEAD_WIDTH}")
    outputs = shape_of(path, tensors, "out.2.weight", 4)[0]
    if outputs not in (3, 6):
        raise InteropError(f"{path}: out.2.weight gives {outputs} channels; expected 3 or 6")
    return AdmConfig(channels, tuple(widths), blocks, tuple(attending), outputs)


def _count(tensors: Mapping[str, Tensor], prefix: str) -> int:
    """How many numbered parts stand under `prefix`."""
    return len({k[len(prefix) :].partition(".")[0] for k in tensors if k.startswith(prefix)})


def _blocks(path: Path, tensors: Mapping[str, Tensor], count: int) -> int:
    """Residual blocks a level.

    Output blocks come in one group a level, and the last of each group but the finest holds a
    second residual block, which doubles the side.
    """
    doubling = [
        number
        for number in range(count)
        for place in (1, 2)
        if f"output_blocks.{number}.{place}.in_layers.0.weight" in tensors
    ]
    blocks = doubling[0] if doubling else count - 1
    levels = count // (blocks + 1) if blocks > 0 else 0
    regular = [(blocks + 1) * (level + 1) - 1 for level in range(levels - 1)]
    if blocks < 1 or count % (blocks + 1) or doubling != regular or levels > MOST_LEVELS:
        raise InteropError(f"{path}: its {count} input blocks form no levels; is it another model?")
    return blocks


def _width(path: Path, tensors: Mapping[str, Tensor], block: int) -> int:
    width = shape_of(path, tensors, f"input_blocks.{block}.0.out_layers.3.weight", 4)[0]
    if width < 1 or width % GROUPS:
        found = f"input_blocks.{block} has width {width}"
        raise InteropError(f"{path}: {found}, not in {GROUPS} groups")
    return width
