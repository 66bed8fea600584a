"""Where sounds begin: spectral flux, and hits cut at it.

S. Böck and G. Widmer, "Maximum filter vibrato suppression for onset detection", DAFx 2013
(logarithmic magnitudes, difference to the maximum over neighbouring bands).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sonolume.signal.trim import PRE_ROLL, levels
from sonolume.signal.yin import frames_of

__all__ = ["hits", "onset_strength", "onsets"]

HOP = 0.005
WINDOW = 0.023
BANDS = 40
# Times in seconds around a peak of the flux, and how far it must stand out.
LOCAL, CALM = 0.03, 0.25
# A hit is over this far below its own peak.
OVER_DB = 45.0


def onset_strength(samples: NDArray[np.float32], rate: int) -> NDArray[np.float64]:
    """Spectral flux of mono samples [n] every 5 ms: [n // hop + 1], ≥ 0, in dB over 40 bands.

    Each band's rise is taken over the maximum of its neighbours one frame window earlier, which
    hides vibrato. Bands are spaced by the octave from 40 Hz to 16 kHz.
    """
    hop, size = max(1, round(HOP * rate)), max(32, round(WINDOW * rate))
    power = np.abs(np.fft.rfft(frames_of(samples, size, hop) * np.hanning(size))) ** 2
    edges = np.geomspace(40, min(16000.0, rate / 2), BANDS + 1)
    bins = np.fft.rfftfreq(size, 1 / rate)
    first = np.unique(np.searchsorted(bins, edges[:-1]).clip(0, len(bins) - 1))
    bands = np.add.reduceat(power, first, axis=1)
    decibels = 10 * np.log10(bands + bands.max() * 1e-6 + 1e-20)
    lag = max(1, round(WINDOW / 2 / HOP))
    padded = np.pad(decibels, ((0, 0), (1, 1)), mode="edge")
    widest = np.maximum(np.maximum(padded[:, :-2], padded[:, 2:]), decibels)
    # Before the sound there was silence.
    earlier = np.concatenate([np.full((lag, len(first)), decibels.min()), widest[:-lag]])
    flux: NDArray[np.float64] = np.maximum(decibels - earlier, 0).mean(axis=1)
    return flux


def onsets(samples: NDArray[np.float32], rate: int, *, threshold: float = 6.0) -> NDArray[np.intp]:
    """First frames of the events in mono samples [n], rising; may be empty.

    An onset is a peak of the flux within ±30 ms, ``threshold`` dB above the median of ±250 ms,
    moved back to where the level begins to rise.
    """
    from scipy.ndimage import maximum_filter1d, median_filter

    flux = onset_strength(samples, rate)
    around = 2 * round(LOCAL / HOP) + 1
    calm = 2 * round(CALM / HOP) + 1
    peaks = flux == maximum_filter1d(flux, around, mode="constant")
    rising = flux > median_filter(flux, calm, mode="nearest") + threshold
    found = np.flatnonzero(peaks & rising)
    hop = max(1, round(HOP * rate))
    return np.unique([_rise(samples, rate, int(frame) * hop) for frame in found]).astype(np.intp)


def _rise(samples: NDArray[np.float32], rate: int, frame: int) -> int:
    """The sample at which the level around ``frame`` first passes a tenth of its next peak."""
    first = max(0, frame - round(0.02 * rate))
    near = np.abs(samples[first : frame + round(0.03 * rate)])
    if not len(near) or near.max() == 0:
        return min(frame, len(samples) - 1)
    start = float(near[: max(1, round(0.005 * rate))].max())
    loud = near > max(0.1 * float(near.max()), min(1.5 * start, 0.9 * float(near.max())))
    return first + int(loud.argmax())


def hits(samples: NDArray[np.float32], rate: int, *, longest: float = 3.0) -> list[slice]:
    """Single strokes of samples [C, n], in order: from 2 ms before an onset until the next one,
    until the level is 45 dB below the stroke's peak, or for ``longest`` seconds.

    A sound without onsets is one stroke.
    """
    n = samples.shape[1]
    starts = onsets(samples.mean(axis=0), rate)
    starts = np.maximum(starts - round(PRE_ROLL * rate), 0) if len(starts) else np.zeros(1, np.intp)
    ends = np.minimum(np.append(starts[1:], n), starts + int(longest * rate))
    return [
        slice(int(start), _over(samples, rate, int(start), int(end)))
        for start, end in zip(starts, ends, strict=True)
    ]


def _over(samples: NDArray[np.float32], rate: int, start: int, end: int) -> int:
    level = levels(samples[:, start:end], rate)
    peak = int(level.argmax())
    quiet = np.flatnonzero(level[peak:] < level[peak] * 10 ** (-OVER_DB / 20))
    return start + (peak + int(quiet[0])) * round(0.005 * rate) if len(quiet) else end
