"""Controllers: what a sound is and how it should change → which effects, and how far each.

`StyleController` is the published design of DeltaV2A, for comparison: 24 style words and one
embedding of the sound.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from sonolume.models.style_heads import COUNT

__all__ = [
    "EffectController",
    "EffectControllerConfig",
    "StyleController",
    "StyleControllerConfig",
]


@dataclass(frozen=True)
class EffectControllerConfig:
    """Sizes; `items` and `controls` are those of the palette."""

    palette: str = "seven"
    items: int = 7
    controls: int = 11
    token: int = 64
    cues: int = 10
    embedding: int = 512
    sound: int = 64
    width: int = 256
    dropout: float = 0.1


class EffectController(nn.Module):
    """(tokens [B, 6, 64], gains [B, 6], cues [B, 10] in just clear steps, embedding [B, 512]) →
    (shares of the palette's controls [B, P] in 0..1, activity of its items [B, E] as logits).

    Shares are those of active items; what to do with the rest is the caller's. `thresholds` [E] are
    probabilities above which an item is active, `mapped_thresholds` those where the heads were not
    heard but mapped from a picture.
    """

    thresholds: Tensor
    mapped_thresholds: Tensor

    def __init__(self, config: EffectControllerConfig) -> None:
        super().__init__()
        self.config = config
        self.sound = nn.Sequential(
            nn.Linear(config.embedding + config.cues, config.sound),
            nn.LayerNorm(config.sound), nn.GELU(),
        )  # fmt: skip
        entering = COUNT * (config.token + 1) + config.sound
        self.body = nn.Sequential(
            _layer(entering, config.width, config.dropout),
            _layer(config.width, config.width, config.dropout),
        )
        self.shares = nn.Linear(config.width, config.controls)
        self.activity = nn.Linear(config.width, config.items)
        for name in ("thresholds", "mapped_thresholds"):
            self.register_buffer(name, torch.full((config.items,), 0.5))

    def forward(
        self, tokens: Tensor, gains: Tensor, cues: Tensor, embedding: Tensor
    ) -> tuple[Tensor, Tensor]:
        # Unit vectors have small numbers; in this scale they count like the cues.
        heard = self.sound(torch.cat([embedding * embedding.shape[1] ** 0.5, cues / 4], 1))
        x = self.body(torch.cat([tokens.flatten(1), gains, heard], 1))
        return torch.sigmoid(self.shares(x)), self.activity(x)


@dataclass(frozen=True)
class StyleControllerConfig:
    """Sizes of the published network, but for those of the palette."""

    palette: str = "seven"
    items: int = 7
    controls: int = 11
    words: int = 24
    embedding: int = 512
    width: int = 256
    features: int = 128
    dropout: float = 0.3


class StyleController(nn.Module):
    """(shares of style words [B, 24], embedding [B, 512]) → as `EffectController`.

    s + σ(W s + b − 2) · a of the style s and the sound a, in 128 numbers each.
    """

    thresholds: Tensor

    def __init__(self, config: StyleControllerConfig) -> None:
        super().__init__()
        self.config = config
        self.backbone = nn.Sequential(
            _layer(config.words, config.width, config.dropout, nn.ReLU),
            _layer(config.width, config.width, config.dropout, nn.ReLU),
            _layer(config.width, config.features, config.dropout, nn.ReLU),
        )
        self.audio = _layer(config.embedding, config.features, config.dropout, nn.ReLU)
        self.gate = nn.Linear(config.features, config.features)
        self.shares = nn.Linear(config.features, config.controls)
        self.activity = nn.Linear(config.features, config.items)
        self.register_buffer("thresholds", torch.full((config.items,), 0.5))

    def forward(self, style: Tensor, embedding: Tensor) -> tuple[Tensor, Tensor]:
        s = self.backbone(style)
        x = s + torch.sigmoid(self.gate(s) - 2) * self.audio(embedding)
        return torch.sigmoid(self.shares(x)), self.activity(x)


def _layer(
    entering: int, leaving: int, dropout: float, bend: type[nn.Module] = nn.GELU
) -> nn.Sequential:
    return nn.Sequential(
        nn.Linear(entering, leaving), nn.LayerNorm(leaving), bend(), nn.Dropout(dropout)
    )
