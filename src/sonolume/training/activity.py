"""How good proposed settings are, and the thresholds above which effects count as active."""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

__all__ = ["active_rmse", "fit_thresholds", "gated", "macro_f1"]

CANDIDATES: Final = np.linspace(0.05, 0.95, 37)
ROUNDS: Final = 2
KEPT: Final = 0.95  # of the F1 at 0.5, at least

Shares = NDArray[np.float32]
Flags = NDArray[np.bool_]


def gated(shares: Shares, on: Flags, owners: Sequence[int], bypass: Shares) -> Shares:
    """Shares [N, P], those of items that are not `on` [N, E] at bypass [P]."""
    chosen: Shares = np.where(on[:, list(owners)], shares, bypass).astype(np.float32)
    return chosen


def active_rmse(shares: Shares, truth: Shares, active: Flags, owners: Sequence[int]) -> float:
    """Root mean square error of shares [N, P] over controls whose item is truly active [N, E].

    An item that was missed counts with its bypass, if `gated` was asked before.
    """
    counted = active[:, list(owners)]
    return float(np.sqrt(np.square(shares - truth, dtype=np.float64)[counted].mean()))


def macro_f1(on: Flags, active: Flags) -> float:
    """Mean over items of the F1 of `on` [N, E] against `active`; 0 for an item never told right."""
    hits = (on & active).sum(0)
    return float(np.mean(2 * hits / np.maximum(1, on.sum(0) + active.sum(0))))


def fit_thresholds(
    probabilities: Shares,
    shares: Shares,
    truth: Shares,
    active: Flags,
    owners: Sequence[int],
    bypass: Shares,
) -> Shares:
    """Thresholds [E] with the least gated error, macro F1 at least 95 % of that at 0.5.

    Two rounds over the items of 37 candidates each. Without the floor, always on would win: the
    error asks for active items alone.
    """
    thresholds = np.full(probabilities.shape[1], 0.5, np.float32)
    floor = KEPT * macro_f1(probabilities > thresholds, active)

    def cost(tried: Shares) -> float:
        on = probabilities > tried
        if macro_f1(on, active) < floor:
            return np.inf
        return active_rmse(gated(shares, on, owners, bypass), truth, active, owners)

    for _ in range(ROUNDS):
        for item in range(len(thresholds)):
            tried = np.tile(thresholds, (len(CANDIDATES), 1))
            tried[:, item] = CANDIDATES
            thresholds = tried[int(np.argmin([cost(each) for each in tried]))]
    return thresholds
