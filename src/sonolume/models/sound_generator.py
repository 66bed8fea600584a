"""The pocket sound generator: a plain transformer on stretches of a log-mel spectrogram."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from sonolume.models.transformer import Attention, RMSNorm, SwiGLU, rotary_angles, sinusoid

__all__ = ["SoundGenerator", "SoundGeneratorConfig", "from_mel", "to_mel"]

BANDS = 64
MEAN, SPREAD = -8.0, 4.0  # of the log-mel values of level-normalised sounds
MARGIN = 2  # frames on each side that the last convolutions see


@dataclass(frozen=True)
class SoundGeneratorConfig:
    frames: int = 400  # 4 s
    patch: int = 8  # frames of a token
    width: int = 192
    depth: int = 6
    heads: int = 3
    embedding: int = 512
    tokens: int = 4  # that tell the condition, beside the modulation
    rank: int = 128  # patches and conditions pass a narrow layer: few of their directions matter
    seams: int = 32  # channels of the convolution that closes the seams between patches


class SoundGenerator(nn.Module):
    """Predicts the clean spectrogram, as the painter does pictures (Li & He 2025).

    x [B, 64, frames] = t · sound + (1 − t) · noise, sound as `from_mel` gives it, t [B] in 0..1,
    embedding [B, 512] of the joint space → the clean spectrogram, about −2..3. An embedding of
    zeros says nothing.
    """

    angles: Tensor

    def __init__(self, config: SoundGeneratorConfig) -> None:
        super().__init__()
        self.config = config
        width, count = config.width, config.frames // config.patch
        values = BANDS * config.patch
        self.patch_in = _narrow(values, config.rank, width)
        self.time = nn.Sequential(nn.Linear(width, width), nn.SiLU(), nn.Linear(width, width))
        self.summary = nn.Linear(config.embedding, width, bias=False)
        self.told = _narrow(config.embedding, config.rank, config.tokens * width)
        self.modulation = nn.Sequential(nn.SiLU(), nn.Linear(width, 6 * width))
        self.blocks = nn.ModuleList(_Block(width, config.heads) for _ in range(config.depth))
        self.norm_out = RMSNorm(width)
        self.modulate_out = nn.Sequential(nn.SiLU(), nn.Linear(width, 2 * width))
        self.patch_out = nn.Linear(width, values)
        self.seams = nn.Sequential(
            nn.Conv1d(2 * BANDS, config.seams, 2 * MARGIN + 1, padding=MARGIN),
            nn.SiLU(),
            nn.Conv1d(config.seams, BANDS, 2 * MARGIN + 1, padding=MARGIN),
        )
        places = rotary_angles(1, count, width // config.heads)
        self.register_buffer(
            "angles", torch.cat([places.new_zeros(config.tokens, places.shape[1]), places]), False
        )
        self._start()

    def _start(self) -> None:
        """Blocks start as the identity, the sound as the mean, the seam filter as nothing."""
        for layer in (self.modulation, self.modulate_out, self.patch_out, self.seams):
            weight, bias = list(layer.parameters())[-2:]
            nn.init.zeros_(weight)
            nn.init.zeros_(bias)

    def forward(self, x: Tensor, t: Tensor, embedding: Tensor) -> Tensor:
        width, told = self.config.width, self.config.tokens
        h = self.patch_in(self._patches(x))
        # A unit vector of 512 has entries of 1 / 23: brought to the size of everything else.
        embedding = embedding.to(h.dtype) * self.config.embedding**0.5
        h = torch.cat([self.told(embedding).view(len(x), told, width), h], dim=1)
        condition = self.time(sinusoid(t, width).to(h.dtype)) + self.summary(embedding)
        modulation = self.modulation(condition).view(len(x), 6, -1)
        for block in self.blocks:
            h = block(h, modulation, self.angles)
        shift, scale = self.modulate_out(condition)[:, None].chunk(2, dim=-1)
        h = self.norm_out(h[:, told:]) * (1 + scale) + shift
        clean = self.patch_out(h).view(len(x), -1, BANDS).transpose(1, 2)
        out: Tensor = clean + self.seams(torch.cat([clean, x.to(clean.dtype)], dim=1))
        return out

    def _patches(self, x: Tensor) -> Tensor:
        return x.transpose(1, 2).reshape(len(x), -1, BANDS * self.config.patch)


class _Block(nn.Module):
    """Self-attention and feed-forward, modulated and gated from outside.

    The six modulation vectors are shared by all blocks and shifted by a table of each block
    (adaLN-single, Chen et al. 2023).
    """

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.table = nn.Parameter(torch.zeros(6, width))
        self.norm_attention = RMSNorm(width)
        self.attention = Attention(width, heads)
        self.norm_feed = RMSNorm(width)
        self.feed = SwiGLU(width)

    def forward(self, x: Tensor, modulation: Tensor, angles: Tensor) -> Tensor:
        shift_a, scale_a, gate_a, shift_f, scale_f, gate_f = (
            modulation + self.table.to(modulation.dtype)
        )[:, :, None].unbind(1)
        read = self.attention(self.norm_attention(x) * (1 + scale_a) + shift_a, angles=angles)
        x = x + gate_a * read
        fed: Tensor = gate_f * self.feed(self.norm_feed(x) * (1 + scale_f) + shift_f)
        return x + fed


def _narrow(inputs: int, rank: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(nn.Linear(inputs, rank, bias=False), nn.Linear(rank, outputs))


def from_mel(mel: Tensor) -> Tensor:
    """Log-mel values, brought to about mean 0 and deviation 1."""
    return (mel - MEAN) / SPREAD


def to_mel(x: Tensor) -> Tensor:
    """The inverse of `from_mel`."""
    return x * SPREAD + MEAN
