"""The style encoder: what changed from a sound to another, as six heads.

Heads of a token and a gain are those of an early plan of DeltaV2A, whose encoder was a ResNet-18 on
two spectrograms; here it is a small network that also reads their mean spectra.
"""

from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from sonolume.signal.mel import N_MELS

__all__ = ["COUNT", "StyleHeads", "StyleHeadsConfig"]

COUNT: Final = 6  # heads, in the order of `correspondence.heads.HEADS`
PROFILES: Final = 6  # numbers of a band
POOLED: Final = 2  # bands and frames that are averaged before
PATCH: Final = 4  # of those


@dataclass(frozen=True)
class StyleHeadsConfig:
    """Channels of the convolutions, of the layer that heads read, and of a token; `facts` counts
    what is measured of each head."""

    widths: tuple[int, ...] = (48, 96, 128)
    hidden: int = 256
    token: int = 64
    dropout: float = 0.1
    facts: tuple[int, ...] = (1, 1, 3, 3, 2, 3)


class StyleHeads(nn.Module):
    """Log-mels [B, 64, T] of a sound before and after, a frame every 20 ms → (tokens [B, 6, 64],
    gains [B, 6] in 0..1).

    `mean` and `deviation` [6, 64] are those of tokens over training pairs (S_proxy).
    """

    mean: Tensor
    deviation: Tensor

    def __init__(self, config: StyleHeadsConfig) -> None:
        super().__init__()
        self.config = config
        first, *others = config.widths
        # Patches first: whole images in many channels cost memory more than arithmetic.
        self.convolutions = nn.ModuleList(
            [
                nn.Conv2d(3, first, PATCH, stride=PATCH),
                *(nn.Conv2d(a, b, 3, 2, 1) for a, b in zip(config.widths, others, strict=False)),
            ]
        )
        self.norms = nn.ModuleList(nn.GroupNorm(8, width) for width in config.widths)
        bands = -(-N_MELS // POOLED // PATCH // 2 ** len(others))
        found = 2 * bands * config.widths[-1] + PROFILES * N_MELS
        self.enter = nn.Sequential(
            nn.LayerNorm(found), nn.Linear(found, config.hidden), nn.GELU(),
            nn.Linear(config.hidden, config.hidden), nn.GELU(),
        )  # fmt: skip
        self.tokens = nn.Linear(config.hidden, COUNT * config.token)
        self.gains = nn.Linear(config.hidden, COUNT)
        self.readers = nn.ModuleList(nn.Linear(config.token, count) for count in config.facts)
        self.register_buffer("mean", torch.zeros(COUNT, config.token))
        self.register_buffer("deviation", torch.ones(COUNT, config.token))

    def forward(self, before: Tensor, after: Tensor) -> tuple[Tensor, Tensor]:
        first, second = ((mel.float() + 6) / 3.5 for mel in (before, after))
        change = second - first
        x = F.avg_pool2d(torch.stack([first, second, change], 1), POOLED)
        x = x.contiguous(memory_format=torch.channels_last)
        for convolution, norm in zip(self.convolutions, self.norms, strict=True):
            x = F.relu(norm(convolution(x)))
        profiles = [f for each in (first, second, change) for f in _profile(each)]
        pooled = [each.flatten(1) for each in _profile(x)]
        read = F.dropout(torch.cat([*pooled, *profiles], 1), self.config.dropout, self.training)
        hidden = F.dropout(self.enter(read), self.config.dropout, self.training)
        tokens = self.tokens(hidden).unflatten(1, (COUNT, self.config.token))
        # A change of nothing is none, whatever the network has learnt.
        moved = change.square().mean((1, 2)).sqrt()[:, None]
        gains = torch.sigmoid(self.gains(hidden)) * torch.tanh(20 * moved)
        return tokens, gains

    def facts(self, tokens: Tensor) -> Tensor:
        """What tokens [B, 6, 64] say, linearly, of the changes of their heads: [B, 13]."""
        told = [reader(tokens[:, head]) for head, reader in enumerate(self.readers)]
        return torch.cat(told, 1)


def _profile(values: Tensor) -> tuple[Tensor, Tensor]:
    """Mean and deviation over the last dimension, by moments: many times faster than `std`."""
    mean = values.mean(-1)
    variance = values.square().mean(-1) - mean.square()
    return mean, (variance.clamp(min=0) + 1e-5).sqrt()
