"""The U-Net of "Diffusion Models Beat GANs on Image Synthesis" (Dhariwal & Nichol 2021), ADM.

Modules bear the names of the published checkpoints, so that these load as they are.
"""

import math
from dataclasses import dataclass
from typing import Final, Literal

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

GROUPS: Final = 32
HEAD_WIDTH: Final = 64
PERIOD: Final = 10_000.0
SMALLEST: Final = 8  # px, the deepest level of every published model

Resize = Literal["same", "half", "double"]


@dataclass(frozen=True)
class AdmConfig:
    """Shape of one network; the defaults are those of the 256 × 256 unconditional model."""

    channels: int = 256  # of the time embedding's sinusoids
    widths: tuple[int, ...] = (256, 256, 512, 512, 1024, 1024)  # of each level, finest first
    blocks: int = 2  # residual blocks a level
    attention: tuple[int, ...] = (3, 4, 5)  # levels, here 32, 16 and 8 px
    outputs: int = 6  # noise, and what interpolates the variance

    @property
    def side(self) -> int:
        """Side of the pictures it was made for, in pixels."""
        return int(SMALLEST * 2 ** (len(self.widths) - 1))


class Adm(nn.Module):
    """Noisy pictures [B, 3, H, W] at steps [B] → [B, outputs, H, W].

    H and W are multiples of 2^(levels − 1). Steps count up with the noise, from 0, and may lie
    between whole ones. On the way to a gradient only what stages hand on is kept; their insides
    are computed again.
    """

    def __init__(self, config: AdmConfig) -> None:
        super().__init__()
        self.config = config
        time = 4 * config.channels
        self.time_embed = nn.Sequential(
            nn.Linear(config.channels, time), nn.SiLU(), nn.Linear(time, time)
        )
        self.input_blocks, kept = _descent(config, time)
        deepest = config.widths[-1]
        self.middle_block = Stage(
            ResBlock(deepest, deepest, time),
            Attention(deepest),
            ResBlock(deepest, deepest, time),
        )
        self.output_blocks = _ascent(config, time, kept)
        finest = config.widths[0]
        self.out = nn.Sequential(
            Norm(finest), nn.SiLU(), nn.Conv2d(finest, config.outputs, 3, padding=1)
        )

    def forward(self, x: Tensor, steps: Tensor) -> Tensor:
        waves = sinusoids(steps, self.config.channels)
        time = self.time_embed(waves.to(self.dtype))
        h, kept = x.to(self.dtype), []
        for stage in self.input_blocks:
            h = _sparing(stage, h, time)
            kept.append(h)
        h = _sparing(self.middle_block, h, time)
        for stage in self.output_blocks:
            h = _sparing(stage, torch.cat([h, kept.pop()], dim=1), time)
        out: Tensor = self.out(h)
        return out

    @property
    def dtype(self) -> torch.dtype:
        """Of the weights, and so of the computation."""
        return self.time_embed[0].weight.dtype  # type: ignore[return-value]


class ResBlock(nn.Module):
    """skip(resize x) + conv(silu(norm(conv(resize(silu(norm x)))) · (1 + scale) + shift)).

    Scale and shift come from the time embedding. Halving is the mean of 2 × 2, doubling repeats.
    """

    def __init__(self, inputs: int, outputs: int, time: int, resize: Resize = "same") -> None:
        super().__init__()
        self.resize = resize
        self.in_layers = nn.Sequential(
            Norm(inputs), nn.SiLU(), nn.Conv2d(inputs, outputs, 3, padding=1)
        )
        self.emb_layers = nn.Sequential(nn.SiLU(), nn.Linear(time, 2 * outputs))
        self.out_layers = nn.Sequential(
            Norm(outputs), nn.SiLU(), nn.Identity(), nn.Conv2d(outputs, outputs, 3, padding=1)
        )
        same = inputs == outputs
        self.skip_connection = nn.Identity() if same else nn.Conv2d(inputs, outputs, 1)

    def forward(self, x: Tensor, time: Tensor) -> Tensor:
        norm, silu, conv = self.in_layers
        h = conv(self._resized(silu(norm(x))))
        scale, shift = self.emb_layers(time)[:, :, None, None].chunk(2, dim=1)
        norm, *rest = self.out_layers
        h = norm(h) * (1 + scale) + shift
        for layer in rest:
            h = layer(h)
        out: Tensor = self.skip_connection(self._resized(x)) + h
        return out

    def _resized(self, x: Tensor) -> Tensor:
        if self.resize == "half":
            return F.avg_pool2d(x, 2)
        if self.resize == "double":
            return F.interpolate(x, scale_factor=2.0, mode="nearest")
        return x


