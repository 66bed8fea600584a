"""The word tower: phrases into the joint space, and the token states that painters read."""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from sonolume.models.tokenizer import LENGTH, PAD
from sonolume.models.transformer import Attention, RMSNorm, SwiGLU


@dataclass(frozen=True)
class WordTowerConfig:
    vocabulary: int = 8192
    width: int = 256
    depth: int = 4
    heads: int = 4
    embedding: int = 512


class WordTower(nn.Module):
    """A small bidirectional transformer over word pieces.

    ids [B, L ≤ 77] (0 = padding) → embedding [B, 512], unit length, and states [B, L, 256] whose
    rows are zero beyond the end of the phrase.
    """

    def __init__(self, config: WordTowerConfig) -> None:
        super().__init__()
        self.config = config
        self.pieces = nn.Embedding(config.vocabulary, config.width)
        self.positions = nn.Parameter(0.01 * torch.randn(LENGTH, config.width))
        nn.init.normal_(self.pieces.weight, std=0.02)
        self.blocks = nn.ModuleList(
            WordBlock(config.width, config.heads) for _ in range(config.depth)
        )
        self.norm = RMSNorm(config.width)
        self.embed = nn.Linear(config.width, config.embedding)

    def states(self, ids: Tensor) -> Tensor:
        """Token states [B, L, width]; rows of padding are zero."""
        read = ids != PAD
        x = self.pieces(ids) + self.positions[: ids.shape[1]]
        for block in self.blocks:
            x = block(x, read[:, None, None, :])
        x = self.norm(x)
        return torch.where(read[..., None], x, torch.zeros_like(x))

    def pool(self, states: Tensor) -> Tensor:
        """Unit embedding [B, 512] of token states: the mean over the phrase, projected."""
        return F.normalize(self.embed(masked_mean(states)).float(), dim=-1)

    def forward(self, ids: Tensor) -> Tensor:
        return self.pool(self.states(ids))


class WordBlock(nn.Module):
    """Pre-norm transformer block."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.norm_attention = RMSNorm(width)
        self.attention = Attention(width, heads)
        self.norm_feed = RMSNorm(width)
        self.feed = SwiGLU(width)

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        x = x + self.attention(self.norm_attention(x), mask=mask)
        out: Tensor = x + self.feed(self.norm_feed(x))
        return out


def token_mask(states: Tensor) -> Tensor:
    """True [B, L] where token states [B, L, D] are not padding (all-zero rows)."""
    return states.abs().amax(dim=-1) > 0


def masked_mean(states: Tensor) -> Tensor:
    """Mean [B, D] over the rows of token states [B, L, D] that are not padding."""
    mask = token_mask(states).to(states.dtype)[..., None]
    return (states * mask).sum(1) / mask.sum(1).clamp(min=1)
