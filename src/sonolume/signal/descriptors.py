"""A sound in a few numbers: how bright, how noisy, how it begins and how it dies away."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sonolume.signal.trim import levels
from sonolume.signal.yin import frames_of

__all__ = ["Description", "decay_rate", "describe"]

BLOCK = 0.005
FFT_SECONDS = 0.046
# Band for flatness: below is rumble, above is what lossy coders leave out.
FLAT_BAND = (100.0, 7000.0)
# A decay is fitted until the level is this far under the peak: below is the room and its noise.
FITTED_DB = 36.0


@dataclass(frozen=True)
class Description:
    """What a sound is like.

    Attributes:
        brightness: Hz, the spectral centroid, magnitudes weighted by energy over time.
        noisiness: 0..1, spectral flatness between 100 Hz and 7 kHz: 0 a tone, near 0.56 white
            noise (whose periodogram scatters), lower for coloured noise.
        attack: seconds from 10 % to 90 % of the highest level.
        decay: dB a second lost after the peak, ≥ 0; 0 for a steady or rising sound.
        low: 0..1, the share of energy below 200 Hz.
    """

    brightness: float
    noisiness: float
    attack: float
    decay: float
    low: float

    @property
    def t60(self) -> float:
        """Seconds to fall by 60 dB; infinity for a steady sound."""
        return 60.0 / self.decay if self.decay > 0 else float("inf")


def describe(samples: NDArray[np.float32], rate: int) -> Description:
    """Describe samples [C, n]; channels are mixed."""
    mono = samples.mean(axis=0)
    size = max(32, round(FFT_SECONDS * rate))
    frames = frames_of(mono, size, size // 2)
    magnitude = np.abs(np.fft.rfft(frames * np.hanning(size).astype(np.float32)))
    power = magnitude.astype(np.float64) ** 2
    bins = np.fft.rfftfreq(size, 1 / rate)
    energy = power.sum(axis=1)
    total = max(float(energy.sum()), 1e-30)
    centroid = (magnitude * bins).sum(axis=1) / np.maximum(magnitude.sum(axis=1), 1e-30)
    band = power[:, (bins >= FLAT_BAND[0]) & (bins <= min(FLAT_BAND[1], 0.45 * rate))] + 1e-20
    flatness = np.exp(np.log(band).mean(axis=1)) / band.mean(axis=1)
    return Description(
        brightness=float((centroid * energy).sum() / total),
        noisiness=float((flatness * energy).sum() / total),
        attack=_attack(levels(samples, rate, BLOCK)),
        decay=decay_rate(samples, rate),
        low=float(power[:, bins < 200].sum() / total),
    )


def _attack(level: NDArray[np.float64]) -> float:
    peak = int(level.argmax())
    rising = level[: peak + 1]
    high = int((rising >= 0.9 * level[peak]).argmax())
    below = np.flatnonzero(rising[: high + 1] <= 0.1 * level[peak])
    return float((high - (below[-1] if len(below) else 0)) * BLOCK)


def decay_rate(samples: NDArray[np.float32], rate: int) -> float:
    """dB a second that samples [C, n] lose after their peak, ≥ 0.

    A line through the level in dB (blocks of 20 ms) from the peak to 36 dB under it, or to the
    end; for exponential decay this is the exact rate.
    """
    level = 20 * np.log10(levels(samples, rate, 0.02) + 1e-10)
    peak = int(level.argmax())
    under = np.flatnonzero(level[peak:] < level[peak] - FITTED_DB)
    fitted = level[peak : peak + int(under[0]) + 1 if len(under) else None]
    if len(fitted) < 2:
        # Gone within a block: as fast as blocks can tell.
        return FITTED_DB / 0.02 if len(under) else 0.0
    slope = float(np.polyfit(np.arange(len(fitted)) * 0.02, fitted, 1)[0])
    return max(0.0, -slope)
