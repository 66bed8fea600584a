"""Top-k accuracy against a sort written out, and where it must not be fooled."""

from __future__ import annotations

import numpy as np
import pytest

from sonolume.errors import DataError
from sonolume.evaluation.classification import hits, macro_top_k, top_k


def test_agrees_with_a_sort() -> None:
    rng = np.random.default_rng(0)
    scores, truth = rng.normal(size=(200, 9)).astype(np.float32), rng.integers(0, 9, 200)
    for k in (1, 3, 9):
        expected = [
            label in np.argsort(row)[::-1][:k] for row, label in zip(scores, truth, strict=False)
        ]
        np.testing.assert_array_equal(hits(scores, truth, k), expected)
        assert top_k(scores, truth, k) == pytest.approx(np.mean(expected))


def test_macro_counts_every_label_alike() -> None:
    scores = np.eye(3, dtype=np.float32)[[0, 0, 0, 1]]
    truth = np.array([0, 0, 0, 2])
    assert top_k(scores, truth) == 0.75
    assert macro_top_k(scores, truth) == 0.5


def test_constant_scores_earn_nothing() -> None:
    assert top_k(np.zeros((5, 4), np.float32), np.arange(4).repeat(2)[:5], 3) == 0.0


@pytest.mark.parametrize(
    ("scores", "truth", "message"),
    [
        (
            np.zeros((2, 3)),
            np.zeros(3, int),
            r"scores \[2, 3\] and labels \[3\]; expected \[N, C\]",
        ),
        (np.zeros(3), np.zeros(3, int), r"expected \[N, C\] and \[N\]"),
        (np.zeros((0, 3)), np.zeros(0, int), "no samples; give at least one"),
        (np.full((1, 3), np.nan), np.zeros(1, int), "NaN or infinite"),
        (np.zeros((1, 3)), np.array([3]), r"outside 0\.\.2"),
        (np.zeros((1, 3)), np.array([-1]), r"outside 0\.\.2"),
    ],
)
def test_malformed_input_is_refused(scores, truth, message) -> None:
    with pytest.raises(DataError, match=message):
        top_k(scores, truth)
