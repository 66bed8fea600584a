"""The map: what changed in a picture, and what that asks of a sound, → the heads of a change.

Inertia, gain and the projection onto the statistics of heads that sounds have are those of an early
plan of DeltaV2A; each can be left out.
"""

from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from sonolume.models.style_heads import COUNT

__all__ = ["StyleMap", "StyleMapConfig"]

LEAST: Final = 1e-3


@dataclass(frozen=True)
class StyleMapConfig:
    """Sizes, and which terms there are.

    `inertia`: tokens are weight · u / (m + 0.001) with a learnt m of each head, instead of u.
    `gain`: gains grow with weight, |u| and the size of the picture's change, instead of being read
    from the network alone. `projection`: tokens get the mean and deviation of those of sounds.
    """

    descriptors: int = 14
    cues: int = 10
    token: int = 64
    width: int = 192
    inertia: bool = True
    gain: bool = True
    projection: bool = True


class StyleMap(nn.Module):
    """(descriptors [B, D], hard targets [B, 10], soft targets [B, 10], all in just clear steps) →
    (tokens [B, 6, 64], gains [B, 6] in 0..1).

    Where nothing changed and nothing is asked, gains are exactly 0. `mean` and `deviation` [6, 64]
    are those of tokens over pairs of sounds.
    """

    mean: Tensor
    deviation: Tensor

    def __init__(self, config: StyleMapConfig) -> None:
        super().__init__()
        self.config = config
        entering = config.descriptors + 2 * config.cues
        self.body = nn.Sequential(
            nn.Linear(entering, config.width), nn.LayerNorm(config.width), nn.GELU(),
            nn.Linear(config.width, config.width), nn.GELU(),
        )  # fmt: skip
        self.direction = nn.Linear(config.width, COUNT * config.token)
        self.weight = nn.Linear(config.width, COUNT)
        self.inertia = nn.Parameter(torch.zeros(COUNT))
        self.reach = nn.Parameter(torch.zeros(COUNT, 3))
        self.offset = nn.Parameter(torch.zeros(COUNT))
        self.scale = nn.Parameter(torch.ones(COUNT, config.token))
        self.shift = nn.Parameter(torch.zeros(COUNT, config.token))
        self.register_buffer("mean", torch.zeros(COUNT, config.token))
        self.register_buffer("deviation", torch.ones(COUNT, config.token))

    def forward(self, descriptors: Tensor, hard: Tensor, soft: Tensor) -> tuple[Tensor, Tensor]:
        asked = torch.cat([descriptors, hard, soft], 1).float()
        hidden = self.body(asked / 3)
        u = self.direction(hidden).unflatten(1, (COUNT, self.config.token))
        weight = F.softplus(self.weight(hidden))
        gains = self._gains(weight, u, descriptors.float())
        # Nothing asked is nothing done.
        gains = gains * torch.tanh(asked.norm(dim=1, keepdim=True))
        return self._tokens(weight, u), gains

    def _tokens(self, weight: Tensor, u: Tensor) -> Tensor:
        if self.config.inertia:
            u = weight[..., None] * u / (F.softplus(self.inertia)[:, None] + LEAST)
        if not self.config.projection:
            return u
        normed = F.layer_norm(u, u.shape[-1:]) * self.scale + self.shift
        return normed * self.deviation + self.mean

    def _gains(self, weight: Tensor, u: Tensor, descriptors: Tensor) -> Tensor:
        if not self.config.gain:
            return torch.sigmoid(weight - 1)
        seen = descriptors.norm(dim=1, keepdim=True).expand(-1, COUNT)
        sizes = torch.stack([weight, u.square().mean(-1).sqrt(), torch.log1p(seen)], -1)
        gains: Tensor = torch.sigmoid((sizes * F.softplus(self.reach)).sum(-1) + self.offset)
        return gains
