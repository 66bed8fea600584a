"""MobileNetV2 1.0 for ImageNet (Sandler et al. 2018, table 2), batch norm folded in."""

from __future__ import annotations

from collections.abc import Sequence

import torch.nn.functional as F
from torch import Tensor, nn

from sonolume.models.teachers.perceptual import feature_distance
from sonolume.models.teachers.same_padding import SameConv2d

# Blocks of equal width: how many, channels out, expansion, stride of the first.
_STAGES = (
    (1, 16, 1, 1),
    (2, 24, 6, 2),
    (3, 32, 6, 2),
    (4, 64, 6, 2),
    (3, 96, 6, 1),
    (3, 160, 6, 2),
    (1, 320, 6, 1),
)
_LAST = 16
_GRID = (12, _LAST)
_TAPS = (3, 6, 13)


class _InvertedResidual(nn.Module):
    def __init__(self, inputs: int, outputs: int, expansion: int, stride: int) -> None:
        super().__init__()
        hidden = inputs * expansion
        self.expand = SameConv2d(inputs, hidden, 1) if expansion > 1 else None
        self.dw = SameConv2d(hidden, hidden, 3, stride, groups=hidden)
        self.project = SameConv2d(hidden, outputs, 1)
        self.residual = stride == 1 and inputs == outputs

    def forward(self, x: Tensor) -> Tensor:
        hidden = x if self.expand is None else F.relu6(self.expand(x))
        out: Tensor = self.project(F.relu6(self.dw(hidden)))
        return x + out if self.residual else out


class MobileNetV2(nn.Module):
    """3.49 M parameters. Pictures are RGB [B, 3, H, W] in 0..1, best at 224 px."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = SameConv2d(3, 32, 3, 2)
        self.blocks = nn.ModuleList(_residuals(32))
        self.head = SameConv2d(_STAGES[-1][1], 1280, 1)
        self.classifier = nn.Linear(1280, 1000)

    def grid(self, pixels: Tensor) -> tuple[Tensor, Tensor]:
        """Outputs of block 12, [B, 96, H/16, W/16], and of block 16, [B, 320, H/32, W/32]."""
        middle, last = self._outputs(pixels, _GRID)
        return middle, last

    def taps(self, pixels: Tensor) -> list[Tensor]:
        """Maps for perceptual losses: blocks 3, 6 and 13.

        Channels 32, 64, 160 at strides 8, 16, 32.
        """
        return self._outputs(pixels, _TAPS)

    def perceptual_distance(
        self, a: Tensor, b: Tensor, weights: Sequence[float] | None = None
    ) -> Tensor:
        """Distance [B] between pictures over `taps`, one weight a tap (all 1 by default).

        Raises OptionError when there are not three weights.
        """
        return feature_distance(self.taps(a), self.taps(b), weights)

    def pool(self, last: Tensor) -> Tensor:
        """Pooled vector [B, 1280] from block 16's map [B, 320, h, w], as `grid` returns it."""
        return F.relu6(self.head(last)).mean((2, 3))

    def features(self, pixels: Tensor) -> Tensor:
        """Pooled vector [B, 1280] before the classifier."""
        return self.pool(self._outputs(pixels, (_LAST,))[0])

    def logits(self, pixels: Tensor) -> Tensor:
        """Scores [B, 1000] of the ImageNet classes in their standard sorted order."""
        scores: Tensor = self.classifier(self.features(pixels))
        return scores

    def forward(self, pixels: Tensor) -> Tensor:
        return self.logits(pixels)

    def _outputs(self, pixels: Tensor, wanted: tuple[int, ...]) -> list[Tensor]:
        x = F.relu6(self.stem(pixels * 2 - 1))
        kept = []
        for index, block in enumerate(self.blocks[: wanted[-1] + 1]):
            x = block(x)
            if index in wanted:
                kept.append(x)
        return kept


def _residuals(inputs: int) -> list[_InvertedResidual]:
    blocks = []
    for count, outputs, expansion, first_stride in _STAGES:
        for stride in (first_stride, *(1,) * (count - 1)):
            blocks.append(_InvertedResidual(inputs, outputs, expansion, stride))
            inputs = outputs
    return blocks
