"""The soft prior: targets for a sound from how a picture moved among opposed style words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sonolume.correspondence.confidence import Confidence, confidence_of
from sonolume.correspondence.hard_prior import Contribution, Target, saturated
from sonolume.correspondence.style_words import StyleSpace, WordPair
from sonolume.errors import OptionError
from sonolume.signal.cues import CUES

__all__ = ["SoftPrior", "StyleScores", "embedding_change", "soft_targets", "style_scores"]

TEMPERATURE: Final = 0.05
# Cue steps for evidence 1; the words share that evidence, so that even a plain edit gives any one
# pair less than a half.
GAIN: Final = 6.0


@dataclass(frozen=True, eq=False)
class StyleScores:
    """How a picture moved among opposed words.

    Attributes:
        shares: probability [2, K] of each word (low, high), summing to 1: uniform where nothing
            is sure.
        confidence: 0..1, that the embedding moved because the picture did, and that its words mean
            what they say.
    """

    shares: NDArray[np.float64]
    confidence: float

    @property
    def evidence(self) -> NDArray[np.float64]:
        """High minus low share of each pair [K], -1..1."""
        return np.asarray(self.shares[1] - self.shares[0])


@dataclass(frozen=True)
class SoftPrior:
    """Targets by cue, which carry the confidence already, and that confidence, 0..1."""

    targets: dict[str, Target]
    confidence: float


def embedding_change(before: ArrayLike, after: ArrayLike) -> NDArray[np.float64]:
    """After minus before of two embeddings [D], both brought to unit length.

    Raises:
        OptionError: they are not vectors of one length, not finite, or zero.
    """
    pair = [np.asarray(each, dtype=np.float64) for each in (before, after)]
    if pair[0].ndim != 1 or pair[0].shape != pair[1].shape:
        raise OptionError(
            f"embeddings of shapes {pair[0].shape} and {pair[1].shape}; expected two vectors of "
            "one joint space"
        )
    norms = [float(np.linalg.norm(each)) for each in pair]
    if not all(np.isfinite(norm) and norm > 0 for norm in norms):
        raise OptionError(f"embeddings of lengths {norms[0]} and {norms[1]}; expected unit vectors")
    return np.asarray(pair[1] / norms[1] - pair[0] / norms[0])


def style_scores(
    change: NDArray[np.float64],
    space: StyleSpace,
    curve: Confidence,
    *,
    temperature: float = TEMPERATURE,
) -> StyleScores:
    """Score an embedding change [D] against the words of a space.

    softmax(words · change / |change| / temperature), mixed with the uniform distribution by the
    confidence that the change is one: c p + (1 - c) / 2K.

    Raises:
        OptionError: the change is of another width than the words, or the temperature not above 0.
    """
    if change.shape != space.words.shape[2:]:
        raise OptionError(
            f"an embedding change of shape {change.shape} and words of width "
            f"{space.words.shape[2]}; use one joint space for both"
        )
    if not temperature > 0:
        raise OptionError(f"a temperature of {temperature}; expected a number above 0")
    length = float(np.linalg.norm(change))
    sure = confidence_of(length, curve)
    logits = space.words @ change / max(length, 1e-12) / temperature
    shares = np.exp(logits - logits.max())
    shares = sure * shares / shares.sum() + (1 - sure) / shares.size
    return StyleScores(shares, sure)


def soft_targets(scores: StyleScores, space: StyleSpace) -> SoftPrior:
    """A target for every cue of `CUES`: evidence of each pair times its tie to the cue.

    Uniform scores give exactly 0.
    """
    moved: dict[str, list[Contribution]] = {name: [] for name in CUES}
    for pair, evidence in zip(space.pairs, scores.evidence.tolist(), strict=True):
        for cue, tie in pair.cues.items():
            if evidence != 0:
                moved[cue].append(_contribution(pair, evidence, GAIN * tie * evidence))
    targets = {name: saturated(contributions) for name, contributions in moved.items()}
    return SoftPrior(targets, scores.confidence)


def _contribution(pair: WordPair, evidence: float, moved: float) -> Contribution:
    word = pair.high if evidence > 0 else pair.low
    return Contribution(pair.name, f"more {word}", evidence, moved)
