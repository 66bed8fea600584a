"""The Fréchet distance of two sets of features [N, D]."""

import numpy as np
from numpy.typing import NDArray

from sonolume.errors import DataError
from sonolume.evaluation.distances import Features, validate


def frechet_distance(made: Features, real: Features) -> float:
    """Squared 2-Wasserstein distance of the Gaussians with the sets' means and covariances.

    ‖m1 − m2‖² + tr(C1 + C2 − 2 (C1 C2)^½), of sounds FAD (Kilgour et al. 2019, eq. 1; Dowson &
    Landau 1982). Never below 0. It shrinks as the sets grow: compare sets of one size only.

    Raises DataError for features that are not [N, D], finite, N ≥ 2, of one D.
    """
    validate(made)
    validate(real)
    if made.shape[1] != real.shape[1]:
        raise DataError(f"distance: features of {made.shape[1]} and {real.shape[1]} dimensions")
    a, b = made.astype(np.float64), real.astype(np.float64)
    first, second = _root(a), _root(b)
    # The eigenvalues of C1 C2 are the squared singular values of the product of their roots, and
    # those of a product of centred data matrices: no square root of a matrix of rank N < D.
    shared = np.linalg.svd(first @ second.T, compute_uv=False).sum()
    apart = float(np.square(a.mean(0) - b.mean(0)).sum())
    spread = float(np.square(first).sum() + np.square(second).sum() - 2 * shared)
    return apart + max(0.0, spread)


def _root(features: NDArray[np.float64]) -> NDArray[np.float64]:
    """X [N, D] with XᵀX the unbiased covariance."""
    root: NDArray[np.float64] = (features - features.mean(0)) / np.sqrt(len(features) - 1)
    return root
