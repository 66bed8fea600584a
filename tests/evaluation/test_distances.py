"""Kernel distance and spread, against loops and closed forms."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from sonolume.errors import DataError
from sonolume.evaluation.distances import (
    kernel_distance,
    mean_pairwise_distance,
    within_distance,
    within_ratio,
)


def draw(count: int, shift: float = 0.0, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(shift, 1, (count, 5)).astype(np.float32)


def kernel(x: np.ndarray, y: np.ndarray) -> float:
    return float((np.dot(x.astype(float), y) / len(x) + 1) ** 3)


def test_kernel_distance_agrees_with_loops() -> None:
    a, b = draw(7), draw(9, 0.5, 1)
    expected = (
        np.mean([kernel(x, y) for x, y in itertools.permutations(a, 2)])
        + np.mean([kernel(x, y) for x, y in itertools.permutations(b, 2)])
        - 2 * np.mean([kernel(x, y) for x in a for y in b])
    )
    assert kernel_distance(a, b) == pytest.approx(expected, rel=1e-6)


def test_kernel_distance_is_unbiased_and_grows_with_the_shift() -> None:
    same = [kernel_distance(draw(40, 0, i), draw(40, 0, 1000 + i)) for i in range(200)]
    assert abs(np.mean(same)) < 3 * np.std(same) / np.sqrt(200)
    near, far = kernel_distance(draw(40), draw(40, 1, 1)), kernel_distance(draw(40), draw(40, 2, 1))
    assert np.std(same) * 3 < near < far


def test_mean_pairwise_distance_of_a_triangle() -> None:
    assert mean_pairwise_distance(np.float32([[0, 0], [3, 0], [0, 4]])) == pytest.approx(4.0)


def test_a_collapsed_model_has_no_spread() -> None:
    assert mean_pairwise_distance(np.full((6, 3), 2.5, np.float32)) == 0.0


def test_within_ratio_is_the_scale_between_two_copies() -> None:
    real, labels = draw(8), ["a"] * 4 + ["b"] * 4
    assert within_ratio(real * 0.3, labels, real, labels) == pytest.approx(0.3, rel=1e-5)


def test_lonely_pictures_are_left_out() -> None:
    assert set(within_distance(draw(5), ["a", "a", "b", "c", "c"])) == {"a", "c"}
    with pytest.raises(DataError, match="no concept has two painted pictures and two photos"):
        within_ratio(draw(2), ["a", "b"], draw(4), ["a", "a", "b", "b"])


@pytest.mark.parametrize(
    ("features", "message"),
    [
        (np.zeros((1, 3)), r"features \[1, 3\]; expected \[N, D\] of two pictures"),
        (np.zeros(3), r"features \[3\]"),
        (np.full((2, 3), np.nan), "NaN or infinite"),
    ],
)
def test_malformed_input_is_refused(features, message) -> None:
    with pytest.raises(DataError, match=message):
        mean_pairwise_distance(features)
    with pytest.raises(DataError, match=message):
        kernel_distance(np.zeros((2, 3)), features)


def test_features_of_two_nets_are_refused() -> None:
    with pytest.raises(DataError, match="features of 3 and 4 dimensions"):
        kernel_distance(np.zeros((2, 3)), np.zeros((2, 4)))
