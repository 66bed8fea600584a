"""Losses of controllers: settings of active effects, and which effects are active."""

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional as F

__all__ = ["activity_loss", "owned", "settings_loss"]

NEGATIVE_FOCUS, SHIFT = 5.0, 0.05
HARD = 2.0


def owned(active: Tensor, owners: Sequence[int]) -> Tensor:
    """bool [B, E] of items → bool [B, P] of their controls."""
    return active[:, torch.tensor(list(owners), device=active.device)]


def settings_loss(
    shares: Tensor, truth: Tensor, counted: Tensor, weights: Tensor, beta: float = 0.02
) -> Tensor:
    """Smooth L1 of shares [B, P] against the true ones where `counted`, weighted by control [P];
    0 where none is counted."""
    each = F.smooth_l1_loss(shares, truth, beta=beta, reduction="none")
    weighed = weights * counted
    return (each * weighed).sum() / weighed.sum().clamp(min=1e-6)


def activity_loss(logits: Tensor, active: Tensor) -> Tensor:
    """Asymmetric loss (Ridnik et al. 2021; γ+ 0, γ− 5, shift 0.05), hard examples up to thrice.

    Args:
        logits: [B, E].
        active: bool [B, E].
    """
    share = torch.sigmoid(logits)
    off = (share - SHIFT).clamp(min=0)
    right = torch.where(active, share, 1 - off)
    focus = torch.where(active, 1.0, off**NEGATIVE_FOCUS)
    each = -focus * torch.log(right.clamp(min=1e-8))
    return (each * (1 + HARD * (1 - right.detach()).square())).mean()
