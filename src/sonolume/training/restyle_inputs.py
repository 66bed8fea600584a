"""What controllers read of a pair."""

from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from sonolume.correspondence.hard_prior import LIMIT
from sonolume.correspondence.style_words import StyleTable, WordPair, embed_style_words
from sonolume.data.restyle_table import Pairs
from sonolume.models.joint import JointEncoder
from sonolume.models.style_heads import StyleHeads
from sonolume.models.style_map import StyleMap
from sonolume.training.pair_batches import cue_steps, mels_of

__all__ = ["PUBLISHED_WORDS", "as_targets", "encode", "mapped", "style_shares", "whole"]

AT_ONCE: Final = 128
TEMPERATURE: Final = 0.1

_PAIRS: Final = (
    ("granular", "polished"), ("piercing", "muffled"), ("clipped", "pristine"),
    ("fluid", "rigid"), ("expansive", "confined"), ("layered", "flat"), ("dense", "hollow"),
    ("fragmented", "cohesive"), ("agitated", "calm"), ("oscillating", "steady"),
    ("crisp", "muddy"), ("deep", "thin"),
)  # fmt: skip
PUBLISHED_WORDS: Final = StyleTable(
    tuple(WordPair(low, high, {}) for low, high in _PAIRS),
    (
        "a {} sound", "a {} music track", "audio with a {} mood", "a {} sonic texture",
        "a {} musical atmosphere", "a {} sounding track", "music that feels {}",
        "a {} audio style",
    ),
)  # fmt: skip
"""The 24 words and the templates by which DeltaV2A labels a change of a sound."""


@torch.no_grad()
def encode(heads: StyleHeads, pairs: Pairs, rows: NDArray[np.int64]) -> tuple[Tensor, Tensor]:
    """Tokens [R, 6, 64] and gains [R, 6] of rows, on the CPU."""
    device, found = heads.mean.device, []
    heads.eval()
    for start in range(0, len(rows), AT_ONCE):
        before, after = mels_of(pairs, rows[start : start + AT_ONCE])
        tokens, gains = heads(before.to(device), after.to(device))
        found.append((tokens.float().cpu(), gains.float().cpu()))
    return torch.cat([t for t, _ in found]), torch.cat([g for _, g in found])


def as_targets(steps: Tensor) -> Tensor:
    """Changes of cues [B, 10] as the priors would ask for them: within ± LIMIT."""
    return LIMIT * torch.tanh(steps / LIMIT)


@torch.no_grad()
def mapped(network: StyleMap, steps: Tensor) -> tuple[Tensor, Tensor]:
    """Tokens and gains that the map gives for changes of cues [B, 10] alone, no picture known."""
    hard = as_targets(steps)
    nothing = hard.new_zeros(len(hard), network.config.descriptors)
    tokens, gains = network(nothing, hard, torch.zeros_like(hard))
    return tokens, gains


def whole(pairs: Pairs, rows: NDArray[np.int64]) -> tuple[Tensor, Tensor]:
    """Cues in steps [B, 10] and embeddings [B, 512] of the sounds before."""
    stretch = pairs.stretch[torch.from_numpy(rows)]
    return cue_steps(pairs.before_cues[stretch]), pairs.before_embeddings[stretch]


@torch.no_grad()
def style_shares(joint: JointEncoder, pairs: Pairs, rows: NDArray[np.int64]) -> Tensor:
    """Shares [R, 24] of the published words: softmax of their products with the change of the
    sound's embedding, over 0.1."""
    space = embed_style_words(lambda texts: joint.embed_words(texts).cpu().numpy(), PUBLISHED_WORDS)
    words = torch.from_numpy(space.words).float().flatten(0, 1)
    chosen = torch.from_numpy(rows)
    change = pairs.embeddings[chosen] - pairs.before_embeddings[pairs.stretch[chosen]]
    return torch.softmax(change @ words.T / TEMPERATURE, 1)
