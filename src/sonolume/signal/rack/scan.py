"""Recursions over time without a loop over time."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

__all__ = ["fading", "falling", "one_pole"]

BLOCK = 64
QUIETEST = 1e-9


def one_pole(values: Tensor, pole: Tensor, before: float = 0.0) -> Tensor:
    """y[n] = pole · y[n−1] + (1 − pole) · x[n] over the last dimension.

    Blocks of 64 are matrix products; their ends are a recursion of the same kind, 64 times shorter
    (Blelloch 1990).

    Args:
        values: x [B, N].
        pole: [B], 0 ≤ pole < 1.
        before: y[−1].
    """
    return _linear((values - before) * (1 - pole)[:, None], pole) + before


def _linear(values: Tensor, pole: Tensor) -> Tensor:
    """y[n] = pole · y[n−1] + x[n], y[−1] = 0."""
    frames = values.shape[-1]
    width = min(BLOCK, frames)
    count = -(-frames // width)
    blocks = F.pad(values, (0, count * width - frames)).reshape(-1, count, width)
    steps = torch.arange(width, device=values.device)
    apart = (steps[:, None] - steps).to(values.dtype)
    # The clamp keeps powers finite where the mask takes them out, so that gradients are, too.
    weights = pole[:, None, None] ** apart.clamp(min=0) * (apart >= 0)
    within = blocks @ weights.mT
    if count > 1:
        ends = _linear(within[:, :, -1], pole**width)
        carried = F.pad(ends[:, :-1], (1, 0))
        powers = pole[:, None] ** (steps + 1).to(values.dtype)
        within = within + carried[:, :, None] * powers[:, None]
    joined: Tensor = within.flatten(-2)[:, :frames]
    return joined


def falling(levels: Tensor, rate: Tensor) -> Tensor:
    """y[n] = max(x[n], y[n−1] − rate): levels [B, N] that fall no faster than ``rate`` [B].

    A linear recursion in the algebra of (max, +), hence a cumulative maximum.
    """
    slope = rate[:, None] * torch.arange(levels.shape[-1], device=levels.device)
    return torch.cummax(levels + slope, dim=-1).values - slope


def fading(values: Tensor, pole: Tensor) -> Tensor:
    """y[n] = max(x[n], pole · y[n−1]), x [B, N] ≥ 0, pole [B] in 0..1.

    The decoupled peak detector of Giannoulis et al. 2012, eq. 16.
    """
    return torch.exp(falling(torch.log(values + QUIETEST), -torch.log(pole))) - QUIETEST