class Attention(nn.Module):
    """x + proj_out(attention(norm x)) over all places; channels of `qkv` lie [head][q, k, v]."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.heads = width // HEAD_WIDTH
        self.norm = Norm(width)
        self.qkv = nn.Conv1d(width, 3 * width, 1)
        self.proj_out = nn.Conv1d(width, width, 1)

    def forward(self, x: Tensor, _time: Tensor) -> Tensor:
        B, C, H, W = x.shape
        told = self.qkv(self.norm(x).flatten(2))
        q, k, v = told.view(B, self.heads, 3, -1, H * W).transpose(3, 4).unbind(2)
        read = F.scaled_dot_product_attention(q, k, v).transpose(2, 3).reshape(B, C, H * W)
        out: Tensor = x + self.proj_out(read).view_as(x)
        return out


class Norm(nn.GroupNorm):
    """Group normalisation in float32, whatever the type of x."""

    def __init__(self, width: int) -> None:
        super().__init__(GROUPS, width)

    def forward(self, x: Tensor) -> Tensor:
        weight, bias = self.weight.float(), self.bias.float()
        return F.group_norm(x.float(), GROUPS, weight, bias, self.eps).to(x.dtype)


class Stage(nn.ModuleList):
    """Blocks in a row, of which each may read the time embedding."""

    def __init__(self, *blocks: nn.Module) -> None:
        super().__init__(blocks)

    def forward(self, x: Tensor, time: Tensor) -> Tensor:
        for block in self:
            x = block(x) if isinstance(block, nn.Conv2d) else block(x, time)
        return x


def sinusoids(steps: Tensor, width: int) -> Tensor:
    """[cos | sin](step · 10000^(−i / half)), i = 0 … half − 1, of steps [B] → [B, width]."""
    half = width // 2
    rates = torch.exp(-math.log(PERIOD) / half * torch.arange(half, device=steps.device))
    angles = steps.float()[:, None] * rates
    return torch.cat([angles.cos(), angles.sin()], dim=-1)


def _sparing(stage: nn.Module, h: Tensor, time: Tensor) -> Tensor:
    """`stage(h, time)`; for a gradient its insides are not kept (Chen et al. 2016)."""
    followed = torch.is_grad_enabled() and h.requires_grad
    out: Tensor = checkpoint(stage, h, time, use_reentrant=False) if followed else stage(h, time)
    return out


def _descent(config: AdmConfig, time: int) -> tuple[nn.ModuleList, list[int]]:
    """The input blocks, and the widths that they leave for the output blocks."""
    width = config.widths[0]
    stages, kept = [Stage(nn.Conv2d(3, width, 3, padding=1))], [width]
    for level, wider in enumerate(config.widths):
        for _ in range(config.blocks):
            stages.append(Stage(ResBlock(width, wider, time), *_attention(config, level)))
            width = wider
            kept.append(width)
        if level + 1 < len(config.widths):
            stages.append(Stage(ResBlock(width, width, time, "half")))
            kept.append(width)
    return nn.ModuleList(stages), kept


def _ascent(config: AdmConfig, time: int, kept: list[int]) -> nn.ModuleList:
    """The output blocks, which read what the input blocks left, last first."""
    width, kept, stages = config.widths[-1], list(kept), []
    for level in reversed(range(len(config.widths))):
        wider = config.widths[level]
        for number in range(config.blocks + 1):
            stage = Stage(ResBlock(width + kept.pop(), wider, time), *_attention(config, level))
            if level and number == config.blocks:
                stage.append(ResBlock(wider, wider, time, "double"))
            width = wider
            stages.append(stage)
    return nn.ModuleList(stages)


def _attention(config: AdmConfig, level: int) -> list[nn.Module]:
    if level not in config.attention:
        return []
    return [Attention(config.widths[level])]
