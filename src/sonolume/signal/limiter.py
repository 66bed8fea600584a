"""A true-peak limiter with look-ahead, of sounds of any length."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sonolume.signal.true_peak import LATENCY, PeakMeter

__all__ = ["Limiter", "limit"]

LOOKAHEAD: Final = 0.004  # seconds
RELEASE: Final = 60.0  # dB a second
# Peaks between the eight points that are looked at for each sample.
MARGIN: Final = 0.1


def limit(samples: NDArray[np.float32], rate: int, ceiling: float = -1.0) -> NDArray[np.float32]:
    """Samples [channels, n] at ``rate`` Hz whose true peak stays below ``ceiling`` dBTP.

    The same gain for all channels, without delay; quieter sounds come back as they are. Near half
    the rate it depends on the converter what lies between two samples: the ceiling is certain for
    sounds without energy above 0.43 of the rate (`equaliser.band_limit`).
    """
    limiter = Limiter(rate, len(samples), ceiling)
    return np.concatenate([limiter.process(samples), limiter.flush()], axis=1)


class Limiter:
    """Limits blocks [channels, n]; joined, the answers are the whole sound, without delay.

    The reduction that each sample needs, in dB, is released by a constant slope, held as long as
    the look-ahead, and averaged over it: so it is smooth and never less than needed.

    Args:
        rate: Hz.
        channels: of the sound.
        ceiling: dBTP.
    """

    def __init__(self, rate: int, channels: int = 2, ceiling: float = -1.0) -> None:
        self._look = max(2, round(LOOKAHEAD * rate))
        self._ceiling = ceiling - MARGIN
        self._slope = RELEASE / rate
        self._peaks = PeakMeter(channels)
        self._sound = np.zeros((channels, 0), np.float32)
        self._needed = np.zeros(self._look - 1)
        self._released = 0.0
        self._skip = LATENCY

    def process(self, block: NDArray[np.float32]) -> NDArray[np.float32]:
        """The next frames that are certain; up to the look-ahead fewer than were given."""
        self._sound = np.concatenate([self._sound, block], axis=1, dtype=np.float32)
        peaks = self._peaks.envelope(block)
        skipped = min(self._skip, len(peaks))
        self._skip -= skipped
        return self._limited(peaks[skipped:])

    def flush(self) -> NDArray[np.float32]:
        """What is left when the sound ends."""
        peaks = self._peaks.flush()[self._skip :]
        return self._limited(np.concatenate([peaks, np.zeros(self._look - 1, np.float32)]))

    def _limited(self, peaks: NDArray[np.float32]) -> NDArray[np.float32]:
        reduction = np.concatenate([self._needed, self._release(self._over(peaks))])
        smooth = _ahead(uniform, _ahead(maximum, reduction, self._look), self._look)
        self._needed = reduction[len(smooth) :]
        sound, self._sound = self._sound[:, : len(smooth)], self._sound[:, len(smooth) :]
        return sound * (10 ** (-smooth / 20)).astype(np.float32)

    def _over(self, peaks: NDArray[np.float32]) -> NDArray[np.float64]:
        quietest = 10 ** (self._ceiling / 20)
        over: NDArray[np.float64] = (
            20 * np.log10(np.maximum(peaks, quietest).astype(np.float64)) - self._ceiling
        )
        return over

    def _release(self, over: NDArray[np.float64]) -> NDArray[np.float64]:
        """The greatest of what was needed before, less the slope times how long ago."""
        if not len(over):
            return over
        ramp = np.arange(1, len(over) + 1) * self._slope
        released = np.maximum.accumulate(np.concatenate([[self._released], over + ramp]))[1:] - ramp
        released = np.maximum(released, 0.0)
        self._released = float(released[-1])
        return np.asarray(released)


Filter = Callable[[NDArray[np.float64], int], NDArray[np.float64]]


def maximum(values: NDArray[np.float64], size: int) -> NDArray[np.float64]:
    from scipy.ndimage import maximum_filter1d

    greatest: NDArray[np.float64] = maximum_filter1d(values, size)
    return greatest


def uniform(values: NDArray[np.float64], size: int) -> NDArray[np.float64]:
    from scipy.ndimage import uniform_filter1d

    means: NDArray[np.float64] = uniform_filter1d(values, size)
    return means


def _ahead(over: Filter, values: NDArray[np.float64], size: int) -> NDArray[np.float64]:
    """A centred filter over each value and the ``size`` - 1 behind it: [n - size + 1]."""
    count = max(0, len(values) - size + 1)
    return over(values, size)[size // 2 : size // 2 + count] if count else np.zeros(0)
