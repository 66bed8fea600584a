"""The swap test: same words, same seed, other sound. Which sound made which picture?"""

import numpy as np
from numpy.typing import NDArray

from sonolume.errors import DataError


def validate(similarity: NDArray[np.float32], comparable: NDArray[np.bool_]) -> None:
    """Raises DataError for matrices that are not square and equal, NaN, or nothing to compare."""
    count = len(similarity)
    if similarity.shape != (count, count) or comparable.shape != (count, count):
        raise DataError(
            f"swap: similarity {list(similarity.shape)} and comparable {list(comparable.shape)}; "
            "expected [N, N] each"
        )
    if not np.isfinite(similarity).all():
        raise DataError("swap: similarities hold NaN or infinite values")
    if not np.triu(comparable, 1).any():
        raise DataError("swap: no two pictures share words and seed; give two sounds or more")


def swap_accuracy(similarity: NDArray[np.float32], comparable: NDArray[np.bool_]) -> float:
    """Share of pairs that are put together rightly; 0.5 is chance.

    `similarity` [N, N]: picture i against the sound of picture j. `comparable` [N, N]: pairs that
    share words and seed. A pair is right when s(i,i) + s(j,j) > s(i,j) + s(j,i), the likelier of
    the two ways to put two sounds to two pictures; a tie counts half.
    """
    validate(similarity, comparable)
    first, second = np.nonzero(np.triu(comparable, 1))
    own = similarity[first, first] + similarity[second, second]
    crossed = similarity[first, second] + similarity[second, first]
    return float(np.mean((own > crossed) + 0.5 * (own == crossed)))


def own_sound_accuracy(similarity: NDArray[np.float32], comparable: NDArray[np.bool_]) -> float:
    """The same, each picture by itself: is its own sound nearer than the other one? Stricter."""
    validate(similarity, comparable)
    picture, other = np.nonzero(comparable & ~np.eye(len(similarity), dtype=bool))
    own, crossed = similarity[picture, picture], similarity[picture, other]
    return float(np.mean((own > crossed) + 0.5 * (own == crossed)))
