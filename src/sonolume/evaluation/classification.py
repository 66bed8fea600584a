"""Naming what was heard or seen: top-k accuracy.

Conventions: `scores` [N, C], higher is likelier; `truth` [N] holds columns of `scores`. A label
that ties with others counts as the last of them, so constant scores earn nothing.
"""

import numpy as np
from numpy.typing import NDArray

from sonolume.errors import DataError

Scores = NDArray[np.float32]
Labels = NDArray[np.int64]


def validate(scores: Scores, truth: Labels) -> None:
    """Raises DataError for shapes that do not fit, no samples, NaN, or unknown labels."""
    if scores.ndim != 2 or truth.shape != scores.shape[:1]:
        raise DataError(
            f"top-k: scores {list(scores.shape)} and labels {list(truth.shape)}; "
            "expected [N, C] and [N]"
        )
    if len(truth) == 0:
        raise DataError("top-k: no samples; give at least one")
    if not np.isfinite(scores).all():
        raise DataError("top-k: scores hold NaN or infinite values")
    if truth.min() < 0 or truth.max() >= scores.shape[1]:
        raise DataError(f"top-k: a label lies outside 0..{scores.shape[1] - 1}")


def hits(scores: Scores, truth: Labels, k: int = 1) -> NDArray[np.bool_]:
    """Whether each sample's label is among its `k` highest scores, [N]."""
    validate(scores, truth)
    own = scores[np.arange(len(truth)), truth]
    rank = (scores >= own[:, None]).sum(1)
    return np.asarray(rank <= k)


def top_k(scores: Scores, truth: Labels, k: int = 1) -> float:
    """Share of samples whose label is among the `k` highest scores."""
    return float(hits(scores, truth, k).mean())


def macro_top_k(scores: Scores, truth: Labels, k: int = 1) -> float:
    """`top_k` of each label that occurs, averaged over the labels: rare ones count as much."""
    right = hits(scores, truth, k)
    return float(np.mean([right[truth == label].mean() for label in np.unique(truth)]))
