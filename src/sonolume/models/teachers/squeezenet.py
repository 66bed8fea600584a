"""SqueezeNet 1.1 for ImageNet (Iandola et al. 2016, release 1.1), Caffe conventions."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from sonolume.models.teachers.perceptual import feature_distance

_BGR_MEAN = (104.0, 117.0, 123.0)


class _Fire(nn.Module):
    def __init__(self, inputs: int, squeezed: int, expanded: int) -> None:
        super().__init__()
        self.squeeze1x1 = nn.Conv2d(inputs, squeezed, 1)
        self.expand1x1 = nn.Conv2d(squeezed, expanded, 1)
        self.expand3x3 = nn.Conv2d(squeezed, expanded, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        squeezed = F.relu(self.squeeze1x1(x))
        return F.relu(torch.cat([self.expand1x1(squeezed), self.expand3x3(squeezed)], 1))


class SqueezeNet(nn.Module):
    """1.24 M parameters. Pictures are RGB [B, 3, H, W] in 0..1, sides of 64 px or more."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 64, 3, 2)
        self.fire2 = _Fire(64, 16, 64)
        self.fire3 = _Fire(128, 16, 64)
        self.fire4 = _Fire(128, 32, 128)
        self.fire5 = _Fire(256, 32, 128)
        self.fire6 = _Fire(256, 48, 192)
        self.fire7 = _Fire(384, 48, 192)
        self.fire8 = _Fire(384, 64, 256)
        self.fire9 = _Fire(512, 64, 256)
        # The published Caffe net pads this 1x1 convolution too.
        self.conv10 = nn.Conv2d(512, 1000, 1, padding=1)
        mean = torch.tensor(_BGR_MEAN).view(1, 3, 1, 1)
        self.register_buffer("mean", mean, persistent=False)

    def taps(self, pixels: Tensor) -> list[Tensor]:
        """ReLU maps of conv1, fire3, fire5, fire7 and fire9.

        At 128 px: 64x63x63, 128x31x31, 256x15x15, 384x7x7, 512x7x7.
        """
        conv1 = F.relu(self.conv1(pixels.flip(1) * 255 - self.get_buffer("mean")))
        fire3 = self.fire3(self.fire2(_pool(conv1)))
        fire5 = self.fire5(self.fire4(_pool(fire3)))
        fire7 = self.fire7(self.fire6(_pool(fire5)))
        fire9 = self.fire9(self.fire8(fire7))
        return [conv1, fire3, fire5, fire7, fire9]

    def perceptual_distance(
        self, a: Tensor, b: Tensor, weights: Sequence[float] | None = None
    ) -> Tensor:
        """Distance [B] between pictures over `taps`, one weight a tap (all 1 by default).

        At 128 px a shift by one pixel gives about 0.75, another photo about 7.4.

        Raises OptionError when there are not five weights.
        """
        return feature_distance(self.taps(a), self.taps(b), weights)

    def logits(self, pixels: Tensor) -> Tensor:
        """Scores [B, 1000] of the ImageNet classes in their standard sorted order."""
        return F.relu(self.conv10(self.taps(pixels)[-1])).mean((2, 3))

    def forward(self, pixels: Tensor) -> Tensor:
        return self.logits(pixels)


def _pool(x: Tensor) -> Tensor:
    return F.max_pool2d(x, 3, 2, ceil_mode=True)
