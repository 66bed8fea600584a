"""What a sound does when: onsets, tempo, harmony and loudness, which stay when a style moves.

Chroma as by D. Ellis and G. Poliner ("Identifying cover songs with chroma features", ICASSP 2007).
`signal.kept` says how much of it another sound keeps.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sonolume.errors import MediaError
from sonolume.signal.chroma import chroma
from sonolume.signal.loudness import OFFSET, Weighting
from sonolume.signal.onsets import HOP, onset_strength
from sonolume.signal.tempo import tempo

__all__ = ["CHROMA_STEP", "LOUDNESS_STEP", "Structure", "structure"]

CHROMA_STEP: Final = 0.05  # seconds
LOUDNESS_STEP: Final = 0.05
LOUDNESS_WINDOW: Final = 0.4  # momentary, EBU Tech 3341
QUIETEST: Final = -70.0  # LUFS
NARROW: Final = 22_000  # Hz
SMOOTHED: Final = 7  # frames of the flux
PROMINENCE: Final = 0.25  # of the highest peaks
LEAST_RISE: Final = 0.4  # dB, mean over bands
APART: Final = 0.03  # seconds between onsets


@dataclass(frozen=True, eq=False)
class Structure:
    """What a sound does when.

    Attributes:
        onsets: seconds [n], rising.
        tempo: BPM; 0 where nothing recurs.
        chroma: [12, T], energy of each pitch class, C first, every 50 ms; columns have a maximum
            of one, or are zero where the sound is 60 dB below its loudest.
        loudness: [L], momentary loudness every 50 ms, LUFS, at least −70.
        strength: [S], spectral flux every 5 ms.
        seconds: length of the sound.
    """

    onsets: NDArray[np.float64]
    tempo: float
    chroma: NDArray[np.float64]
    loudness: NDArray[np.float64]
    strength: NDArray[np.float64]
    seconds: float


def structure(samples: NDArray[np.float32], rate: int) -> Structure:
    """Of samples [C, N] (or [N]) at ``rate`` Hz.

    Raises:
        MediaError: no samples, or not one or two dimensions.
    """
    samples = np.atleast_2d(samples)
    if samples.ndim != 2 or not samples.size:
        raise MediaError(f"a sound has samples of shape {samples.shape}; expected [channels, n]")
    mono = samples.mean(axis=0)
    mono, narrow = _narrowed(mono, rate)
    strength = onset_strength(mono, narrow)
    return Structure(
        onsets=_peaks(strength),
        tempo=tempo(strength),
        chroma=chroma(mono, narrow, CHROMA_STEP),
        loudness=_momentary(samples, rate),
        strength=strength,
        seconds=samples.shape[1] / rate,
    )


def _narrowed(mono: NDArray[np.float32], rate: int) -> tuple[NDArray[np.float32], int]:
    """What onsets and pitches are read from: half of 44.1 kHz is enough, and a rate of which 5 ms
    are whole samples keeps time."""
    import soxr

    narrow = min(NARROW, rate - rate % round(1 / HOP))
    if narrow in (0, rate):
        return mono, rate
    resampled = soxr.resample(mono, rate, narrow, quality="MQ")
    return (resampled, narrow) if len(resampled) else (mono, rate)


def _momentary(samples: NDArray[np.float32], rate: int) -> NDArray[np.float64]:
    step = max(1, round(LOUDNESS_STEP * rate))
    # Channels of weight one, as many as there are.
    power = Weighting(rate, len(samples)).power(samples).sum(axis=0)
    steps = np.add.reduceat(power, np.arange(0, len(power), step)) / step
    width = round(LOUDNESS_WINDOW / LOUDNESS_STEP)
    sums = np.cumsum(np.concatenate([np.zeros(width), steps]))
    mean = np.maximum(sums[width:] - sums[:-width], 0) / width
    level: NDArray[np.float64] = OFFSET + 10 * np.log10(mean + 1e-12)
    return np.maximum(level, QUIETEST)


def _peaks(strength: NDArray[np.float64]) -> NDArray[np.float64]:
    """Seconds of the peaks of the flux that stand out by a quarter of the highest ones.

    Relative, because a room or a filter makes all rises smaller; and by prominence, because
    trembling sounds have a flux of their own between their onsets.
    """
    from scipy.signal import find_peaks

    kernel = np.hanning(SMOOTHED + 2)[1:-1]
    smooth = np.convolve(np.pad(strength, SMOOTHED), kernel / kernel.sum(), mode="same")
    highest = np.sort(smooth)[-max(1, len(smooth) // 100) :].mean()
    wanted = max(PROMINENCE * float(highest), LEAST_RISE)
    peaks, _ = find_peaks(smooth, prominence=wanted, distance=round(APART / HOP))
    found: NDArray[np.float64] = (peaks - SMOOTHED) * HOP
    return found.clip(0)
