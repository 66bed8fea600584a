"""Which parts of small pictures the ImageNet nets see, and at what size."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

SIDE = 224
PART = 5 / 7  # of a side, that each of the five crops has


def crop_corner(number: int, side: int) -> tuple[int, int, int]:
    """Left, top and size in px of crop 0..4 of a picture of `side` px: the corners, the middle."""
    size = round(side * PART)
    rest = side - size
    return ((0, 0), (rest, 0), (0, rest), (rest, rest), (rest // 2, rest // 2))[number] + (size,)


def five_crops(pixels: Tensor) -> Tensor:
    """The four corners and the middle of pictures [B, C, S, S] → [B, 5, C, 5/7 S, 5/7 S].

    As in Krizhevsky et al. (2012), without the mirrored ones.
    """
    corners = [crop_corner(number, pixels.shape[-1]) for number in range(5)]
    return torch.stack([pixels[..., y : y + n, x : x + n] for x, y, n in corners], dim=1)


def enlarge(pixels: Tensor, side: int = SIDE) -> Tensor:
    """Resize pictures [B, 3, H, W] in 0..1 to [B, 3, side, side] in 0..1, bicubic.

    At 128 px the nets lose about a tenth of their answers against the same picture enlarged.
    """
    if pixels.shape[-2:] == (side, side):
        return pixels
    resized = F.interpolate(pixels, (side, side), mode="bicubic", antialias=True)
    return resized.clamp(0.0, 1.0)
