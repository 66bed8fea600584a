"""Periods of a sound, frame by frame: YIN's difference function and pYIN's candidates.

A. de Cheveigné and H. Kawahara, "YIN, a fundamental frequency estimator for speech and music",
J. Acoust. Soc. Am. 111, 2002; M. Mauch and S. Dixon, "pYIN: a fundamental frequency estimator
using probabilistic threshold distributions", ICASSP 2014.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Candidates", "candidates", "frames_of", "normalised_difference"]

# The prior of the threshold: Beta(2, 18), mean 0.1, the one the paper found best.
PRIOR = (2.0, 18.0)
# Weight of the deepest trough where no trough passes a threshold (the paper's p_a).
NO_TROUGH = 0.01
# Mean square below which a frame has no period to speak of: -110 dBFS.
QUIET = 1e-11


@dataclass(frozen=True, eq=False)
class Candidates:
    """Troughs of the difference function, one row each.

    Attributes:
        frame: int [N], the frame it belongs to, rising.
        period: float64 [N], samples, between samples by a parabola.
        probability: float64 [N]; the sum over a frame is at most 1.
    """

    frame: NDArray[np.intp]
    period: NDArray[np.float64]
    probability: NDArray[np.float64]


def frames_of(
    samples: NDArray[np.float32], size: int, hop: int, *, before: int | None = None
) -> NDArray[np.float32]:
    """Frames [F, size] of samples [n], one for each multiple of ``hop``, with ``before`` samples
    in front of it (half the frame, if not given); zeros beyond the ends. F = n // hop + 1."""
    lead = size // 2 if before is None else before
    padded = np.pad(samples, (lead, size - lead + 1))
    view = np.lib.stride_tricks.sliding_window_view(padded, size)
    frames: NDArray[np.float32] = view[: len(samples) + 1 : hop]
    return frames


def normalised_difference(
    frames: NDArray[np.float32], longest: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """YIN's cumulative mean normalised difference (eq. 8) and the power of each frame.

    Args:
        frames: [F, n], n > ``longest``; the window of the sum is n - longest samples.
        longest: greatest lag in samples.

    Returns:
        d' [F, longest + 1] (1 everywhere in a silent frame) and mean squares [F].
    """
    size = frames.shape[1]
    window = size - longest
    padded = 1 << (size + window - 1).bit_length()
    wide = frames.astype(np.float64)
    spectrum = np.fft.rfft(wide, padded)
    head = np.fft.rfft(wide[:, :window], padded)
    product = np.fft.irfft(spectrum * head.conj(), padded)[:, : longest + 1]
    running = np.pad(np.cumsum(wide**2, axis=1), ((0, 0), (1, 0)))
    energy = running[:, window : window + longest + 1] - running[:, : longest + 1]
    difference = np.maximum(energy[:, :1] + energy - 2 * product, 0.0)
    power = energy[:, 0] / window
    lags = np.arange(1, longest + 1)
    mean = np.cumsum(difference[:, 1:], axis=1) / lags
    normalised = np.ones_like(difference)
    # Rounding of the transform is far below this floor in any frame that is not silent.
    floor = np.maximum(1e-9 * energy[:, :1], 1e-20)
    normalised[:, 1:] = difference[:, 1:] / np.maximum(mean, floor)
    normalised[power < QUIET] = 1.0
    return normalised, power


def candidates(difference: NDArray[np.float64], shortest: int) -> Candidates:
    """pYIN's candidates of each frame.

    YIN takes the first trough below a threshold. Under a prior over thresholds, a trough of
    height h is that first one for thresholds from h to the least height before it, so its
    probability is the prior's mass between the two: the sum over 100 thresholds (eq. 4), in the
    limit of infinitely many. Thresholds below all troughs choose the deepest, with weight 0.01.

    Args:
        difference: d' [F, lags].
        shortest: least lag in samples that counts, ≥ 1.
    """
    from scipy.special import betainc

    inner = difference[:, 1:-1]
    trough = (inner < difference[:, :-2]) & (inner <= difference[:, 2:])
    trough[:, : max(0, shortest - 1)] = False
    frame, column = np.nonzero(trough)
    lag = column + 1
    before, at, after = (difference[frame, lag + step] for step in (-1, 0, 1))
    bend = before - 2 * at + after
    shift = np.where(bend > 0, 0.5 * (before - after) / np.where(bend > 0, bend, 1), 0.0)
    heights = np.ones_like(difference)
    heights[frame, lag] = np.clip(at, 0.0, 1.0)
    least = np.minimum.accumulate(heights, axis=1)
    mass = betainc(*PRIOR, np.clip(least[frame, lag - 1], 0, 1)) - betainc(
        *PRIOR, heights[frame, lag]
    )
    probability = np.maximum(mass, 0.0)
    lowest = least[frame, -1]
    deepest = heights[frame, lag] == lowest
    probability = probability + np.where(deepest, NO_TROUGH * betainc(*PRIOR, lowest), 0.0)
    keep = probability > 0
    return Candidates(frame[keep], (lag + shift)[keep], probability[keep])
