"""The sound and picture towers: convolutions, a short transformer, one unit vector."""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from sonolume.models.transformer import Attention, RMSNorm, SwiGLU, rotary_angles


@dataclass(frozen=True)
class TowerConfig:
    """Widths of the convolution stages, and of the transformer over their last map."""

    stages: tuple[int, ...] = (64, 128, 256)
    blocks: tuple[int, ...] = (0, 0, 1)  # residual blocks in each stage
    width: int = 320
    depth: int = 2
    heads: int = 5
    embedding: int = 512


class SoundTower(nn.Module):
    """Log-mel spectrogram [B, 64, T] → embedding [B, 512] of unit length, for any T ≥ 16."""

    MEAN, SPREAD = -6.0, 3.5  # of the log-mel values of level-normalised sounds

    def __init__(self, config: TowerConfig) -> None:
        super().__init__()
        self.config = config
        self.stem = Stem(1, config)
        self.merge = nn.Linear(config.stages[-1] * (64 // shrinkage(config)), config.width)
        self.body = Body(config)

    def features(self, mel: Tensor) -> Tensor:
        """Pooled features [B, 2 · width] before the projection."""
        x = self.stem((mel[:, None] - self.MEAN) / self.SPREAD)
        x = x.permute(0, 3, 1, 2).flatten(2)  # one token a time step
        return self.body.pooled(self.merge(x), None)

    def forward(self, mel: Tensor) -> Tensor:
        return self.body.embed(self.features(mel))


class PictureTower(nn.Module):
    """Picture [B, 3, S, S] in −1..1 → embedding [B, 512] of unit length.

    S is 128 as a rule; training starts with smaller pictures (any multiple of the shrinkage).
    """

    FULL_SIDE = 128

    def __init__(self, config: TowerConfig) -> None:
        super().__init__()
        self.config = config
        self.stem = Stem(3, config)
        self.merge = nn.Linear(config.stages[-1], config.width)
        self.body = Body(config)

    def features(self, pixels: Tensor) -> Tensor:
        """Pooled features [B, 2 · width] before the projection."""
        x = self.stem(pixels)
        angles = self._angles(x.shape[-1]).to(x.device)
        return self.body.pooled(self.merge(x.flatten(2).transpose(1, 2)), angles)

    def _angles(self, cells: int) -> Tensor:
        """Positions of cells × cells, spread over the same square whatever their number."""
        spread = self.FULL_SIDE / shrinkage(self.config) / cells
        head_width = self.config.width // self.config.heads
        return rotary_angles(cells, cells, head_width, spread=spread)

    def forward(self, pixels: Tensor) -> Tensor:
        return self.body.embed(self.features(pixels))


class Stem(nn.Module):
    """A patch convolution of stride 4, then stages that halve both axes, with residual blocks."""

    def __init__(self, channels: int, config: TowerConfig) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        for number, (width, blocks) in enumerate(zip(config.stages, config.blocks, strict=True)):
            kernel, stride = (7, 4) if number == 0 else (3, 2)
            layers += [ConvNorm(channels, width, kernel, stride), nn.SiLU()]
            layers += [Residual(width) for _ in range(blocks)]
            channels = width
        self.layers = nn.Sequential(*layers)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.layers(x.contiguous(memory_format=torch.channels_last))
        return out


def shrinkage(config: TowerConfig) -> int:
    """How many input rows (or columns) become one."""
    return int(2 ** (1 + len(config.stages)))


class ConvNorm(nn.Sequential):
    """Convolution and batch norm."""

    def __init__(self, inputs: int, outputs: int, kernel: int = 3, stride: int = 1) -> None:
        super().__init__(
            nn.Conv2d(inputs, outputs, kernel, stride=stride, padding=kernel // 2, bias=False),
            nn.BatchNorm2d(outputs),
        )


class Residual(nn.Module):
    """x + two convolutions (He et al. 2016, with the addition left linear)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(ConvNorm(width, width), nn.SiLU(), ConvNorm(width, width))

    def forward(self, x: Tensor) -> Tensor:
        return F.silu(x + self.layers(x))


class Body(nn.Module):
    """Transformer over the tokens of a map, pooled by mean and maximum, projected to the space."""

    def __init__(self, config: TowerConfig) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(
            BodyBlock(config.width, config.heads) for _ in range(config.depth)
        )
        self.norm = RMSNorm(config.width)
        self.project = nn.Linear(2 * config.width, config.embedding)

    def pooled(self, x: Tensor, angles: Tensor | None) -> Tensor:
        for block in self.blocks:
            x = block(x, angles)
        x = self.norm(x)
        return torch.cat([x.mean(1), x.amax(1)], dim=-1)

    def embed(self, pooled: Tensor) -> Tensor:
        return F.normalize(self.project(pooled).float(), dim=-1)


class BodyBlock(nn.Module):
    """Pre-norm transformer block; without angles it does not know the order of its tokens."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.norm_attention = RMSNorm(width)
        self.attention = Attention(width, heads)
        self.norm_feed = RMSNorm(width)
        self.feed = SwiGLU(width)

    def forward(self, x: Tensor, angles: Tensor | None) -> Tensor:
        x = x + self.attention(self.norm_attention(x), angles=angles)
        out: Tensor = x + self.feed(self.norm_feed(x))
        return out
