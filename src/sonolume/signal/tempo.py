"""Tempo as by D. Ellis ("Beat tracking by dynamic programming", J. New Music Research 36, 2007)."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from sonolume.signal.onsets import HOP

__all__ = ["tempo"]

USUAL: Final = 120.0  # BPM
SLOWEST, FASTEST = 30.0, 300.0


def tempo(strength: NDArray[np.float64], usual: float = USUAL, spread: float = 1.0) -> float:
    """BPM of the strongest autocorrelation under a log-normal preference around ``usual``, whose
    standard deviation is ``spread`` octaves."""
    from scipy.signal import correlate, find_peaks

    centred = strength - strength.mean()
    lags = np.arange(round(60 / FASTEST / HOP), round(60 / SLOWEST / HOP))
    if len(strength) <= lags[0] + 2 or not centred.any():
        return 0.0
    whole = correlate(centred, centred, method="fft")[len(strength) - 1 :]
    lags = lags[lags < len(strength) - 1]
    liked = np.exp(-0.5 * (np.log2(60 / (lags * HOP) / usual) / spread) ** 2)
    scored = np.maximum(whole[lags], 0) * liked
    peaks, _ = find_peaks(scored)
    if not len(peaks):
        return 0.0
    best = int(peaks[scored[peaks].argmax()])
    return float(60 / ((lags[best] + _vertex(whole, int(lags[best]))) * HOP))


def _vertex(values: NDArray[np.float64], at: int) -> float:
    """How far the peak of a parabola through three points lies from the middle one."""
    left, middle, right = (float(v) for v in values[at - 1 : at + 2])
    bend = left - 2 * middle + right
    return 0.5 * (left - right) / bend if bend < 0 and abs(left - right) < abs(2 * bend) else 0.0
