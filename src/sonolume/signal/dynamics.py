"""A bus compressor, of sounds of any length."""

from __future__ import annotations

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray

__all__ = ["Compressor"]

LEVEL_SECONDS: Final = 0.01
GAIN_SECONDS: Final = 0.06
QUIETEST: Final = 1e-12


class Compressor:
    """The gain that evens out a sound: feed-forward, soft knee (Giannoulis et al. 2012, eq. 4).

    The level is a running mean power of all channels over 10 ms; the gain, in dB, is smoothed
    over 60 ms, which is attack and release in one, so that the punch of drums is kept.

    Args:
        rate: Hz.
        threshold: dB re full scale (RMS of a channel).
        ratio: dB that more sound needs for one dB more, ≥ 1.
        knee: dB over which the ratio sets in.
    """

    def __init__(
        self, rate: int, threshold: float = -18.0, ratio: float = 2.0, knee: float = 8.0
    ) -> None:
        self._threshold, self._ratio, self._knee = threshold, ratio, knee
        self._poles = [math.exp(-1 / (s * rate)) for s in (LEVEL_SECONDS, GAIN_SECONDS)]
        self._states = [np.zeros(1), np.zeros(1)]

    def gain(self, block: NDArray[np.float32]) -> NDArray[np.float32]:
        """Linear gain [n], at most 1, for the next frames [channels, n]."""
        power = np.square(block, dtype=np.float64).mean(axis=0)
        level = 10 * np.log10(np.maximum(self._smooth(0, power), QUIETEST))
        gain: NDArray[np.float32] = (10 ** (self._smooth(1, self._wanted(level)) / 20)).astype(
            np.float32
        )
        return gain

    def _wanted(self, level: NDArray[np.float64]) -> NDArray[np.float64]:
        over = level - self._threshold
        bent = np.square(np.clip(over + self._knee / 2, 0, self._knee)) / (2 * self._knee)
        straight = np.maximum(over - self._knee / 2, 0)
        return (1 / self._ratio - 1) * (bent + straight)

    def _smooth(self, stage: int, values: NDArray[np.float64]) -> NDArray[np.float64]:
        from scipy.signal import lfilter

        pole = self._poles[stage]
        smooth: NDArray[np.float64]
        smooth, self._states[stage] = lfilter(
            [1 - pole], [1, -pole], values, zi=self._states[stage]
        )
        return smooth
