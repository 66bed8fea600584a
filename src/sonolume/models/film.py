"""Six heads as feature-wise modulation of the layers of any denoiser.

FiLM (Perez et al. 2018) by heads of a token and a gain, which layers are moved by which heads, and
that the two parts come from both, are those of an early plan of DeltaV2A.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import torch
from torch import Tensor, nn

from sonolume.models.style_heads import COUNT

__all__ = ["Film", "FilmConfig", "film_layers", "installed", "shares"]

# How much each head (rhythm, harmony, energy; timbre, space, texture) moves the first and second
# layers on the way down, the middle, and those on the way up.
_PLACES: Final = np.array(
    [
        [0.0, 0.0, 0.0, 0.7, 0.0, 0.6],
        [0.0, 0.0, 0.0, 0.5, 0.5, 0.8],
        [0.0, 0.0, 0.0, 0.0, 0.9, 0.0],
        [0.2, 0.2, 0.3, 0.0, 0.0, 0.0],
        [0.1, 0.1, 0.2, 0.0, 0.0, 0.0],
    ]
)


@dataclass(frozen=True)
class FilmConfig:
    """Channels of each layer, in their order, and numbers of a token."""

    widths: tuple[int, ...]
    token: int = 64


class Film(nn.Module):
    """Features h of layer l → h · (1 + γ) + β, by tokens [B, 6, D] and gains [B, 6] in 0..1:

        γ = Σ_k s_lk g_k A_lk t_k,    β = Σ_k s_lk g_k (B_lk t_k + b_lk)

    over heads k, with the `shares` s. Tokens count in deviations of those of sounds. Where gains
    are 0, and with the first weights, features stay as they are, exactly.
    """

    mean: Tensor
    deviation: Tensor
    shares: Tensor

    def __init__(self, config: FilmConfig) -> None:
        super().__init__()
        self.config = config
        self.layers = nn.ModuleList(
            nn.ModuleList(nn.Linear(config.token, 2 * width) for _ in range(COUNT))
            for width in config.widths
        )
        for parameter in self.layers.parameters():
            nn.init.zeros_(parameter)
        self.register_buffer("shares", shares(len(config.widths)), persistent=False)
        self.register_buffer("mean", torch.zeros(COUNT, config.token))
        self.register_buffer("deviation", torch.ones(COUNT, config.token))
        self.told: tuple[Tensor, Tensor] | None = None

    def forward(self, place: int, h: Tensor, tokens: Tensor, gains: Tensor) -> Tensor:
        """Features [B, N, width] or [B, width, H, W] of a layer."""
        tokens = (tokens - self.mean) / self.deviation.clamp(min=1e-4)
        heads: Any = self.layers[place]
        weights = (gains * self.shares[place])[..., None]
        said = torch.stack([head(tokens[:, k]) for k, head in enumerate(heads)], 1)
        gamma, beta = (weights * said).sum(1).to(h.dtype).chunk(2, dim=-1)
        shape = (len(h), 1, -1) if h.ndim == 3 else (len(h), -1, 1, 1)
        return h * (1 + gamma.view(shape)) + beta.view(shape)

    @contextmanager
    def telling(self, tokens: Tensor, gains: Tensor) -> Iterator[None]:
        """Within the block the layers that it was `installed` in are moved."""
        self.told = (tokens, gains)
        try:
            yield
        finally:
            self.told = None


def shares(layers: int) -> Tensor:
    """How much of each head counts in each of so many layers, [layers, 6]: straight lines between
    the places of the plan."""
    at = np.linspace(0, len(_PLACES) - 1, layers) if layers > 1 else np.array([1.0])
    columns = [np.interp(at, np.arange(len(_PLACES)), column) for column in _PLACES.T]
    return torch.from_numpy(np.stack(columns, 1)).float()


def film_layers(network: Any) -> list[tuple[nn.Module, int]]:
    """The layers of a denoiser that can be moved, in their order, and their channels.

    Those of the pocket sound generator and of Stable Audio are their blocks; those of a U-Net of
    diffusers the last residual network of each of its blocks.
    """
    if hasattr(network, "blocks"):
        return [(block, int(network.config.width)) for block in network.blocks]
    if hasattr(network, "transformer_blocks"):
        config = network.config
        width = int(config.num_attention_heads * config.attention_head_dim)
        return [(block, width) for block in network.transformer_blocks]
    blocks = [*network.down_blocks, network.mid_block, *network.up_blocks]
    last = [block.resnets[-1] for block in blocks]
    return [(each, int(each.out_channels)) for each in last]


def installed(film: Film, layers: Sequence[nn.Module]) -> None:
    """Let `film.telling` move what leaves these layers."""
    for place, layer in enumerate(layers):

        def move(_layer: nn.Module, _inputs: Any, h: Tensor, place: int = place) -> Tensor:
            if film.told is None:
                return h
            moved: Tensor = film(place, h, *film.told)
            return moved

        layer.register_forward_hook(move)
