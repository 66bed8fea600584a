"""Sets of pictures compared through their features [N, D]: kernel distance, spread, collapse."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from sonolume.errors import DataError

Features = NDArray[np.float32]


def validate(features: Features) -> None:
    """Raises DataError unless features are [N, D], finite, N ≥ 2: one picture has no spread."""
    if features.ndim != 2 or len(features) < 2:
        raise DataError(
            f"distance: features {list(features.shape)}; expected [N, D] of two pictures or more"
        )
    if not np.isfinite(features).all():
        raise DataError("distance: features hold NaN or infinite values")


def kernel_distance(made: Features, real: Features) -> float:
    """Squared maximum mean discrepancy, unbiased, kernel (x·y / D + 1)³: KID (Bińkowski 2018).

    Over all pictures at once. 0 on average for two draws of one distribution, so it may be
    slightly negative; the scale is that of the features.
    """
    validate(made)
    validate(real)
    if made.shape[1] != real.shape[1]:
        raise DataError(f"distance: features of {made.shape[1]} and {real.shape[1]} dimensions")
    within = _mean_off_diagonal(_kernel(made, made)) + _mean_off_diagonal(_kernel(real, real))
    return float(within - 2 * _kernel(made, real).mean())


def mean_pairwise_distance(features: Features) -> float:
    """Mean Euclidean distance over all pairs of different rows; 0 for a collapsed model."""
    validate(features)
    x = features.astype(np.float64)
    norms = np.square(x).sum(1)
    squared = np.maximum(norms[:, None] + norms[None] - 2 * x @ x.T, 0.0)
    np.fill_diagonal(squared, 0.0)
    return float(np.sqrt(squared).sum() / (len(x) * (len(x) - 1)))


def within_distance(features: Features, labels: Sequence[str]) -> dict[str, float]:
    """`mean_pairwise_distance` of each label that has two pictures or more."""
    names = np.asarray(labels)
    return {
        str(name): mean_pairwise_distance(features[names == name])
        for name in np.unique(names)
        if (names == name).sum() > 1
    }


def within_ratio(
    made: Features, made_labels: Sequence[str], real: Features, real_labels: Sequence[str]
) -> float:
    """Mean distance within a label, painted over real; 1 is as varied as photos, 0 is collapsed.

    Over the labels that have two pictures or more on both sides. Raises DataError without any.
    """
    painted, photos = within_distance(made, made_labels), within_distance(real, real_labels)
    both = sorted(painted.keys() & photos.keys())
    if not both:
        raise DataError("no concept has two painted pictures and two photos; raise the limit")
    return sum(painted[label] for label in both) / sum(photos[label] for label in both)


def _kernel(a: Features, b: Features) -> NDArray[np.float64]:
    product: NDArray[np.float64] = a.astype(np.float64) @ b.astype(np.float64).T
    kernel: NDArray[np.float64] = (product / a.shape[1] + 1) ** 3
    return kernel


def _mean_off_diagonal(kernel: NDArray[np.float64]) -> float:
    count = len(kernel)
    return float((kernel.sum() - np.trace(kernel)) / (count * (count - 1)))
