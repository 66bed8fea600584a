"""TensorFlow's "SAME" padding, which the ImageNet MobileNets were trained with."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn


class SameConv2d(nn.Conv2d):
    """Convolution whose output side is ceil(input side / stride).

    [B, in, H, W] → [B, out, ceil(H / stride), ceil(W / stride)].
    """

    def __init__(
        self, inputs: int, outputs: int, side: int, stride: int = 1, groups: int = 1
    ) -> None:
        super().__init__(inputs, outputs, side, stride, groups=groups)

    def forward(self, x: Tensor) -> Tensor:
        top, bottom = self._padding(x.shape[-2])
        left, right = self._padding(x.shape[-1])
        if top == bottom and left == right:
            return F.conv2d(x, self.weight, self.bias, self.stride, (top, left), 1, self.groups)
        return super().forward(F.pad(x, (left, right, top, bottom)))

    def _padding(self, length: int) -> tuple[int, int]:
        # The smaller half goes first, so an even side at stride 2 is padded at its end only.
        kernel, stride = self.kernel_size[0], self.stride[0]
        total = max((-(-length // stride) - 1) * stride + kernel - length, 0)
        return total // 2, total - total // 2
