"""From a sound's embedding to the tokens that gated audio attention reads."""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from sonolume.models.towers import BodyBlock
from sonolume.models.transformer import RMSNorm

TOKENS = 77
LEVELS = ("foreground", "background", "ambience")
SPLIT = (35, 21, 21)


@dataclass(frozen=True)
class AudioTokensConfig:
    context: int = 256  # D: 256 pocket, 768 for Stable Diffusion 1.x
    embedding: int = 512
    width: int = 256
    depth: int = 4
    heads: int = 4
    norm: float = 60.0  # Frobenius norm of the 77 × D tokens; 0 leaves them as they are
    level_weights: tuple[float, float, float] = (0.7, 0.5, 0.3)
    speaks: int = 0  # tokens that stand for words where there are none; 0: none do

    @property
    def loudness(self) -> float:
        """Root mean square of the tokens; that of pocket words is 1."""
        return self.norm / (TOKENS * self.context) ** 0.5 if self.norm else 1.0


class Projector(nn.Module):
    """Embedding [B, 512] → tokens [B, 77, D]: learned queries, moved by the embedding, that talk
    to one another through four self-attention blocks (after SonicDiffusion's projector, with
    residuals so that every block acts)."""

    def __init__(self, config: AudioTokensConfig) -> None:
        super().__init__()
        self.queries = nn.Parameter(0.5 * torch.randn(TOKENS, config.width))
        self.into = nn.Linear(config.embedding, config.width)
        self.scale = nn.Linear(config.embedding, config.width)
        self.blocks = nn.ModuleList(
            BodyBlock(config.width, config.heads) for _ in range(config.depth)
        )
        self.norm = RMSNorm(config.width)
        self.out = nn.Linear(config.width, config.context)

    def forward(self, embedding: Tensor) -> Tensor:
        # A unit vector of 512 numbers has entries of about 0.04: brought to about 1 first.
        e = embedding * embedding.shape[-1] ** 0.5
        x = self.queries * (1 + self.scale(e))[:, None] + self.into(e)[:, None]
        for block in self.blocks:
            x = block(x, None)
        out: Tensor = self.out(self.norm(x))
        return out


def frobenius(tokens: Tensor, norm: float) -> Tensor:
    """Scale tokens [B, 77, D] so that each item's whole tensor has that Frobenius norm."""
    size = tokens.float().flatten(1).norm(dim=1).clamp(min=1e-6).view(-1, 1, 1)
    scaled: Tensor = tokens * (norm / size)
    return scaled.to(tokens.dtype)


class Hierarchy(nn.Module):
    """Which of foreground, background and ambience each of the 77 tokens serves.

    The assignment [77, 3] is a softmax over learned logits that start at the split 35 / 21 / 21,
    sharpened by `temperature` (2.0 early in training, 0.5 at its end).
    """

    temperature: Tensor
    level_weights: Tensor

    def __init__(self, level_weights: tuple[float, float, float]) -> None:
        super().__init__()
        level = torch.repeat_interleave(torch.arange(3), torch.tensor(SPLIT))
        self.logits = nn.Parameter(3.0 * F.one_hot(level, 3).float())
        self.register_buffer("level_weights", torch.tensor(level_weights), persistent=False)
        self.register_buffer("temperature", torch.tensor(2.0))

    def assignment(self) -> Tensor:
        """Shares [77, 3], each row summing to 1."""
        return (self.logits / self.temperature).softmax(dim=-1)

    def shares(self, emphasis: Tensor) -> Tensor:
        """How much each token counts [..., 77] when the levels count `emphasis` [..., 3].

        The mean is 1 at any moment: level weights say how the levels stand to one another. Without
        that a sound would be faint while ambience speaks, which is when a picture takes its shape.
        """
        counts = (emphasis.to(self.level_weights) * self.level_weights) @ self.assignment().T
        return counts / counts.mean(-1, keepdim=True).clamp(min=1e-6)


class AudioTokens(nn.Module):
    """Projector, norm and hierarchy in one: `tokens` once a sound, `at` once a time.

    A painter whose sounds speak (`config.speaks`) reads `spoken` in the place of words when it
    has a sound alone: pseudo-words, as in AudioToken (Yariv et al. 2023). What the frozen painter
    does with "a dog" and with nothing are far apart, and modules beside it that add to what it does
    with nothing reach the first less well than words do.
    """

    def __init__(self, config: AudioTokensConfig) -> None:
        super().__init__()
        self.config = config
        self.projector = Projector(config)
        self.hierarchy = Hierarchy(config.level_weights)

    def tokens(self, embedding: Tensor) -> Tensor:
        """Normalised tokens [B, 77, D] of embeddings [B, 512]."""
        tokens: Tensor = self.projector(embedding)
        return frobenius(tokens, self.config.norm) if self.config.norm else tokens

    def spoken(self, tokens: Tensor) -> Tensor:
        """The first `config.speaks` of `tokens` [B, 77, D], as loud as words; the rest zeros."""
        count = self.config.speaks
        said = tokens[:, :count] / self.config.loudness
        return F.pad(said, (0, 0, 0, tokens.shape[1] - count))

    def at(self, tokens: Tensor, emphasis: Tensor) -> Tensor:
        """Tokens weighted for a moment whose levels count `emphasis` [3] or [B, 3]."""
        shares = self.hierarchy.shares(emphasis)
        return tokens * shares.to(tokens.dtype)[..., None]
