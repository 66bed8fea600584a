"""A bank of tuned resonators: any sound made to ring at chosen frequencies.

J. O. Smith and J. B. Angell, "A constant-gain digital resonator tuned by a single coefficient",
Computer Music J. 6, 1982: two poles, zeros at 0 Hz and Nyquist, so that the peak lies exactly at
the pole's angle and its gain does not depend on it.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sonolume.errors import OptionError

__all__ = ["resonate"]


def resonate(
    samples: NDArray[np.float32],
    rate: int,
    frequencies: NDArray[np.float64],
    t60: NDArray[np.float64],
    gains: NDArray[np.float64],
    *,
    seconds: float,
) -> NDArray[np.float32]:
    """A sound [n] through resonators in parallel, [round(seconds · rate)].

    Args:
        samples: what excites them; cut or followed by silence to ``seconds``.
        rate: Hz.
        frequencies: Hz [K], below rate / 2.
        t60: seconds [K] in which each falls by 60 dB, > 0.
        gains: [K], gain at each resonance.
        seconds: length of the result.

    Raises:
        OptionError: a frequency or a decay out of range.
    """
    from scipy.signal import lfilter

    if not ((frequencies > 0).all() and (frequencies < rate / 2).all() and (t60 > 0).all()):
        raise OptionError(f"resonators need frequencies within 0..{rate / 2:g} Hz and decays > 0")
    excitation = np.zeros(round(seconds * rate))
    kept = min(len(samples), len(excitation))
    excitation[:kept] = samples[:kept]
    total = np.zeros_like(excitation)
    radius = 10 ** (-3 / (t60 * rate))
    for r, f, gain in zip(radius, frequencies, gains, strict=True):
        poles = [1.0, -2 * r * np.cos(2 * np.pi * f / rate), r * r]
        total += gain * lfilter([(1 - r * r) / 2, 0.0, -(1 - r * r) / 2], poles, excitation)
    return total.astype(np.float32)
