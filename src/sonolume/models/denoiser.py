"""The pocket denoiser: a plain transformer on the pixels of a picture."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from sonolume.models.gated import GatedAudioAttention, GatedAudioSummary
from sonolume.models.transformer import Attention, RMSNorm, SwiGLU, rotary_angles, sinusoid
from sonolume.models.words import masked_mean, token_mask


@dataclass(frozen=True)
class DenoiserConfig:
    side: int = 64
    patch: int = 8
    width: int = 384
    depth: int = 8
    heads: int = 6
    context: int = 256  # width of word and sound tokens
    patch_rank: int = 128  # patches pass a narrow layer: few of their directions matter
    border: int = 8  # channels of the small convolution that closes the seams between patches
    labels: int = 0  # numbers that tell how a training picture was changed; none is told at use


class PocketDenoiser(nn.Module):
    """Predicts the clean picture, as in "Back to Basics" (Li & He 2025).

    x [B, 3, side, side] = t · picture + (1 − t) · noise, t [B] in 0..1, words [B, L ≤ 77, D] and
    sound [B, 77, D] or None → the clean picture, about −1..1. All-zero token rows are padding.
    """

    angles: Tensor

    def __init__(self, config: DenoiserConfig) -> None:
        super().__init__()
        self.config = config
        width, cells = config.width, config.side // config.patch
        values = 3 * config.patch**2
        self.patch_in = nn.Sequential(
            nn.Linear(values, config.patch_rank, bias=False), nn.Linear(config.patch_rank, width)
        )
        self.time = nn.Sequential(nn.Linear(width, width), nn.SiLU(), nn.Linear(width, width))
        self.summary = nn.Linear(config.context, width)
        self.audio = GatedAudioSummary(config.context, width)
        self.changed = nn.Linear(config.labels, width, bias=False) if config.labels else None
        self.modulation = nn.Sequential(nn.SiLU(), nn.Linear(width, 6 * width))
        self.layers: list[DenoiserBlock] = [
            DenoiserBlock(width, config.heads, config.context) for _ in range(config.depth)
        ]
        self.blocks = nn.ModuleList(self.layers)
        self.norm_out = RMSNorm(width)
        self.modulate_out = nn.Sequential(nn.SiLU(), nn.Linear(width, 2 * width))
        self.patch_out = nn.Linear(width, values)
        self.border_out = nn.Linear(width, config.border * config.patch**2)
        self.seams = nn.Sequential(
            nn.Conv2d(config.border + 3, 16, 3, padding=1),
            nn.SiLU(),
            nn.Conv2d(16, 3, 3, padding=1),
        )
        angles = rotary_angles(cells, cells, width // config.heads)
        self.register_buffer("angles", angles, persistent=False)
        self._start()

    def _start(self) -> None:
        """Blocks start as the identity, the picture as grey, the seam filter as nothing."""
        last = [self.modulation, self.modulate_out, self.patch_out, self.seams]
        for layer in last:
            weight, bias = list(layer.parameters())[-2:]
            nn.init.zeros_(weight)
            nn.init.zeros_(bias)
        if self.changed is not None:
            nn.init.zeros_(self.changed.weight)

    def forward(
        self,
        x: Tensor,
        t: Tensor,
        words: Tensor,
        sound: Tensor | None = None,
        *,
        labels: Tensor | None = None,
        taps: list[Tensor] | None = None,
    ) -> Tensor:
        """Predict; hidden states [B, N, width] after every block are appended to `taps`.

        `labels` [B, config.labels] tell how the pictures were changed in training.
        """
        cells = self.config.side // self.config.patch
        h = self.patch_in(self._patches(x))
        words = _trimmed(words).to(h.dtype)
        condition = self.time(sinusoid(t, self.config.width).to(h.dtype))
        condition = condition + self.summary(masked_mean(words))
        if self.changed is not None and labels is not None:
            condition = condition + self.changed(labels.to(h.dtype))
        if sound is not None:
            sound = sound.to(h.dtype)
            condition = self.audio(condition, words, sound)
        modulation = self.modulation(condition).view(len(x), 6, -1)
        mask = token_mask(words)[:, None, None, :]
        for block in self.layers:
            h = block(h, modulation, words, mask, self.angles)
            if sound is not None:
                h = block.audio(h, sound)
            if taps is not None:
                taps.append(h)
        shift, scale = self.modulate_out(condition)[:, None].chunk(2, dim=-1)
        h = self.norm_out(h) * (1 + scale) + shift
        picture = self._unpatch(self.patch_out(h), 3, cells)
        border = self._unpatch(self.border_out(h), self.config.border, cells)
        out: Tensor = picture + self.seams(torch.cat([border, x.to(border.dtype)], dim=1))
        return out

    def _patches(self, x: Tensor) -> Tensor:
        p = self.config.patch
        count, channels, height, width = x.shape
        x = x.reshape(count, channels, height // p, p, width // p, p)
        return x.permute(0, 2, 4, 3, 5, 1).flatten(3).flatten(1, 2)

    def _unpatch(self, h: Tensor, channels: int, cells: int) -> Tensor:
        p = self.config.patch
        h = h.reshape(len(h), cells, cells, p, p, channels)
        return h.permute(0, 5, 1, 3, 2, 4).flatten(4).flatten(2, 3)

    def base_parameters(self) -> dict[str, nn.Parameter]:
        """Everything but the audio modules."""
        return {k: p for k, p in self.named_parameters() if ".audio." not in f".{k}"}

    def audio_parameters(self) -> dict[str, nn.Parameter]:
        """The audio attention of every block, and the audio summary."""
        return {k: p for k, p in self.named_parameters() if ".audio." in f".{k}"}


def _trimmed(words: Tensor) -> Tensor:
    """Words without the padding that all of them end with, where asking costs nothing."""
    if words.device.type != "cpu" or torch.compiler.is_compiling():
        return words
    used = token_mask(words).any(0).nonzero()
    return words[:, : int(used[-1]) + 1] if len(used) else words


class DenoiserBlock(nn.Module):
    """Self-attention, word attention, feed-forward, each modulated or gated from outside.

    The six modulation vectors are shared by all blocks and shifted by a table of each block
    (adaLN-single, Chen et al. 2023). Its audio attention is called by the denoiser.
    """

    def __init__(self, width: int, heads: int, context: int) -> None:
        super().__init__()
        self.table = nn.Parameter(torch.zeros(6, width))
        self.norm_self = RMSNorm(width)
        self.attend_self = Attention(width, heads)
        self.norm_words = RMSNorm(width)
        self.attend_words = Attention(width, heads, context)
        self.norm_feed = RMSNorm(width)
        self.feed = SwiGLU(width)
        self.audio = GatedAudioAttention(width, heads, context)
        nn.init.zeros_(self.attend_words.out.weight)

    def forward(
        self, x: Tensor, modulation: Tensor, words: Tensor, mask: Tensor, angles: Tensor
    ) -> Tensor:
        shift_a, scale_a, gate_a, shift_f, scale_f, gate_f = (
            modulation + self.table.to(modulation.dtype)
        )[:, :, None].unbind(1)
        x = x + gate_a * self.attend_self(
            self.norm_self(x) * (1 + scale_a) + shift_a, angles=angles
        )
        x = x + self.attend_words(self.norm_words(x), words, mask=mask)
        fed: Tensor = gate_f * self.feed(self.norm_feed(x) * (1 + scale_f) + shift_f)
        return x + fed
