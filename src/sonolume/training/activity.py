"""How good proposed settings are, and the thresholds above which effects count as active."""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

__all__ = ["active_rmse", "fit_thresholds", "gated", "macro_f1"]

CANDIDATES: Final = np.linspace(0.05, 0.95, 37)
PRICES: Final = np.concatenate([[0.0], np.geomspace(1e-3, 1e3, 121)])
HALF: Final = 0.5
KEPT: Final = 0.88  # of the F1 at 0.5, at least

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
    """Thresholds [E] with the least gated error, macro F1 at least 88 % of that at 0.5.

    Error and F1 are sums over items, so that for any price of F1 each item's best of 37 candidates
    is found alone; the lowest price that keeps the F1 is taken. (The published way, one item after
    another, lets the first ones use up what all may lose.) Without the floor, always on would win:
    the error asks for active items alone.
    """
    on = probabilities[..., None] > CANDIDATES.astype(np.float32)  # [N, E, C]
    hits = (on & active[..., None]).sum(0)
    f1 = 2 * hits / np.maximum(1, on.sum(0) + active.sum(0)[:, None])
    lost = _lost(shares, truth, active, owners, bypass, on)
    floor = KEPT * macro_f1(probabilities > HALF, active)
    for price in PRICES:
        best = np.argmin(lost / max(1, active.sum()) - price * f1 / len(f1), axis=1)
        if np.take_along_axis(f1, best[:, None], 1).mean() >= floor:
            break
    thresholds: Shares = CANDIDATES[best].astype(np.float32)
    return thresholds


def _lost(
    shares: Shares,
    truth: Shares,
    active: Flags,
    owners: Sequence[int],
    bypass: Shares,
    on: Flags,
) -> NDArray[np.float64]:
    """Squared errors of each item's controls where it is truly active, by threshold: [E, C]."""
    items = np.arange(active.shape[1])[:, None] == np.array(owners)
    told, missed = (
        np.square(each - truth, dtype=np.float64) @ items.T * active for each in (shares, bypass)
    )
    lost: NDArray[np.float64] = np.where(on, told[..., None], missed[..., None]).sum(0)
    return lost
