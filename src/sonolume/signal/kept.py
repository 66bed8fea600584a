"""How much of what a sound does when another one keeps: rhythm, harmony and contour of loudness.

Onsets count as in mir_eval (C. Raffel et al., "mir_eval: a transparent implementation of common MIR
metrics", ISMIR 2014). Chromagrams are compared as D. Ellis and G. Poliner do it ("Identifying cover
songs with chroma features", ICASSP 2007), beat by beat: a harmony lasts, and what rings on into the
next twentieth of a second does not make another one.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sonolume.signal.onsets import HOP
from sonolume.signal.structure import CHROMA_STEP, LOUDNESS_STEP, Structure
from sonolume.signal.tempo import tempo

__all__ = ["Kept", "compare", "correlation", "onset_f1"]

HARMONY: Final = 0.5  # seconds over which a harmony is told: a beat at the usual tempo
CONTOUR_RANGE: Final = 40.0  # LU below the loudest moment, where contours end
WINDOW: Final = 0.05  # seconds an onset may be off, as in mir_eval
ROUNDING: Final = 1e-9  # seconds
NEAR: Final = 0.35  # octaves around a known tempo
UNHEARD: Final = 1.0  # LU², variance of loudness that goes unnoticed
LARGEST_LAG: Final = 0.1  # seconds by which a whole sound may be late


@dataclass(frozen=True)
class Kept:
    """How much of a structure is left; 1 everywhere for the same sound.

    Attributes:
        onset_f1: F measure of onsets within ±50 ms, 0 to 1; 1 where neither sound has any.
        tempo_ratio: new tempo over old; 1 where neither has one, 0 where one has not.
        chroma: correlation of the chromagrams, −1 to 1, frame by frame.
        loudness_contour: correlation of momentary loudness in LU, −1 to 1; steady levels agree.
        lag: seconds by which the new sound as a whole is late, taken out before the rest is
            compared; −0.1 to 0.1.
        harmony: correlation of the chromagrams, −1 to 1, averaged over half a second.
    """

    onset_f1: float
    tempo_ratio: float
    chroma: float
    loudness_contour: float
    lag: float = 0.0
    harmony: float = 1.0


def compare(before: Structure, after: Structure) -> Kept:
    """How much of one structure the other keeps.

    A delay of the whole sound up to 100 ms, as filters bring about, is found by correlation of
    the spectral flux and taken out. Only the common length counts: a tail is no loss.
    """
    lag = _lag(before.strength, after.strength)
    seconds = min(before.seconds, after.seconds - lag)
    late = after.onsets - lag
    classes = _aligned(before.chroma, after.chroma, lag, CHROMA_STEP)
    return Kept(
        onset_f1=onset_f1(before.onsets[before.onsets < seconds], late[late < seconds]),
        tempo_ratio=_ratio(before, after),
        chroma=correlation(*classes),
        loudness_contour=_contour(before.loudness, after.loudness, lag),
        lag=lag,
        harmony=correlation(_averaged(classes[0]), _averaged(classes[1])),
    )


def _averaged(classes: NDArray[np.float64]) -> NDArray[np.float64]:
    """Chroma [12, T], each frame the mean of the half second around it."""
    from scipy.ndimage import uniform_filter1d

    if not classes.size:
        return classes
    width = round(HARMONY / CHROMA_STEP)
    mean: NDArray[np.float64] = uniform_filter1d(classes, width, axis=1, mode="nearest")
    return mean


def onset_f1(
    reference: NDArray[np.float64], estimated: NDArray[np.float64], window: float = WINDOW
) -> float:
    """F measure of the largest one-to-one matching of onsets in seconds [n] and [m], rising, that
    lie within ``window`` of each other (`mir_eval.onset.f_measure`); 1 where both are empty.

    A distance of the window itself counts, whichever way it was rounded: onsets lie on a grid of
    5 ms, of which the window is a multiple.
    """
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import maximum_bipartite_matching

    if not len(reference) or not len(estimated):
        return float(len(reference) == len(estimated))
    first = np.searchsorted(estimated, reference - 2 * window)
    last = np.searchsorted(estimated, reference + 2 * window)
    counts = last - first
    rows = np.repeat(np.arange(len(reference)), counts)
    columns = np.arange(len(rows)) - np.repeat(np.cumsum(counts) - counts, counts)
    columns = columns + np.repeat(first, counts)
    # Decided by the distance, which is the same both ways; the ends of a window are not.
    close = np.abs(reference[rows] - estimated[columns]) <= window + ROUNDING
    rows, columns = rows[close], columns[close]
    shape = (len(reference), len(estimated))
    near = csr_array((np.ones(len(rows), np.int8), (rows, columns)), shape=shape)
    matched = int((maximum_bipartite_matching(near, perm_type="column") >= 0).sum())
    return 2 * matched / (len(reference) + len(estimated))


def correlation(a: NDArray[np.float64], b: NDArray[np.float64], shared: float = 0.0) -> float:
    """Pearson's of two arrays of one shape; where one is constant, 1 if they are equal, else 0.

    ``shared`` is a variance that both are taken to have in common, so that what hardly varies
    agrees with what hardly varies.
    """
    if not a.size or np.array_equal(a, b):
        return 1.0
    a, b = a - a.mean(), b - b.mean()
    power = math.sqrt((float((a * a).mean()) + shared) * (float((b * b).mean()) + shared))
    if power < 1e-12:
        return 0.0
    return min(1.0, max(-1.0, (float((a * b).mean()) + shared) / power))


def _lag(before: NDArray[np.float64], after: NDArray[np.float64]) -> float:
    """Seconds by which ``after`` is late, −0.1 to 0.1; 0 where that is no better than nothing."""
    most = round(LARGEST_LAG / HOP)
    size = max(len(before), len(after))
    a, b = (np.pad(x, (most, size - len(x) + most)) for x in (before, after))
    shifts = np.arange(-most, most + 1)
    agreement = np.array([float(a[most : most + size] @ b[most + s :][:size]) for s in shifts])
    best = int(agreement.argmax())
    return float(shifts[best] * HOP) if agreement[best] > agreement[most] * (1 + 1e-9) else 0.0


def _ratio(before: Structure, after: Structure) -> float:
    """Of tempi; beats and half beats are not told apart, so the nearer of two readings counts."""
    if not before.tempo or not after.tempo:
        return float(before.tempo == after.tempo)
    near = tempo(after.strength, before.tempo, NEAR) or after.tempo
    ratios = (after.tempo / before.tempo, near / before.tempo)
    return min(ratios, key=lambda ratio: abs(math.log(ratio)))


def _aligned(
    before: NDArray[np.float64], after: NDArray[np.float64], lag: float, step: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The common part of two series [..., T], the second read ``lag`` seconds later."""
    if lag:
        places = np.arange(after.shape[-1]) + lag / step
        places = places[places <= after.shape[-1] - 1].clip(0)
        low = places.astype(int)
        high = np.minimum(low + 1, after.shape[-1] - 1)
        after = after[..., low] * (1 - places + low) + after[..., high] * (places - low)
    frames = min(before.shape[-1], after.shape[-1])
    return before[..., :frames], after[..., :frames]


def _contour(before: NDArray[np.float64], after: NDArray[np.float64], lag: float) -> float:
    a, b = _aligned(before, after, lag, LOUDNESS_STEP)
    if not a.size:
        return 1.0
    a, b = (np.maximum(x, x.max() - CONTOUR_RANGE) for x in (a, b))
    return correlation(a, b, UNHEARD)
