"""Mild random faults, such as a small painter leaves in its pictures."""

from io import BytesIO

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from sonolume.media import Picture

BLUR, NOISE, OFFSET = 0.9, 0.03, 0.03  # largest: pixels; two shares of the range −1..1
JPEG_CHANCE, JPEG_QUALITY = 0.2, (60, 96)
PATCHES = (4, 8)  # sides of the painter's patches, pixels


def degrade(pictures: Tensor, rng: np.random.Generator) -> Tensor:
    """Pictures [B, 3, H, W] in −1..1, each with its own blur, patch offsets, noise and JPEG.

    About half of the pictures are spared each single fault.
    """
    pictures = _blurred(pictures, _strengths(len(pictures), BLUR, rng))
    pictures = pictures + _patch_offsets(pictures, rng) + _noise(pictures, rng)
    return torch.stack([_compressed(p, rng) for p in pictures.clamp(-1, 1)])


def _strengths(count: int, largest: float, rng: np.random.Generator) -> Tensor:
    """[count, 1, 1, 1]: 0 for half, the rest uniform up to `largest`."""
    values = rng.uniform(0, largest, count) * (rng.random(count) < 0.5)
    return torch.from_numpy(values.astype(np.float32)).view(-1, 1, 1, 1)


def _blurred(pictures: Tensor, sigmas: Tensor) -> Tensor:
    """Gaussian blur over 5 × 5 pixels, one sigma for each picture."""
    B, C, H, W = pictures.shape
    distance = torch.arange(-2.0, 3.0).square()
    line = torch.exp(-distance / (2 * sigmas.view(B, 1).clamp_min(0.05).square()))
    line = line / line.sum(1, keepdim=True)
    kernels = (line[:, :, None] * line[:, None]).repeat_interleave(C, 0)[:, None]
    padded = F.pad(pictures, (2, 2, 2, 2), mode="replicate").reshape(1, -1, H + 4, W + 4)
    return F.conv2d(padded, kernels, groups=B * C).reshape(B, C, H, W)


def _patch_offsets(pictures: Tensor, rng: np.random.Generator) -> Tensor:
    """A small shift of colour for each patch of a grid that starts anywhere."""
    B, _, H, W = pictures.shape
    side = int(rng.choice(PATCHES))
    count = -(-max(H, W) // side) + 1
    offsets = _normal((B, 3, count, count), rng) * _strengths(B, OFFSET, rng)
    tiled = offsets.repeat_interleave(side, 2).repeat_interleave(side, 3)
    top, left = (int(start) for start in rng.integers(side, size=2))
    return tiled[:, :, top : top + H, left : left + W]


def _noise(pictures: Tensor, rng: np.random.Generator) -> Tensor:
    return _normal(tuple(pictures.shape), rng) * _strengths(len(pictures), NOISE, rng)


def _normal(shape: tuple[int, ...], rng: np.random.Generator) -> Tensor:
    values: NDArray[np.float32] = rng.standard_normal(shape, dtype=np.float32)
    return torch.from_numpy(values)


def _compressed(picture: Tensor, rng: np.random.Generator) -> Tensor:
    if rng.random() >= JPEG_CHANCE:
        return picture
    blob = BytesIO()
    image = Image.fromarray(Picture.from_float(picture.numpy()).pixels)
    image.save(blob, "JPEG", quality=int(rng.integers(*JPEG_QUALITY)))
    return torch.from_numpy(Picture(np.asarray(Image.open(blob))).to_float())
