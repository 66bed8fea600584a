"""Finding things of the same concept by their similarity: mean average precision."""

import numpy as np
from numpy.typing import NDArray

from sonolume.errors import DataError


def validate(
    similarity: NDArray[np.float32], queries: NDArray[np.int64], gallery: NDArray[np.int64]
) -> None:
    """Raises DataError for shapes that do not fit, NaN, or a query without anything to find."""
    if similarity.shape != (len(queries), len(gallery)) or similarity.size == 0:
        raise DataError(
            f"retrieval: similarity {list(similarity.shape)} for {len(queries)} queries and "
            f"{len(gallery)} items; expected [queries, items], neither empty"
        )
    if not np.isfinite(similarity).all():
        raise DataError("retrieval: similarities hold NaN or infinite values")
    if not np.isin(queries, gallery).all():
        raise DataError("retrieval: a query's concept is not in the gallery; leave that query out")


def mean_average_precision(
    similarity: NDArray[np.float32], queries: NDArray[np.int64], gallery: NDArray[np.int64]
) -> float:
    """Mean over queries of the average precision of the ranked gallery.

    `similarity` [Q, G]; `queries` [Q] and `gallery` [G] are concepts; an item is right when its
    concept is the query's own. Average precision is the mean, over the right items, of the share
    of right ones down to each (Manning et al. 2008, section 8.4). Among equal similarities the
    wrong items come first.
    """
    validate(similarity, queries, gallery)
    right = queries[:, None] == gallery[None]
    return float(np.mean([_precision(row, r) for row, r in zip(similarity, right, strict=True)]))


def _precision(similarity: NDArray[np.float32], right: NDArray[np.bool_]) -> float:
    ranked = right[np.lexsort((right, -similarity))]
    places = np.flatnonzero(ranked) + 1
    return float(np.mean(np.arange(1, len(places) + 1) / places))
