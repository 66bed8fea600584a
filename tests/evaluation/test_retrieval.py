"""Mean average precision by hand, by brute force, and at its limits."""

from __future__ import annotations

import numpy as np
import pytest

from sonolume.errors import DataError
from sonolume.evaluation.retrieval import mean_average_precision


def row(*values: float) -> np.ndarray:
    return np.array([values], np.float32)


def test_by_hand() -> None:
    # Right ones at places 1, 3 and 4 of five: (1/1 + 2/3 + 3/4) / 3.
    found = mean_average_precision(row(9, 8, 7, 6, 5), np.array([1]), np.array([1, 0, 1, 1, 0]))
    assert found == pytest.approx((1 + 2 / 3 + 3 / 4) / 3)


def test_perfect_and_worst() -> None:
    gallery = np.array([1, 1, 0, 0])
    assert mean_average_precision(row(4, 3, 2, 1), np.array([1]), gallery) == 1.0
    worst = (1 / 3 + 2 / 4) / 2
    assert mean_average_precision(row(1, 2, 3, 4), np.array([1]), gallery) == pytest.approx(worst)


def test_equal_similarities_count_as_the_worst_order() -> None:
    gallery = np.array([1, 0, 0, 0])
    assert mean_average_precision(row(0, 0, 0, 0), np.array([1]), gallery) == 0.25


def test_agrees_with_brute_force() -> None:
    rng = np.random.default_rng(1)
    similarity = rng.normal(size=(12, 40)).astype(np.float32)
    queries, gallery = rng.integers(0, 4, 12), np.arange(40) % 4
    expected = []
    for scores, query in zip(similarity, queries, strict=False):
        order = sorted(range(40), key=lambda i: -scores[i])
        found = [gallery[i] == query for i in order]
        expected.append(np.mean([np.mean(found[: n + 1]) for n in range(40) if found[n]]))
    assert mean_average_precision(similarity, queries, gallery) == pytest.approx(np.mean(expected))


@pytest.mark.parametrize(
    ("similarity", "queries", "gallery", "message"),
    [
        (np.zeros((1, 2)), [0], [0], r"similarity \[1, 2\] for 1 queries and 1 items"),
        (np.zeros((0, 1)), [], [0], "neither empty"),
        (np.full((1, 1), np.inf), [0], [0], "NaN or infinite"),
        (np.zeros((1, 1)), [1], [0], "not in the gallery; leave that query out"),
    ],
)
def test_malformed_input_is_refused(similarity, queries, gallery, message) -> None:
    with pytest.raises(DataError, match=message):
        mean_average_precision(similarity, np.array(queries), np.array(gallery))
