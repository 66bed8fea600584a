"""Concepts as class numbers."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from sonolume.data.concepts import concepts
from sonolume.errors import DataError


def class_numbers(slugs: Sequence[str | None]) -> NDArray[np.int64]:
    """The places of concepts in `concepts()`, −1 for None. Raises DataError for an unknown one."""
    places = {item.slug: place for place, item in enumerate(concepts())}
    unknown = sorted({slug for slug in slugs if slug is not None} - places.keys())
    if unknown:
        raise DataError(f"items of unknown concept {unknown[0]!r}; known: {', '.join(places)}")
    return np.array([-1 if slug is None else places[slug] for slug in slugs], dtype=np.int64)


def chances(labels: NDArray[np.int64], balance: float) -> NDArray[np.float64]:
    """Chance of each item to be drawn: a class of n items in proportion to n ** balance."""
    counts = np.bincount(labels)
    weights = counts[labels] ** (balance - 1.0)
    evened: NDArray[np.float64] = weights / weights.sum()
    return evened
