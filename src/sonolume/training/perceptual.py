"""Perceptual loss from two frozen networks (after Johnson et al. 2016, Zhang et al. 2018)."""

from pathlib import Path

import torch
from torch import Tensor, nn

from sonolume.models.teachers import load_teacher


class PerceptualLoss(nn.Module):
    """Feature distance of pictures to SqueezeNet 1.1 and MobileNetV2; neither is the judge.

    Pictures [B, 3, H, W] in about −1..1 → the sum of both distances, mean over the batch.
    """

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.squeezenet = load_teacher("imagenet_squeezenet11", folder)
        self.mobilenet = load_teacher("imagenet_mobilenet_v2", folder)

    def forward(self, painted: Tensor, true: Tensor) -> Tensor:
        a, b = _unit(painted), _unit(true)
        distance = self.squeezenet.perceptual_distance(a, b)
        distance = distance + self.mobilenet.perceptual_distance(a, b)
        return distance.mean()


def _unit(picture: Tensor) -> Tensor:
    """−1..1 → 0..1; what lies a little outside keeps its gradient."""
    unit = (picture.clamp(-1.2, 1.2) + 1) / 2
    return unit.contiguous(memory_format=torch.channels_last)  # in which convolutions are faster
