"""Photos to training pictures."""

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor


def crop(
    pixels: NDArray[np.uint8], side: int, zoom: float, rng: np.random.Generator
) -> NDArray[np.uint8]:
    """A random square of at least 1 − zoom of the photo, flipped half the time, at `side` px."""
    full = pixels.shape[0]
    size = full * (1 - zoom * rng.random())
    left, top = rng.random(2) * (full - size)
    picture = Image.fromarray(pixels).resize(
        (side, side), Image.Resampling.BICUBIC, (left, top, left + size, top + size), reducing_gap=3
    )
    result = np.asarray(picture)
    return result[:, ::-1] if rng.random() < 0.5 else result


def to_float(pixels: NDArray[np.uint8]) -> Tensor:
    """uint8 [B, H, W, 3] → float [B, 3, H, W] in −1..1."""
    return torch.from_numpy(np.ascontiguousarray(pixels)).permute(0, 3, 1, 2).float() / 127.5 - 1
