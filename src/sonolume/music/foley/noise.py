"""Noise, and the filters and grains that shape it."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["band", "lowpass", "resonate", "scatter", "slow", "swell"]

Samples = NDArray[np.float64]


def slow(rng: np.random.Generator, frames: int, rate: int, hertz: float) -> Samples:
    """A smooth random curve [frames] of zero mean and variance near 1 that moves about ``hertz``
    times a second: a cubic through random points."""
    from scipy.interpolate import CubicSpline

    count = int(np.ceil(frames / rate * hertz)) + 4
    spline = CubicSpline(np.arange(count), rng.standard_normal(count))
    # So slow a curve is as smooth when lines join every few of its samples.
    step = max(1, int(rate / hertz / 64))
    coarse = np.arange(0, frames + step, step)
    return np.asarray(np.interp(np.arange(frames), coarse, spline(coarse * (hertz / rate) + 1.0)))


def swell(frames: int, rate: int, attack: float, release: float) -> Samples:
    """An envelope [frames] that rises and falls by raised cosines, seconds each."""
    time = np.arange(frames) / rate
    left = (frames - 1) / rate - time
    up = np.clip(time / max(attack, 1e-4), 0, 1)
    down = np.clip(left / max(release, 1e-4), 0, 1)
    return np.asarray((0.5 - 0.5 * np.cos(np.pi * up)) * (0.5 - 0.5 * np.cos(np.pi * down)))


def lowpass(samples: Samples, hertz: float, rate: int, order: int = 2) -> Samples:
    """Butterworth; ``hertz`` is kept below Nyquist."""
    from scipy.signal import butter, sosfilt

    corner = min(hertz, 0.45 * rate)
    return np.asarray(sosfilt(butter(order, corner, fs=rate, output="sos"), samples))


def band(samples: Samples, low: float, high: float, rate: int) -> Samples:
    """Butterworth band-pass of order 2 at either side, kept below Nyquist."""
    from scipy.signal import butter, sosfilt

    high = min(high, 0.45 * rate)
    low = min(low, 0.7 * high)
    return np.asarray(sosfilt(butter(2, (low, high), "bandpass", fs=rate, output="sos"), samples))


def resonate(
    samples: Samples, frequencies: ArrayLike, decays: ArrayLike, gains: ArrayLike, rate: int
) -> Samples:
    """The sum of two-pole resonators, each of unit gain at its peak times ``gains``.

    Their amplitudes fall by ``decays`` nepers a second; those above 0.45 of the rate are left out.
    """
    from scipy.signal import lfilter

    out = np.zeros_like(samples)
    rows = np.broadcast_arrays(*map(np.atleast_1d, (frequencies, decays, gains)))
    for frequency, decay, gain in zip(*(row.tolist() for row in rows), strict=True):
        if frequency > 0.45 * rate:
            continue
        radius, angle = np.exp(-decay / rate), 2 * np.pi * frequency / rate
        poles = [1.0, -2 * radius * np.cos(angle), radius**2]
        # Zeros at DC and Nyquist make the peak's gain 1 for 1 - r² = 2 · the numerator.
        peak = (1 - radius**2) / 2
        out += gain * lfilter([peak, 0.0, -peak], poles, samples)
    return out


def scatter(out: Samples, starts: NDArray[np.int64], grains: Samples) -> None:
    """Add grains [N, L] to ``out`` at their starts; what passes the end is cut."""
    for start, grain in zip(starts.tolist(), grains, strict=True):
        room = out[start : start + len(grain)]
        room += grain[: len(room)]
