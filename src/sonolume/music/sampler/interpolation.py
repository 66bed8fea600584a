"""Reading a table between its frames: windowed-sinc interpolation (Smith & Gossett 1984)."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from sonolume.music.sampler.pitched import GUARD

__all__ = ["cutoff_for", "read_at"]

TAPS: Final = 2 * GUARD
PHASES: Final = 4096  # the nearest of these is -80 dB from exact at a quarter of the rate
KAISER: Final = 8.0
AT_ONCE: Final = 4096


def cutoff_for(rate: float) -> float:
    """Share of the band that may be kept when a table is read ``rate`` times as fast, in steps
    of a semitone, so that few kernels are needed."""
    return math.exp2(-math.ceil(12 * math.log2(rate) - 1e-9) / 12) if rate > 1 else 1.0


def read_at(
    padded: NDArray[np.float32], places: NDArray[np.float64], cutoff: float = 1.0
) -> NDArray[np.float32]:
    """A table [channels, GUARD + frames + GUARD] at ``places`` [n] in frames → [channels, n].

    Places in 0..frames; 0 is the first frame behind the guard; those beyond are silent.
    """
    out = np.empty((len(padded), len(places)), np.float32)
    last = padded.shape[1] - TAPS
    weights = _kernel(cutoff)
    for start in range(0, len(places), AT_ONCE):
        place = places[start : start + AT_ONCE]
        whole = np.floor(place)
        phase = np.rint((place - whole) * PHASES).astype(np.intp)
        # A window covers frames whole - GUARD + 1 … whole + GUARD.
        first = whole.astype(np.intp) + 1
        inside = (first >= 0) & (first <= last)
        first = np.clip(first, 0, last)
        kernel = weights[phase] * inside[:, None]
        for channel, samples in enumerate(padded):
            windows = sliding_window_view(samples, TAPS)[first]
            np.einsum("nt,nt->n", windows, kernel, out=out[channel, start : start + len(place)])
    return out


@lru_cache(maxsize=32)
def _kernel(cutoff: float) -> NDArray[np.float32]:
    """Weights [PHASES + 1, TAPS] of the frames around a place; each row sums to one."""
    from scipy.signal.windows import kaiser

    fine = kaiser(TAPS * PHASES + 1, KAISER)
    offsets = np.arange(-TAPS * PHASES // 2, TAPS * PHASES // 2 + 1) / PHASES
    response = np.sinc(offsets * cutoff) * fine
    # Row p, tap t weighs the frame t - GUARD + 1, seen from p / PHASES.
    index = (np.arange(TAPS)[None] + 1) * PHASES - np.arange(PHASES + 1)[:, None]
    weights = response[index]
    normal: NDArray[np.float32] = (weights / weights.sum(axis=1, keepdims=True)).astype(np.float32)
    return normal
