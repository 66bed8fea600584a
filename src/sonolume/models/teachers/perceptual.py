"""Distance between pictures, measured in a frozen net's feature maps."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from sonolume.errors import OptionError

# Keeps the gradient bounded where every channel of a position is zero.
_EPSILON = 1e-6


def feature_distance(
    a: Sequence[Tensor], b: Sequence[Tensor], weights: Sequence[float] | None = None
) -> Tensor:
    """Compare two lists of feature maps, tap by tap → [B], 0 for equal maps.

    Each tap [B, C, H, W] is scaled to unit length over its channels; the squared difference is
    summed over channels, averaged over space, and summed over taps with `weights` (all 1 by
    default), as in LPIPS (Zhang et al. 2018, eq. 1) without its fitted channel weights.

    Raises OptionError when the numbers of maps and weights differ.
    """
    weights = [1.0] * len(a) if weights is None else weights
    if not len(a) == len(b) == len(weights):
        raise OptionError(
            f"feature distance: {len(a)} and {len(b)} maps with {len(weights)} weights; "
            "give one weight a tap"
        )
    per_tap = [
        weight * (_unit(x) - _unit(y)).square().sum(1).mean((1, 2))
        for x, y, weight in zip(a, b, weights, strict=True)
    ]
    return torch.stack(per_tap).sum(0)


def _unit(features: Tensor) -> Tensor:
    features = features.float()
    return features * torch.rsqrt(features.square().sum(1, keepdim=True) + _EPSILON)
