"""The swap test on tables small enough to read."""

from __future__ import annotations

import numpy as np
import pytest

from sonolume.errors import DataError
from sonolume.evaluation.swap import own_sound_accuracy, swap_accuracy

ALL = np.ones((3, 3), bool)


def test_each_picture_nearest_to_its_own_sound() -> None:
    similarity = np.eye(3, dtype=np.float32)
    assert swap_accuracy(similarity, ALL) == own_sound_accuracy(similarity, ALL) == 1.0
    assert swap_accuracy(-similarity, ALL) == own_sound_accuracy(-similarity, ALL) == 0.0


def test_a_sound_near_to_everything_costs_single_pictures_but_not_pairs() -> None:
    similarity = np.eye(3, dtype=np.float32)
    similarity[:, 0] += 2
    assert swap_accuracy(similarity, ALL) == 1.0
    # Pictures 1 and 2 prefer sound 0: two of six comparisons.
    assert own_sound_accuracy(similarity, ALL) == pytest.approx(4 / 6)


def test_ties_are_chance() -> None:
    assert swap_accuracy(np.ones((3, 3), np.float32), ALL) == 0.5
    assert own_sound_accuracy(np.ones((3, 3), np.float32), ALL) == 0.5


def test_only_comparable_pairs_count() -> None:
    similarity = np.float32([[1, 0, 9], [0, 1, 0], [9, 0, 1]])
    comparable = np.zeros((3, 3), bool)
    comparable[0, 1] = comparable[1, 0] = True
    assert swap_accuracy(similarity, comparable) == 1.0
    assert swap_accuracy(similarity, ALL) == pytest.approx(2 / 3)


@pytest.mark.parametrize(
    ("similarity", "comparable", "message"),
    [
        (np.zeros((2, 3)), np.ones((2, 2), bool), r"similarity \[2, 3\]"),
        (np.zeros((2, 2)), np.ones((3, 3), bool), r"comparable \[3, 3\]; expected \[N, N\]"),
        (np.full((2, 2), np.nan), np.ones((2, 2), bool), "NaN or infinite"),
        (np.zeros((2, 2)), np.eye(2, dtype=bool), "no two pictures share words and seed"),
    ],
)
def test_malformed_input_is_refused(similarity, comparable, message) -> None:
    with pytest.raises(DataError, match=message):
        swap_accuracy(similarity, comparable)
