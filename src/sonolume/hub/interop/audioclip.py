"""Reads AudioCLIP's checkpoints (full or partial training) as they were published.

One flat state dict of about 537 MB: CLIP RN50 under its own names, the sound half under `audio.`,
and a scale for each pair of kinds. Every width and depth is inferred from the shapes.
"""

from collections.abc import Mapping
from pathlib import Path

from torch import Tensor

from sonolume.errors import InteropError
from sonolume.hub.interop.tensors import fill, read_tensors, shape_of, shaped
from sonolume.models.full.audioclip import AudioClip
from sonolume.models.full.clip_resnet import HEAD_WIDTH, ClipResNetConfig
from sonolume.models.full.esresnext import EsResNextConfig

LAYERS = 4


def read_audioclip(path: Path) -> AudioClip:
    """The network of a checkpoint, frozen, in float32.

    Raises InteropError, in one line that names the first wrong tensor, when the file is broken or
    holds another model.
    """
    tensors = read_tensors(path)
    clip, sound = infer_clip(path, tensors), infer_sound(path, tensors)
    return fill(shaped(lambda: AudioClip(clip, sound), path), tensors, path)


def infer_clip(path: Path, tensors: Mapping[str, Tensor]) -> ClipResNetConfig:
    """The configuration of the picture and word halves. Raises InteropError when there is none."""
    places, pooled = shape_of(path, tensors, "visual.attnpool.positional_embedding", 2)
    grid = round((places - 1) ** 0.5)
    text_width, embedding = shape_of(path, tensors, "text_projection", 2)
    if places != grid**2 + 1 or pooled % HEAD_WIDTH or text_width % HEAD_WIDTH:
        raise InteropError(f"{path}: no RN50 of CLIP: {places} places of width {pooled}")
    return ClipResNetConfig(
        width=2 * shape_of(path, tensors, "visual.conv1.weight", 4)[0],
        blocks=_blocks(path, tensors, "visual.layer"),
        side=grid * 2 ** (LAYERS + 1),
        embedding=embedding,
        vocabulary=shape_of(path, tensors, "token_embedding.weight", 2)[0],
        length=shape_of(path, tensors, "positional_embedding", 2)[0],
        text_width=text_width,
        text_depth=_count(tensors, "transformer.resblocks."),
    )


def infer_sound(path: Path, tensors: Mapping[str, Tensor]) -> EsResNextConfig:
    """The configuration of the sound half. Raises InteropError when there is none."""
    width, in_group, *_ = shape_of(path, tensors, "audio.layer1.0.conv2.weight", 4)
    if in_group < 1 or width < 1 or width % in_group:
        raise InteropError(f"{path}: audio.layer1.0.conv2.weight has no groups of {in_group}")
    return EsResNextConfig(
        stem=shape_of(path, tensors, "audio.conv1.weight", 4)[0],
        blocks=_blocks(path, tensors, "audio.layer"),
        width=width,
        groups=width // in_group,
        embedding=shape_of(path, tensors, "audio.fc.weight", 2)[0],
    )


def _blocks(path: Path, tensors: Mapping[str, Tensor], prefix: str) -> tuple[int, ...]:
    counts = tuple(_count(tensors, f"{prefix}{number}.") for number in range(1, LAYERS + 1))
    if not all(counts):
        first = f"{prefix}{counts.index(0) + 1}"
        raise InteropError(f"{path}: {first} is missing; is it another model?")
    return counts


def _count(tensors: Mapping[str, Tensor], prefix: str) -> int:
    """How many numbered parts stand under `prefix`."""
    return len({k[len(prefix) :].partition(".")[0] for k in tensors if k.startswith(prefix)})
