"""Whether probabilities mean what they say, and the temperature at which they do.

Conventions: `confidence` [N] is the probability of the likeliest label, `right` [N] whether it is
the true one. `log_chances` [W, C] are logarithms of probabilities of windows, `items` [W] the item
(0 … N − 1) that each window belongs to, whose probabilities are the mean over its windows, and
`truth` [N] holds columns of `log_chances`.
"""

import hashlib
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sonolume.errors import DataError

BINS: Final = 15
FOLDS: Final = 10
COOLEST, HOTTEST = 1 / 50, 50.0
GOLDEN: Final = (math.sqrt(5) - 1) / 2
Numbers = NDArray[np.float64]
Labels = NDArray[np.int64]


@dataclass(frozen=True)
class Predictions:
    """What a classifier said of items in windows, and what they are; see the module's head."""

    log_chances: Numbers
    items: Labels
    truth: Labels

    def __post_init__(self) -> None:
        if len(self.truth) == 0:
            raise DataError("calibration: no items; give at least one")
        if self.log_chances.ndim != 2 or self.items.shape != self.log_chances.shape[:1]:
            raise DataError(
                f"calibration: probabilities {list(self.log_chances.shape)} of items "
                f"{list(self.items.shape)}; expected [W, C] and [W]"
            )
        if set(self.items.tolist()) != set(range(len(self.truth))):
            raise DataError("calibration: an item without a window, or a window without an item")

    def chances(self, factor: float = 1.0) -> Numbers:
        """Probabilities [N, C] of the items, at `factor` times the temperature of the windows'."""
        scaled = self.log_chances / factor
        windows = np.exp(scaled - scaled.max(axis=1, keepdims=True))
        windows /= windows.sum(axis=1, keepdims=True)
        sums = np.zeros((len(self.truth), windows.shape[1]))
        np.add.at(sums, self.items, windows)
        counts: Numbers = np.bincount(self.items).astype(np.float64)
        return np.asarray(sums / counts[:, None])

    def of(self, kept: NDArray[np.bool_]) -> "Predictions":
        """Those of the items [N] that are kept."""
        places = np.cumsum(kept) - 1
        windows = kept[self.items]
        return Predictions(self.log_chances[windows], places[self.items[windows]], self.truth[kept])


def expected_calibration_error(
    confidence: Numbers, right: NDArray[np.bool_], bins: int = BINS
) -> float:
    """Mean distance between confidence and accuracy over equal bins of confidence, by their size.

    Guo et al. 2017, "On Calibration of Modern Neural Networks", equation 3. Bins hold their upper
    edge; few items make it large by chance alone. Raises DataError for no items, or values outside
    0..1.
    """
    if len(confidence) == 0 or confidence.shape != right.shape:
        raise DataError("calibration error: as many confidences as answers, at least one of each")
    if not (confidence >= 0).all() or not (confidence <= 1 + 1e-9).all():
        raise DataError("calibration error: a confidence outside 0..1")
    places = np.clip(np.ceil(confidence * bins).astype(int) - 1, 0, bins - 1)
    off = np.bincount(places, weights=confidence - right, minlength=bins)
    return float(np.abs(off).sum() / len(confidence))


def ece(chances: Numbers, truth: Labels) -> float:
    """`expected_calibration_error` of probabilities [N, C]."""
    return expected_calibration_error(chances.max(axis=1), chances.argmax(axis=1) == truth)


def nll(chances: Numbers, truth: Labels) -> float:
    """Mean negative log-likelihood of the labels, in nats."""
    own = chances[np.arange(len(truth)), truth]
    return float(-np.log(np.maximum(own, 1e-12)).mean())


def fit_factor(predictions: Predictions) -> float:
    """The factor to the temperature at which the likelihood is largest, 1/50 to 50."""

    def loss(exponent: float) -> float:
        return nll(predictions.chances(math.exp(exponent)), predictions.truth)

    return math.exp(_minimum(loss, math.log(COOLEST), math.log(HOTTEST)))


def cross_fitted(predictions: Predictions, groups: Sequence[str]) -> Numbers:
    """Probabilities [N, C]: each tenth of the groups at the factor that the other nine fit.

    Nothing is judged by what it helped to fit, and yet every item is judged. Raises DataError when
    all groups fall into one tenth.
    """
    parts = folds(groups)
    if len(np.unique(parts)) < 2:
        raise DataError("calibration: too few groups to keep some apart; give more data")
    found = np.zeros((len(predictions.truth), predictions.log_chances.shape[1]))
    for part in np.unique(parts):
        held = parts == part
        found[held] = predictions.of(held).chances(fit_factor(predictions.of(~held)))
    return found


def folds(groups: Sequence[str], count: int = FOLDS) -> Labels:
    """The fold of each item [N], by a hash of its group, so that groups stay whole."""
    digests = (hashlib.sha256(f"calibration {group}".encode()).digest() for group in groups)
    return np.array([int.from_bytes(digest[:4]) % count for digest in digests])


def ece_by_chance(chances: Numbers, rng: np.random.Generator, draws: int = 100) -> float:
    """The mean `ece` that so many and such confidences come to when they are exactly right.

    With few items the error of a perfect classifier is far from 0: this is its floor.
    """
    confidence = chances.max(axis=1)
    answers = rng.random((draws, len(confidence))) < confidence
    return float(np.mean([expected_calibration_error(confidence, row) for row in answers]))


def _minimum(function: Callable[[float], float], low: float, high: float) -> float:
    """Golden-section search for the minimum of a function with one valley (Kiefer 1953)."""
    left, right = high - GOLDEN * (high - low), low + GOLDEN * (high - low)
    at_left, at_right = function(left), function(right)
    while high - low > 1e-4:
        if at_left <= at_right:
            high, right, at_right = right, left, at_left
            left = high - GOLDEN * (high - low)
            at_left = function(left)
        else:
            low, left, at_left = left, right, at_right
            right = low + GOLDEN * (high - low)
            at_right = function(right)
    return (low + high) / 2
