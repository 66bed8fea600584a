"""Joint embeddings moved along opposed words, as the pocket engine asks for a style."""

from typing import Final

import torch
import torch.nn.functional as F
from torch import Tensor

from sonolume.correspondence.style_words import embed_style_words
from sonolume.models.joint import JointEncoder

__all__ = ["moved_along", "word_ways"]

REACH: Final = 2.0  # how far the joint embedding goes for a pair of words with evidence 1


def word_ways(joint: JointEncoder) -> Tensor:
    """[K, 512]: half the way from each pair's low word to its high one."""
    space = embed_style_words(lambda texts: joint.embed_words(texts).cpu().numpy())
    ways = torch.from_numpy((space.words[1] - space.words[0]) / 2)
    return ways.float().to(joint.anchors.device)


def moved_along(source: Tensor, evidence: Tensor, ways: Tensor) -> Tensor:
    """Embeddings [B, 512] moved along the words by the evidence [B, K], again of unit length."""
    return F.normalize(source + REACH * evidence @ ways, dim=-1)
