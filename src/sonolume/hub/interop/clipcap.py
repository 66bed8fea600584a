"""Reads ClipCap's checkpoints (two-layer and transformer mapper) as they were published.

One flat state dict: the mapper under `clip_project.`, GPT-2 under `gpt.` with the names of
transformers, and masks that older versions of it stored among the weights. Sizes are inferred from
the shapes.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import torch
from torch import Tensor

from sonolume.errors import InteropError
from sonolume.hub.download import needs_full
from sonolume.hub.interop.tensors import fill, read_tensors, shape_of
from sonolume.models.full.clipcap import HEADS, ClipCap, MapperConfig

GPT_HEAD: Final = 64  # width of a head in every GPT-2
_MASK = re.compile(r"gpt\.transformer\.h\.\d+\.attn\.(bias|masked_bias)")
_TIED: Final = ("gpt.lm_head.weight", "gpt.transformer.wte.weight")


def read_clipcap(path: Path) -> ClipCap:
    """The network of a checkpoint, frozen, in float32.

    Raises InteropError, in one line that names the first wrong tensor, when the file is broken or
    holds another model; ModelError when transformers is not installed.
    """
    try:
        from transformers import GPT2Config, GPT2LMHeadModel
    except ImportError as error:
        raise needs_full(error) from error
    tensors = {k: v for k, v in read_tensors(path).items() if not _MASK.fullmatch(k)}
    # The layer that names pieces is the table that reads them; a file may hold either or both.
    for key, other in (_TIED, _TIED[::-1]):
        if key not in tensors and other in tensors:
            tensors[key] = tensors[other]
    mapper, sizes = infer_mapper(path, tensors), infer_gpt(path, tensors)
    make: Any = GPT2Config
    with torch.device("meta"):
        network = ClipCap(mapper, GPT2LMHeadModel(make(**sizes)))
    filled = fill(network, tensors, path)
    filled.gpt.tie_weights()
    return filled


def infer_mapper(path: Path, tensors: Mapping[str, Tensor]) -> MapperConfig:
    """The configuration of the mapper. Raises InteropError when there is none."""
    width = shape_of(path, tensors, _TIED[1], 2)[1]
    if "clip_project.prefix_const" not in tensors:
        embedding = shape_of(path, tensors, "clip_project.model.0.weight", 2)[1]
        out = shape_of(path, tensors, "clip_project.model.2.weight", 2)[0]
        return MapperConfig(embedding, width, _whole(path, out, width))
    out, embedding = shape_of(path, tensors, "clip_project.linear.weight", 2)
    if width % HEADS:
        raise InteropError(f"{path}: a mapper of width {width} has no {HEADS} heads")
    return MapperConfig(
        embedding,
        width,
        prefix=shape_of(path, tensors, "clip_project.prefix_const", 2)[0],
        depth=_count(tensors, "clip_project.transformer.layers."),
        tokens=_whole(path, out, width),
    )


def infer_gpt(path: Path, tensors: Mapping[str, Tensor]) -> dict[str, int]:
    """The sizes of GPT-2, as transformers calls them. Raises InteropError when there is none."""
    vocabulary, width = shape_of(path, tensors, _TIED[1], 2)
    depth = _count(tensors, "gpt.transformer.h.")
    if width % GPT_HEAD or not depth:
        raise InteropError(f"{path}: no GPT-2: {depth} blocks of width {width}")
    return {
        "vocab_size": vocabulary,
        "n_positions": shape_of(path, tensors, "gpt.transformer.wpe.weight", 2)[0],
        "n_embd": width,
        "n_layer": depth,
        "n_head": width // GPT_HEAD,
    }


def _whole(path: Path, out: int, width: int) -> int:
    """How many tokens of `width` a layer gives."""
    if out == 0 or out % width:
        raise InteropError(f"{path}: a mapper that gives {out} numbers, no tokens of width {width}")
    return out // width


def _count(tensors: Mapping[str, Tensor], prefix: str) -> int:
    return len({k[len(prefix) :].partition(".")[0] for k in tensors if k.startswith(prefix)})
