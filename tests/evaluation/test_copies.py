"""A copy is found whatever was done to its light; a new picture is not called one."""

from __future__ import annotations

import numpy as np
import pytest

from sonolume.errors import DataError
from sonolume.evaluation import copies
from sonolume.evaluation.copies import nearest, thumbnails

RNG = np.random.default_rng(0)
PHOTOS = [RNG.integers(0, 256, (128, 128, 3)).astype(np.uint8) for _ in range(5)]


def test_thumbnails_have_mean_0_and_length_1() -> None:
    rows = thumbnails([*PHOTOS, np.full((64, 64, 3), 9, np.uint8)])
    np.testing.assert_allclose(rows.mean(1), 0, atol=1e-6)
    np.testing.assert_allclose(np.linalg.norm(rows, axis=1), [1] * 5 + [0], atol=1e-5)


@pytest.mark.parametrize(
    "change",
    [
        lambda photo: photo,
        lambda photo: photo[:, ::-1],
        lambda photo: np.uint8(photo * 0.5 + 40),
    ],
    ids=["the same", "mirrored", "fainter"],
)
def test_a_copy_is_found(change, monkeypatch) -> None:
    monkeypatch.setattr(copies, "BLOCK", 2)
    distances, found = nearest([change(photo) for photo in PHOTOS], iter(PHOTOS))
    np.testing.assert_allclose(distances, 0, atol=2e-3)
    for photo, neighbour in zip(PHOTOS, found, strict=False):
        np.testing.assert_array_equal(photo, neighbour)


def test_distance_is_one_minus_the_correlation() -> None:
    small = [photo[:32, :32] for photo in PHOTOS[:2]]
    distances, _ = nearest([small[0]], [small[1]])
    straight = np.corrcoef(small[0].ravel(), small[1].ravel())[0, 1]
    mirrored = np.corrcoef(small[0][:, ::-1].ravel(), small[1].ravel())[0, 1]
    assert distances[0] == pytest.approx(1 - max(straight, mirrored), abs=1e-4)


@pytest.mark.parametrize(
    ("pictures", "training", "message"),
    [([], PHOTOS, "no pictures to compare"), (PHOTOS, [], "no training photos")],
)
def test_nothing_to_compare_is_refused(pictures, training, message) -> None:
    with pytest.raises(DataError, match=message):
        nearest(pictures, training)
