"""Losses of a restyled sound: what must stay, where it should go, and how steadily.

The names are those of an early plan of DeltaV2A, which gave no formulae. `map_losses` holds those
of tokens and gains, `spectra.stft_distance` that of spectra.
"""

import torch
from torch import Tensor

from sonolume.pipelines.restyle.chains.surrogates import lost_each, traces

__all__ = ["along", "coherence_loss", "consistency_loss", "preserve_loss", "rank_loss"]

LEAST = 1e-6
MARGIN = 0.1  # of what was asked for, by which more must move further


def preserve_loss(before: Tensor, after: Tensor, rate: int) -> Tensor:
    """What waveforms [B, n] lose of their structure: Σ_k (1 − r_k) / 3, mean over sounds.

    r are the correlations of level, of rises of level, and of pitch classes over time. 0 for the
    sound itself, at any level of it; 1 for what has nothing in common.
    """
    lost: Tensor = lost_each(traces(before[:, None], rate), traces(after[:, None], rate))
    return lost.mean()


def along(moved: Tensor, wanted: Tensor) -> Tensor:
    """How far cues went where they should, in steps: m · w / |w|, over the last dimension."""
    length = wanted.norm(dim=-1).clamp(min=LEAST)
    found: Tensor = (moved * wanted).sum(-1) / length
    return found


def coherence_loss(moved: Tensor, wanted: Tensor) -> Tensor:
    """Σ |w| (1 − cos(m, w)) / Σ |w| of changes of cues m and targets w, [B, cues] in steps.

    0 where every change points where it should, whatever its length; 1 where none has to do with
    its target or nothing moved, 2 where they are opposed. Where nothing is wanted nothing counts.
    """
    weight = wanted.norm(dim=-1)
    cosine = along(moved, wanted) / moved.norm(dim=-1).clamp(min=LEAST)
    loss: Tensor = (weight * (1 - cosine)).sum() / weight.sum().clamp(min=LEAST)
    return loss


def consistency_loss(moved: Tensor) -> Tensor:
    """Mean variance over draws of noise of changes of cues [K, B, cues]; 0 where all draws of a
    sound move alike."""
    return moved.var(0, correction=0).mean()


def rank_loss(moved: Tensor, wanted: Tensor, strengths: Tensor) -> Tensor:
    """Whether more of the same goes further: Σ max(0, μ (s_k+1 − s_k) |w| − (a_k+1 − a_k)), mean.

    a_k is how far the cues m_k [K, B, cues] of strengths s [K, B], rising, went `along` the
    targets w [B, cues]; μ is a tenth. 0 where each strength moves further than the one before by
    that much of what it asked for more.
    """
    risen = along(moved, wanted).diff(dim=0)
    least = MARGIN * strengths.diff(dim=0) * wanted.norm(dim=-1)
    return torch.relu(least - risen).mean()
