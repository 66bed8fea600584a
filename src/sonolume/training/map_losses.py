"""Losses of the map from pictures to the heads of a change."""

import torch
from torch import Tensor
from torch.nn import functional as F

__all__ = ["identity_loss", "manifold_loss", "monotonic_loss", "pseudo_loss"]


def pseudo_loss(tokens: Tensor, gains: Tensor, wanted: Tensor, moved: Tensor) -> Tensor:
    """Distance of tokens [B, 6, D] and gains [B, 6] to those of a sound that changed as asked; 0
    where they are the same. Tokens count by how far their head moved: those of a head at rest say
    nothing."""
    apart = (tokens - wanted).square().mean(-1)
    weight = 0.1 + moved
    return (weight * apart).mean() + F.mse_loss(gains, moved)


def manifold_loss(tokens: Tensor, mean: Tensor, deviation: Tensor) -> Tensor:
    """How far mean and deviation over a batch of tokens [B, 6, D] are from those of sounds [6, D],
    in their deviations; 0 where they are the same."""
    off = (tokens.mean(0) - mean) / deviation.clamp(min=1e-4)
    ratio = tokens.std(0, correction=0) / deviation.clamp(min=1e-4)
    return off.square().mean() + (ratio - 1).square().mean()


def identity_loss(gains: Tensor) -> Tensor:
    """Mean square of the gains [B, 6] of pictures that did not change."""
    return gains.square().mean()


def monotonic_loss(less: Tensor, more: Tensor) -> Tensor:
    """How far gains [B, 6] fall where more of the same is asked; 0 where none does."""
    return torch.relu(less - more).mean()
