"""Photos to training pictures."""

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from sonolume.models.teachers.pixels import crop_corner

TREMBLE = 0.1  # of a crop's side that may be missing: no two looks at it are the same

Pixels = NDArray[np.uint8]


def crop(pixels: Pixels, side: int, zoom: float, rng: np.random.Generator) -> Pixels:
    """A random square of at least 1 − zoom of the photo, flipped half the time, at `side` px."""
    full = pixels.shape[0]
    size = full * (1 - zoom * rng.random())
    left, top = rng.random(2) * (full - size)
    return _cut(pixels, (left, top, size), side, rng)


def corner(pixels: Pixels, number: int, side: int, rng: np.random.Generator) -> Pixels:
    """About crop 0..4 of `five_crops`: up to a tenth smaller, flipped half the time."""
    left, top, full = crop_corner(number, pixels.shape[0])
    size = full * (1 - TREMBLE * rng.random())
    right, down = rng.random(2) * (full - size)
    return _cut(pixels, (left + right, top + down, size), side, rng)


def _cut(
    pixels: Pixels, square: tuple[float, float, float], side: int, rng: np.random.Generator
) -> Pixels:
    left, top, size = square
    picture = Image.fromarray(pixels).resize(
        (side, side), Image.Resampling.BICUBIC, (left, top, left + size, top + size), reducing_gap=3
    )
    result = np.asarray(picture)
    return result[:, ::-1] if rng.random() < 0.5 else result


def to_float(pixels: Pixels) -> Tensor:
    """uint8 [B, H, W, 3] → float [B, 3, H, W] in −1..1."""
    return torch.from_numpy(np.ascontiguousarray(pixels)).permute(0, 3, 1, 2).float() / 127.5 - 1
