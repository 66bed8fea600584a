"""How much something clicks: spectral flux at a place against the rest."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from sonolume.signal.yin import frames_of

__all__ = ["click_energy"]

SIZE_SECONDS, HOPS = 0.004, 4


def click_energy(samples: NDArray[np.float32], rate: int, at: Sequence[int]) -> NDArray[np.float64]:
    """Loudness of clicks at frames ``at`` of mono samples [n], in dB over the rest, [len(at)].

    The flux is the rise in magnitude from one window (4 ms) to the next, summed over bins with
    weight by frequency, as a click is white and music is not. The result is its maximum within
    one window of each place over the 95th percentile of everything: about 0 where nothing
    happens, a few dB for a chance peak, above 12 an audible click. A silent sound has 0.
    """
    size = max(16, round(SIZE_SECONDS * rate))
    hop = max(1, size // HOPS)
    magnitude = np.abs(np.fft.rfft(frames_of(samples, size, hop) * np.hanning(size)))
    weighted = magnitude * np.arange(magnitude.shape[1])
    rise = np.maximum(weighted[HOPS:] - weighted[:-HOPS], 0).sum(axis=1)
    flux = np.pad(rise, (HOPS, 0))
    usual = float(np.percentile(flux, 95))
    if usual <= 0:
        usual = float(flux.max()) or 1.0
    reach = 2 * HOPS
    centres = np.asarray(at, np.intp) // hop
    peaks = [flux[max(0, c - reach) : c + reach + 1].max(initial=0.0) for c in centres]
    return 20 * np.log10(np.maximum(peaks, 1e-3 * usual) / usual)
