"""Calibration on predictions whose truth is known."""

from __future__ import annotations

import math

import numpy as np
import pytest

from sonolume.errors import DataError
from sonolume.evaluation.calibration import (
    Predictions,
    cross_fitted,
    ece,
    ece_by_chance,
    expected_calibration_error,
    fit_factor,
    folds,
    nll,
)


def drawn(count: int, temperature: float, seed: int = 0) -> Predictions:
    """Labels drawn from the probabilities themselves, which then are told too surely or not."""
    rng = np.random.default_rng(seed)
    logits = 2 * rng.standard_normal((count, 8))
    chances = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    truth = (chances.cumsum(1) < rng.random((count, 1))).sum(1)
    told = logits / temperature
    told -= np.log(np.exp(told).sum(1, keepdims=True))
    return Predictions(told, np.arange(count), truth)


def test_the_error_by_hand() -> None:
    # Two bins are in use: (0.6, 0.667] with mean 0.65 and 1 of 2 right, (0.933, 1] with 1 of 1.
    confidence, right = np.array([0.64, 0.66, 0.95]), np.array([True, False, True])
    wanted = (2 / 3) * abs(0.65 - 0.5) + (1 / 3) * abs(0.95 - 1)
    assert expected_calibration_error(confidence, right) == pytest.approx(wanted)


def test_the_error_equals_its_definition_bin_by_bin() -> None:
    rng = np.random.default_rng(1)
    confidence, right = rng.random(500), rng.random(500) < 0.5
    total = 0.0
    for low in np.arange(15) / 15:
        inside = (confidence > low) & (confidence <= low + 1 / 15)
        if inside.any():
            total += inside.mean() * abs(confidence[inside].mean() - right[inside].mean())
    assert expected_calibration_error(confidence, right) == pytest.approx(total)


@pytest.mark.parametrize(
    ("confidence", "right", "wanted"),
    [([1.0, 1.0], [True, True], 0.0), ([1.0], [False], 1.0), ([0.0], [False], 0.0)],
)
def test_edges(confidence, right, wanted) -> None:
    assert expected_calibration_error(np.array(confidence), np.array(right)) == wanted


@pytest.mark.parametrize(
    ("confidence", "right"), [([], []), ([0.5], [True, False]), ([1.5], [True]), ([-0.1], [True])]
)
def test_malformed_is_refused(confidence, right) -> None:
    with pytest.raises(DataError, match="calibration error: "):
        expected_calibration_error(np.array(confidence), np.array(right, bool))


@pytest.mark.parametrize("temperature", [0.3, 1.0, 4.0])
def test_the_factor_undoes_what_was_told_too_surely(temperature) -> None:
    predictions = drawn(20_000, temperature)
    assert fit_factor(predictions) == pytest.approx(1 / temperature, rel=0.05)
    fitted = predictions.chances(fit_factor(predictions))
    assert ece(fitted, predictions.truth) < 0.015


def test_the_factor_is_where_scipy_finds_it() -> None:
    optimize = pytest.importorskip("scipy.optimize")
    predictions = drawn(300, 0.5, seed=3)
    found = optimize.minimize_scalar(
        lambda x: nll(predictions.chances(math.exp(x)), predictions.truth),
        bounds=(-3, 3),
        method="bounded",
        options={"xatol": 1e-6},
    )
    assert fit_factor(predictions) == pytest.approx(math.exp(found.x), rel=1e-3)


def test_an_item_is_the_mean_of_its_windows() -> None:
    told = np.log(np.array([[0.8, 0.2], [0.4, 0.6], [0.1, 0.9]]))
    predictions = Predictions(told, np.array([0, 0, 1]), np.array([0, 1]))
    np.testing.assert_allclose(predictions.chances(), [[0.6, 0.4], [0.1, 0.9]])
    np.testing.assert_allclose(predictions.of(np.array([False, True])).chances(), [[0.1, 0.9]])
    assert nll(predictions.chances(), predictions.truth) == pytest.approx(
        -(math.log(0.6) + math.log(0.9)) / 2
    )


def test_cross_fitting_keeps_groups_whole_and_judges_everyone() -> None:
    predictions = drawn(2000, 0.4)
    groups = [f"recording {number // 4}" for number in range(2000)]
    parts = folds(groups)
    assert set(parts) == set(range(10))
    assert all(len(set(parts[at : at + 4])) == 1 for at in range(0, 2000, 4))
    found = cross_fitted(predictions, groups)
    np.testing.assert_allclose(found.sum(1), 1)
    assert ece(found, predictions.truth) < 0.04 < ece(predictions.chances(), predictions.truth)
    with pytest.raises(DataError, match="too few groups"):
        cross_fitted(predictions, ["one"] * 2000)


def test_the_floor_falls_with_the_number_of_items() -> None:
    rng = np.random.default_rng(0)
    few, many = (ece_by_chance(drawn(count, 1.0).chances(), rng) for count in (100, 10_000))
    assert many < 0.02 < few < 0.2


@pytest.mark.parametrize(
    ("told", "items", "truth", "message"),
    [
        (np.zeros((0, 2)), [], [], "no items"),
        (np.zeros((2, 2)), [0], [0], r"expected \[W, C\] and \[W\]"),
        (np.zeros((2, 2)), [0, 0], [0, 1], "an item without a window"),
        (np.zeros((2, 2)), [0, 1], [0], "a window without an item"),
    ],
)
def test_malformed_predictions(told, items, truth, message) -> None:
    with pytest.raises(DataError, match=message):
        Predictions(told, np.array(items, int), np.array(truth, int))
