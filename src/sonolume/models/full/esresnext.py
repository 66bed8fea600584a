"""The sound half of AudioCLIP: ResNeXt-50 with attention over a learned spectrogram.

Guzhov et al. 2021, "ESResNe(X)t-fbsp: Learning Robust Time-Frequency Transformation of Audio".
Modules bear the names of the published checkpoints.
"""

from dataclasses import dataclass
from typing import Final

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from sonolume.models.full.fbsp import FRAME, Fbsp, bands, frames

EXPANSION: Final = 4
# One attention before the pooling at the end, and one beside each of the four layers: along
# frequency (3 × 1) and time (1 × 5) in turn.
ALONG: Final = ((3, 1), (1, 5), (3, 1), (1, 5), (3, 5))


@dataclass(frozen=True)
class EsResNextConfig:
    """Shape of the network; the defaults are ResNeXt-50 32 × 4d as published."""

    stem: int = 64
    blocks: tuple[int, ...] = (3, 4, 6, 3)
    width: int = 128  # inside the first layer's blocks, doubled from layer to layer
    groups: int = 32
    embedding: int = 1024


class EsResNext(nn.Module):
    """Mono samples [B, n] in −1..1 at 44.1 kHz → embeddings [B, 1024]."""

    window: Tensor

    def __init__(self, config: EsResNextConfig) -> None:
        super().__init__()
        self.config = config
        self.fbsp = Fbsp()
        self.register_buffer("window", torch.zeros(FRAME))
        self.conv1 = nn.Conv2d(3, config.stem, 7, 2, padding=3, bias=False)
        self.bn1 = nn.BatchNorm2d(config.stem)
        inputs = config.stem
        for number, count in enumerate(config.blocks):
            outputs = EXPANSION * config.stem * 2**number
            width = config.width * 2**number
            first = Bottleneck(inputs, width, outputs, config.groups, 2 if number else 1)
            rest = [Bottleneck(outputs, width, outputs, config.groups) for _ in range(count - 1)]
            self.add_module(f"layer{number + 1}", nn.Sequential(first, *rest))
            self.add_module(f"att{number + 1}", Attention(inputs, outputs, ALONG[number]))
            inputs = outputs
        self.att5 = Attention(inputs, inputs, ALONG[-1])
        self.fc = nn.Linear(inputs, config.embedding)

    def spectrogram(self, samples: Tensor) -> Tensor:
        """Decibels [B, 3, 341, T]; five seconds have T = 392."""
        return bands(self.fbsp(frames(samples, self.window)))

    def forward(self, samples: Tensor) -> Tensor:
        x = F.relu(self.bn1(self.conv1(self.spectrogram(samples))))
        x = F.max_pool2d(x, 3, 2, padding=1)
        for number in range(1, len(self.config.blocks) + 1):
            y = self.get_submodule(f"layer{number}")(x)
            x = y * self.get_submodule(f"att{number}")(x, y)
        y = x.mean((2, 3), keepdim=True)
        out: Tensor = self.fc((y * self.att5(x, y)).flatten(1))
        return out


class Bottleneck(nn.Module):
    """Residual block of ResNeXt (Xie et al. 2017): 1 × 1, grouped 3 × 3, 1 × 1."""

    def __init__(self, inputs: int, width: int, outputs: int, groups: int, stride: int = 1) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, width, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, stride, padding=1, groups=groups, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.conv3 = nn.Conv2d(width, outputs, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(outputs)
        shortcut = nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs)
        same = stride == 1 and inputs == outputs
        self.downsample = None if same else nn.Sequential(*shortcut)

    def forward(self, x: Tensor) -> Tensor:
        h = F.relu(self.bn1(self.conv1(x)))
        h = F.relu(self.bn2(self.conv2(h)))
        h = self.bn3(self.conv3(h))
        return F.relu(h + (x if self.downsample is None else self.downsample(x)))


class Attention(nn.Module):
    """Weights in 0..1 for the map y, from the map x that y was made of."""

    def __init__(self, inputs: int, outputs: int, kernel: tuple[int, int]) -> None:
        super().__init__()
        edges = (kernel[0] // 2, kernel[1] // 2)
        self.conv_depth = nn.Conv2d(inputs, inputs, kernel, padding=edges, groups=inputs)
        self.conv_point = nn.Conv2d(inputs, outputs, 1)
        self.bn = nn.BatchNorm2d(outputs)

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        pooled = F.adaptive_max_pool2d(x, (y.shape[-2], y.shape[-1]))
        return torch.sigmoid(self.bn(self.conv_point(self.conv_depth(pooled))))
