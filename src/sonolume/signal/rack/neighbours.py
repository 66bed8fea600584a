"""What lies beside a bin of a spectrum."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

__all__ = ["neighbourhood"]


def neighbourhood(power: Tensor, octaves: float, fewest: int) -> Tensor:
    """Means of powers [..., F] over so many octaves and at least ``fewest`` bins on either side.

    In double precision: sums of a loud low end would swallow a quiet top in single.
    """
    bins = torch.arange(power.shape[-1], device=power.device)
    wide = (bins * (2**octaves - 1)).clamp(min=fewest).round().long()
    low, high = (bins - wide).clamp(min=0), (bins + wide + 1).clamp(max=len(bins))
    sums = F.pad(power.double().cumsum(-1), (1, 0))
    return (sums[..., high] - sums[..., low]).clamp(min=0) / (high - low)
