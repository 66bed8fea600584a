"""Changes of training pictures that the network is told of, so that it does not paint them.

Few photos are learnt by heart in a long run. Shown turned, stretched and recoloured, each of them
is many; and as the network hears by how much, at use it paints with none of it (Karras et al. 2022,
"Elucidating the Design Space of Diffusion-Based Generative Models", appendix F.2).
"""

import math
from typing import Final

import torch
import torch.nn.functional as F
from torch import Tensor

__all__ = ["LABELS", "augment"]

LABELS: Final = 9
SCALE, STRETCH, SHIFT = 0.2, 0.2, 0.125  # octaves, octaves, sides: deviations
BRIGHTNESS, CONTRAST, SATURATION = 0.2, 0.25, 0.5  # of −1..1, octaves, octaves
LUMA: Final = (0.2126, 0.7152, 0.0722)


def augment(pictures: Tensor, chance: float) -> tuple[Tensor, Tensor]:
    """Pictures [B, 3, H, W] in −1..1, changed in each way with that chance, and labels [B, 9].

    The labels are 0 for a picture that is as it was, which comes back bit for bit: scale, turn
    (cosine − 1, sine), stretch, shift along x and y, brightness, contrast and saturation. Draws
    from torch's generator on the CPU, so that a seed means the same on every device.
    """
    count = len(pictures)
    draws = torch.randn(count, 8)
    happens = torch.rand(count, 7) < chance
    turn = math.pi * (2 * torch.rand(count) - 1) * happens[:, 1]
    scale, stretch = SCALE * draws[:, 0] * happens[:, 0], STRETCH * draws[:, 2] * happens[:, 2]
    shift = SHIFT * draws[:, 3:5] * happens[:, 3:4]
    colour = draws[:, 5:8] * torch.tensor([BRIGHTNESS, CONTRAST, SATURATION]) * happens[:, 4:7]
    labels = torch.stack(
        [scale, turn.cos() - 1, turn.sin(), stretch, *shift.unbind(1), *colour.unbind(1)], 1
    )
    moved = _moved(pictures, _matrices(scale, turn, stretch, shift).to(pictures))
    still = ~happens[:, :4].any(1).to(pictures.device)
    moved = torch.where(still[:, None, None, None], pictures, moved)
    return _recoloured(moved, colour.to(pictures)), labels.to(pictures)


def _matrices(scale: Tensor, turn: Tensor, stretch: Tensor, shift: Tensor) -> Tensor:
    """From places of the result to places of the picture, [B, 2, 3] as `affine_grid` takes them."""
    cos, sin = turn.cos(), turn.sin()
    wide, high = torch.exp2(-scale - stretch), torch.exp2(-scale + stretch)
    rows = [
        torch.stack([wide * cos, -high * sin, -2 * shift[:, 0]], 1),
        torch.stack([wide * sin, high * cos, -2 * shift[:, 1]], 1),
    ]
    return torch.stack(rows, 1)


def _moved(pictures: Tensor, matrices: Tensor) -> Tensor:
    """What leaves the picture is mirrored at its edges."""
    grid = F.affine_grid(matrices, list(pictures.shape), align_corners=False)
    return F.grid_sample(pictures, grid, padding_mode="reflection", align_corners=False)


def _recoloured(pictures: Tensor, colour: Tensor) -> Tensor:
    """Brightness added, contrast about grey, saturation about the luma; 0 is exactly nothing."""
    brightness, contrast, saturation = (c[:, None, None, None] for c in colour.unbind(1))
    luma = (pictures * pictures.new_tensor(LUMA)[:, None, None]).sum(1, keepdim=True)
    pictures = pictures + (torch.exp2(saturation) - 1) * (pictures - luma)
    return pictures * torch.exp2(contrast) + brightness
