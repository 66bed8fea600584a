"""Slow glides taken out of a tone, as when a reed is blown evenly."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from sonolume.signal.harmonics import refine
from sonolume.signal.pitch import track_pitch

__all__ = ["flatten", "warp"]

# Vibrato (4 to 7 Hz) is quicker than this window, and stays.
SMOOTHING = 0.3
FARTHEST = 100.0
EVEN = 3.0
OVERSAMPLING = 4
STRETCHES = 3


def flatten(
    samples: NDArray[np.float32], rate: int, f0: float
) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
    """Samples [C, n] whose pitch stays near ``f0`` Hz instead of drifting about it.

    The drift is the pitch track's deviation, smoothed over 0.3 s and at most 100 cents. A sound
    that drifts by less than 3 cents, or whose partials do, is returned as it is.

    Returns:
        The samples, and for each hundredth of a second of the old ones the new time in seconds.
    """
    track = track_pitch(samples.mean(axis=0), rate)
    cents = 1200 * np.log2(np.where(np.isnan(track.f0), f0, track.f0) / f0)
    known = ~np.isnan(track.f0) & (np.abs(cents) < 1.5 * FARTHEST)
    if known.sum() < 3:
        return samples, track.time
    drift = _smooth(np.interp(track.time, track.time[known], cents[known]))
    drift = np.clip(drift - np.median(drift), -FARTHEST, FARTHEST)
    if np.ptp(drift) < EVEN or _partials_rest(samples, rate, f0, track.time[known]):
        return samples, track.time
    return warp(samples, rate, track.time, drift)


def _partials_rest(
    samples: NDArray[np.float32], rate: int, f0: float, known: NDArray[np.float64]
) -> bool:
    """Whether the partials stay in place: where a high one that is no harmonic dies away first, as
    in a struck bar, the period wanders though nothing glides."""
    edges = np.linspace(known[0], known[-1], STRETCHES + 1)
    mono = samples.mean(axis=0)
    cuts = [mono[int(a * rate) : int(b * rate)] for a, b in pairwise(edges)]
    found = [refine(cut, rate, f0).f0 for cut in cuts if len(cut) > 8 * rate / f0 and cut.any()]
    return len(found) > 1 and 1200 * np.log2(max(found) / min(found)) < EVEN


def _smooth(cents: NDArray[np.float64]) -> NDArray[np.float64]:
    """Moving average by half a cosine over 0.3 s; the ends are held."""
    half = round(SMOOTHING / 0.01 / 2)
    kernel = np.hanning(2 * half + 3)[1:-1]
    padded = np.pad(cents, half, mode="edge")
    return np.convolve(padded, kernel / kernel.sum(), mode="valid")


def warp(
    samples: NDArray[np.float32],
    rate: int,
    time: NDArray[np.float64],
    cents: NDArray[np.float64],
) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
    """Samples [C, n] with ``cents`` taken away from the pitch at ``time`` (seconds, even steps).

    The sound is read at uneven speed: from four times the rate by cubic splines, whose images lie
    below -90 dB in what is heard.

    Returns:
        The samples, and the new time for each old one in ``time``.
    """
    import soxr
    from scipy.ndimage import map_coordinates

    pace = 2 ** (cents / 1200)
    steps = np.diff(time) * (pace[1:] + pace[:-1]) / 2
    moved = np.concatenate([[0.0], np.cumsum(steps)])
    count = int(np.interp(samples.shape[1] / rate, time, moved) * rate)
    places = np.interp(np.arange(count) / rate, moved, time) * rate * OVERSAMPLING
    fine = soxr.resample(np.ascontiguousarray(samples.T), rate, rate * OVERSAMPLING, quality="HQ").T
    read = [map_coordinates(row, places[None], order=3, mode="nearest") for row in fine]
    return np.stack(read).astype(np.float32), moved
