"""Slow glides taken out of a tone, as when a reed is blown evenly."""

from __future__ import annotations

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
STRETCH, STEP = 0.15, 0.05


def flatten(
    samples: NDArray[np.float32], rate: int, f0: float
) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
    """Samples [C, n] whose pitch stays near ``f0`` Hz instead of drifting about it.

    The drift, smoothed over 0.3 s and at most 100 cents, is taken out twice: first that of the
    period, which may be large, unless the partials rest; then what the partials still drift. Less
    than 3 cents is left as it is.

    Returns:
        The samples, and for each hundredth of a second of the old ones the new time in seconds.
    """
    track = track_pitch(samples.mean(axis=0), rate)
    cents = 1200 * np.log2(np.where(np.isnan(track.f0), f0, track.f0) / f0)
    known = ~np.isnan(track.f0) & (np.abs(cents) < 1.5 * FARTHEST)
    if known.sum() < 3:
        return samples, track.time
    drift = _drift(track.time, track.time[known], cents[known])
    even, moved = samples, track.time
    if np.ptp(drift) >= EVEN and not _rests(samples, rate, f0, track.time[known]):
        even, moved = warp(samples, rate, track.time, drift)
    place, cents = _partials(even.mean(axis=0), rate, f0, moved[known])
    if len(place) < 2:
        return even, moved
    time = 0.01 * np.arange(len(track.time), dtype=np.float64)
    drift = _drift(time, place, cents)
    if np.ptp(drift) < EVEN:
        return even, moved
    level, later = warp(even, rate, time, drift)
    return level, np.interp(moved, time, later)


def _drift(
    time: NDArray[np.float64], place: NDArray[np.float64], cents: NDArray[np.float64]
) -> NDArray[np.float64]:
    drift = _smooth(np.interp(time, place, cents))
    centred: NDArray[np.float64] = np.clip(drift - np.median(drift), -FARTHEST, FARTHEST)
    return centred


def _rests(samples: NDArray[np.float32], rate: int, f0: float, known: NDArray[np.float64]) -> bool:
    """Whether the partials stay in place though the period wanders: where a high one that is no
    harmonic dies away first, as in a struck bar."""
    _, cents = _partials(samples.mean(axis=0), rate, f0, known)
    return len(cents) > 1 and float(np.ptp(cents)) < EVEN


def _partials(
    samples: NDArray[np.float32], rate: int, f0: float, known: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Seconds [N] and cents [N] from ``f0``, by the partials of stretches of 0.15 s."""
    half = STRETCH / 2
    place = np.arange(known[0] + half, known[-1] - half + 1e-6, STEP)
    cuts = [samples[int((at - half) * rate) : int((at + half) * rate)] for at in place]
    heard = [at for at, cut in zip(place, cuts, strict=True) if cut.any()]
    found = [refine(cut, rate, f0).f0 for cut in cuts if cut.any()]
    cents = 1200 * np.log2(np.array(found) / f0)
    near = np.abs(cents) < 1.5 * FARTHEST
    return np.array(heard)[near], cents[near]


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
