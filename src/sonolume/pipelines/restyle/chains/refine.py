"""Amounts after which a sound has moved as it should, found in few renderings."""

from collections.abc import Callable
from typing import Final

import numpy as np
from numpy.typing import NDArray

__all__ = ["refine"]

TURNS: Final = 7  # renderings at most
REACH: Final = 0.3  # by which an amount may go in the first turn
NEAREST: Final = 0.01  # reach below which nothing is to be won

Vector = NDArray[np.float64]


def refine(
    moved: Callable[[Vector], Vector],
    weights: Callable[[Vector], Vector],
    wanted: Vector,
    slope: Vector,
    start: Vector,
    cost: float,
    bounds: tuple[Vector | float, Vector | float] = (0.0, 1.0),
) -> tuple[Vector, Vector]:
    """Gauss–Newton steps within bounds and a trust region, the slopes learnt on the way.

    C. Broyden, "A class of methods for solving nonlinear simultaneous equations", Mathematics of
    Computation 19 (1965): each rendering also corrects the slopes, so that none are spent on
    finite differences.

    Args:
        moved: amounts [A] → what they move [R].
        weights: what was moved [R] → weights of the residuals [R].
        wanted: [R].
        slope: [R, A], a first guess of the derivative of ``moved``.
        start: amounts [A].
        cost: weight of each amount itself.
        bounds: the least and the most of each amount; ``start`` is within.

    Returns:
        amounts [A], and what they move [R].
    """
    at, here = start, moved(start)
    least = _distance(here, at, weights(here), wanted, cost)
    reach, slope = REACH, slope.copy()
    for _ in range(TURNS - 1):
        step = _step(here - wanted, slope, weights(here), at, _near(at, reach, bounds), cost)
        if np.abs(step).max() < NEAREST:
            break
        there = moved(at + step)
        slope += np.outer(there - here - slope @ step, step) / (step @ step)
        distance = _distance(there, at + step, weights(there), wanted, cost)
        if distance < least:
            at, here, least = at + step, there, distance
        else:
            reach = np.abs(step).max() / 2
            if reach < NEAREST:
                break
    return at, here


def _distance(here: Vector, at: Vector, weights: Vector, wanted: Vector, cost: float) -> float:
    return float(np.square(weights * (here - wanted)).sum() + np.square(cost * at).sum())


def _near(
    at: Vector, reach: float, bounds: tuple[Vector | float, Vector | float]
) -> tuple[Vector, Vector]:
    """How far each amount may go down and up."""
    return np.maximum(bounds[0] - at, -reach), np.minimum(bounds[1] - at, reach)


def _step(
    off: Vector,
    slope: Vector,
    weights: Vector,
    at: Vector,
    near: tuple[Vector, Vector],
    cost: float,
) -> Vector:
    """The step of a linear sound, in bounds."""
    from scipy.optimize import lsq_linear

    matrix = np.concatenate([weights[:, None] * slope, cost * np.eye(len(at))])
    target = -np.concatenate([weights * off, cost * at])
    low, high = near
    found: Vector = lsq_linear(matrix, target, (low, high + 1e-9), method="bvls").x
    return np.clip(found, low, high)
