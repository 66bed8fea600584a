"""What must stay when a style moves: rhythm, harmony and the contour of loudness.

`structure` measures it, `compare` says how much of it was kept. Onsets count as in mir_eval
(C. Raffel et al., "mir_eval: a transparent implementation of common MIR metrics", ISMIR 2014),
tempo as by D. Ellis ("Beat tracking by dynamic programming", J. New Music Research 36, 2007),
chroma as by D. Ellis and G. Poliner ("Identifying cover songs with chroma features", ICASSP 2007),
who compare it beat by beat: a harmony lasts, and what rings on into the next twentieth of a second
does not make another one.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sonolume.errors import MediaError
from sonolume.signal.chroma import chroma
from sonolume.signal.loudness import OFFSET, Weighting
from sonolume.signal.onsets import HOP, onset_strength

__all__ = ["CHROMA_STEP", "LOUDNESS_STEP", "Kept", "Structure", "compare", "structure"]

CHROMA_STEP: Final = 0.05  # seconds
HARMONY: Final = 0.5  # seconds over which a harmony is told: a beat at the usual tempo
LOUDNESS_STEP: Final = 0.05
LOUDNESS_WINDOW: Final = 0.4  # momentary, EBU Tech 3341
QUIETEST: Final = -70.0  # LUFS
CONTOUR_RANGE: Final = 40.0  # LU below the loudest moment, where contours end
WINDOW: Final = 0.05  # seconds an onset may be off, as in mir_eval
ROUNDING: Final = 1e-9  # seconds
USUAL_TEMPO: Final = 120.0  # BPM
NEAR: Final = 0.35  # octaves around a known tempo
SLOWEST, FASTEST = 30.0, 300.0
NARROW: Final = 22_000  # Hz
SMOOTHED: Final = 7  # frames of the flux
PROMINENCE: Final = 0.25  # of the highest peaks
LEAST_RISE: Final = 0.4  # dB, mean over bands
APART: Final = 0.03  # seconds between onsets
UNHEARD: Final = 1.0  # LU², variance of loudness that goes unnoticed
LARGEST_LAG: Final = 0.1  # seconds by which a whole sound may be late


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
        tempo=_tempo(strength),
        chroma=chroma(mono, narrow, CHROMA_STEP),
        loudness=_momentary(samples, rate),
        strength=strength,
        seconds=samples.shape[1] / rate,
    )


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


def _tempo(strength: NDArray[np.float64], usual: float = USUAL_TEMPO, spread: float = 1.0) -> float:
    """BPM of the strongest autocorrelation under a log-normal preference around ``usual``, whose
    standard deviation is ``spread`` octaves."""
    from scipy.signal import correlate, find_peaks

    centred = strength - strength.mean()
    lags = np.arange(round(60 / FASTEST / HOP), round(60 / SLOWEST / HOP))
    if len(strength) <= lags[0] + 2 or not centred.any():
        return 0.0
    whole = correlate(centred, centred, method="fft")[len(strength) - 1 :]
    lags = lags[lags < len(strength) - 1]
    liked = np.exp(-0.5 * (np.log2(60 / (lags * HOP) / usual) / spread) ** 2)
    scored = np.maximum(whole[lags], 0) * liked
    peaks, _ = find_peaks(scored)
    if not len(peaks):
        return 0.0
    best = int(peaks[scored[peaks].argmax()])
    return float(60 / ((lags[best] + _vertex(whole, int(lags[best]))) * HOP))


def _vertex(values: NDArray[np.float64], at: int) -> float:
    """How far the peak of a parabola through three points lies from the middle one."""
    left, middle, right = (float(v) for v in values[at - 1 : at + 2])
    bend = left - 2 * middle + right
    return 0.5 * (left - right) / bend if bend < 0 and abs(left - right) < abs(2 * bend) else 0.0


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
    near = _tempo(after.strength, before.tempo, NEAR) or after.tempo
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
