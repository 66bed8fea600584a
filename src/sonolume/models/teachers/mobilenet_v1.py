"""MobileNetV1 1.0 for ImageNet (Howard et al. 2017, table 1), batch norm folded in."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn

from sonolume.models.teachers.same_padding import SameConv2d

_WIDTHS = (64, 128, 128, 256, 256, 512, 512, 512, 512, 512, 512, 1024, 1024)
_STRIDES = (1, 2, 1, 2, 1, 2, 1, 1, 1, 1, 1, 2, 1)
_LAST_AT_STRIDE_16, _LAST = 10, 12


class _Separable(nn.Module):
    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.dw = SameConv2d(inputs, inputs, 3, stride, groups=inputs)
        self.pw = SameConv2d(inputs, outputs, 1)

    def forward(self, x: Tensor) -> Tensor:
        return F.relu6(self.pw(F.relu6(self.dw(x))))


class MobileNetV1(nn.Module):
    """4.22 M parameters. Pictures are RGB [B, 3, H, W] in 0..1, best at 224 px."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = SameConv2d(3, 32, 3, 2)
        inputs = (32, *_WIDTHS[:-1])
        self.blocks = nn.ModuleList(map(_Separable, inputs, _WIDTHS, _STRIDES))
        self.classifier = nn.Linear(_WIDTHS[-1], 1000)

    def grid(self, pixels: Tensor) -> tuple[Tensor, Tensor]:
        """The last maps at stride 16, [B, 512, H/16, W/16], and 32, [B, 1024, H/32, W/32]."""
        x = F.relu6(self.stem(pixels * 2 - 1))
        kept = []
        for index, block in enumerate(self.blocks):
            x = block(x)
            if index in (_LAST_AT_STRIDE_16, _LAST):
                kept.append(x)
        return kept[0], kept[1]

    def features(self, pixels: Tensor) -> Tensor:
        """Pooled vector [B, 1024] of the last map."""
        return self.grid(pixels)[1].mean((2, 3))

    def logits(self, pixels: Tensor) -> Tensor:
        """Scores [B, 1000] of the ImageNet classes in their standard sorted order."""
        scores: Tensor = self.classifier(self.features(pixels))
        return scores

    def forward(self, pixels: Tensor) -> Tensor:
        return self.logits(pixels)
