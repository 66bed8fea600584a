"""Where things vibrate: frequencies of their modes over the lowest one.

Ratios follow Fletcher & Rossing, The Physics of Musical Instruments (2nd ed., 1998): bars chapter
2, membranes and plates chapter 3, bells chapter 21, wine glasses chapter 20.
"""

from __future__ import annotations

from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

__all__ = ["BELL", "GLASS", "PLATE", "clamped_bar", "free_bar", "membrane"]

Ratios = NDArray[np.float64]

# Church bell, minor third: hum, prime, tierce, quint, nominal, deciem, undeciem, double octave.
# Over the hum; Fletcher & Rossing, table 21.1.
BELL: Final = (1.0, 2.0, 2.4, 3.0, 4.0, 5.0, 5.33, 6.0, 8.0, 10.7, 13.3)
# Wine glass, (2,0) (3,0) ...: rim modes rise nearly as n² − 1 over n; Fletcher & Rossing §20.2.
GLASS: Final = (1.0, 2.32, 4.25, 6.63, 9.38, 12.6)
# Free circular plate, Poisson's ratio 1/3: (2,0) (0,1) (3,0) (1,1) (4,0) (5,0) (2,1) (0,2) ...
# Fletcher & Rossing, table 3.2.
PLATE: Final = (1.0, 1.73, 2.328, 3.91, 4.11, 6.30, 6.71, 7.34, 10.07, 11.40, 13.92, 15.97)
COUNT: Final = 12


def free_bar(count: int = COUNT) -> Ratios:
    """A bar free at both ends: 1, 2.756, 5.404 ... as (βₙ/β₁)², cos(β)·cosh(β) = 1."""
    return (_roots(count, 1) / _roots(1, 1)) ** 2


def clamped_bar(count: int = COUNT) -> Ratios:
    """A bar held at one end: 1, 6.267, 17.55 ... as (βₙ/β₁)², cos(β)·cosh(β) = −1."""
    return (_roots(count, -1) / _roots(1, -1)) ** 2


def _roots(count: int, sign: int) -> Ratios:
    """The first roots of cos(β) = sign / cosh(β), without β = 0, by Newton's method."""
    first = 1.5 if sign > 0 else 0.5
    beta = (np.arange(count) + first) * np.pi
    beta[0] = 4.73 if sign > 0 else 1.875
    for _ in range(6):
        value = np.cos(beta) - sign / np.cosh(beta)
        slope = -np.sin(beta) + sign * np.tanh(beta) / np.cosh(beta)
        beta = beta - value / slope
    return np.asarray(beta)


@cache
def membrane(count: int = COUNT) -> Ratios:
    """A round membrane: 1, 1.594, 2.136, 2.296 ..., zeros of Bessel functions over 2.405."""
    from scipy.special import jn_zeros

    zeros = np.concatenate([jn_zeros(order, 6) for order in range(10)])
    return np.asarray(np.sort(zeros)[:count] / zeros[0])
