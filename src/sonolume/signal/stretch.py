"""Pitch and duration apart: a phase vocoder that leaves the attack alone.

J. Laroche and M. Dolson, "Improved phase vocoder time-scale modification of audio", IEEE Trans.
Speech Audio Process. 7, 1999 (identity phase locking); M. Puckette, "Phase-locked vocoder",
WASPAA 1995 (the earlier frame is taken one synthesis hop back, so no phase is unwrapped).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sonolume.errors import OptionError

__all__ = ["repitch", "shift", "stretch"]

Spectra = NDArray[np.complexfloating[Any, Any]]

ATTACK = 0.06
OVERLAP = 4
# Below this many semitones a plain change of speed is cleaner than any vocoder.
SMALL = 2.0
LARGEST = 72.0
LIFTER = 0.0008  # seconds of cepstrum kept: formants, not harmonics
FORMANT_DB = 12.0


def repitch(samples: NDArray[np.float32], rate: float, ratio: float) -> NDArray[np.float32]:
    """Samples [C, n] faster by ``ratio``: pitch times ratio, [C, round(n / ratio)]."""
    import soxr

    if ratio == 1:
        return samples
    moved = soxr.resample(np.ascontiguousarray(samples.T), rate * ratio, rate, quality="VHQ")
    result: NDArray[np.float32] = np.ascontiguousarray(moved.T)
    return result


def shift(
    samples: NDArray[np.float32],
    rate: int,
    semitones: float,
    *,
    f0: float = 220.0,
    onset: float = 0.0,
    formants: float = 0.5,
) -> NDArray[np.float32]:
    """Samples [C, n] moved in pitch, about as long as before.

    Up to two semitones the speed changes and the length with it. Beyond, the sound is stretched
    and then played faster or slower; its first 60 ms are not stretched, so attacks stay sharp.

    Args:
        samples: [C, n].
        rate: Hz.
        semitones: -72..72.
        f0: Hz, lowest pitch in the sound: sets the length of the analysis.
        onset: seconds at which the attack begins.
        formants: 0..1; how far the spectral envelope stays where it was. 0 moves it with the
            pitch as a change of speed does, 1 leaves it; resonators of nature do something
            between, as a larger instrument plays the lower notes.

    Raises:
        OptionError: a shift out of range.
    """
    if not abs(semitones) <= LARGEST:
        raise OptionError(f"a shift of {semitones:g} semitones; expected -72 to 72")
    ratio = 2 ** (semitones / 12)
    if abs(semitones) <= SMALL:
        return repitch(samples, rate, ratio)
    longer = stretch(samples, rate, ratio, f0=f0, attack=onset + ATTACK)
    moved = repitch(longer, rate, ratio)
    return _keep_formants(samples, moved, rate, ratio, formants) if formants else moved


def stretch(
    samples: NDArray[np.float32],
    rate: int,
    factor: float,
    *,
    f0: float = 220.0,
    attack: float = ATTACK,
) -> NDArray[np.float32]:
    """Samples [C, n] made ``factor`` times as long after the first ``attack`` seconds.

    Length: a + round((n - a) · factor) with a = attack · rate, at most n. The attack is returned
    as it was, but for its last half window (the next power of two above six periods of ``f0``),
    which already runs on into what is stretched. Pitch is not changed.
    """
    channels, n = samples.shape
    size = int(np.clip(1 << int(np.ceil(np.log2(6 * rate / f0))), 1024, 8192))
    hop = size // OVERLAP
    kept = min(n, int(attack * rate))
    length = kept + round((n - kept) * factor)
    written = np.arange(0, length + size, hop)
    read = np.where(written < kept, written, kept + (written - kept) / factor)
    # Frames begin half a window before what they are read for.
    padded = np.pad(samples, ((0, 0), (size // 2 + hop, 2 * size)))
    start = np.minimum(np.rint(read).astype(np.intp), n + size // 2 - 1) + hop
    window = np.hanning(size + 1)[:-1].astype(np.float32)
    frames = np.stack([padded[:, first : first + size] for first in start]) * window
    before = np.stack([padded[:, first - hop : first - hop + size] for first in start]) * window
    spectra, earlier = np.fft.rfft(frames), np.fft.rfft(before)
    locked = _lock(spectra, earlier)
    pieces = np.fft.irfft(locked, size).astype(np.float32) * window
    total = np.zeros((channels, len(written) * hop + size), np.float32)
    # Windows of one phase of the overlap do not touch: they are added at once.
    for phase in range(OVERLAP):
        part = pieces[phase::OVERLAP].transpose(1, 0, 2).reshape(channels, -1)
        total[:, phase * hop : phase * hop + part.shape[1]] += part[
            :, : total.shape[1] - phase * hop
        ]
    gain = np.float32(1 / (0.375 * OVERLAP))
    first = size // 2
    # The first half window lacks the frames that would lie before the sound.
    result: NDArray[np.float32] = total[:, first : first + length] * gain
    edge = min(kept, first + hop, length)
    result[:, :edge] = samples[:, :edge]
    return result


def _lock(spectra: Spectra, earlier: Spectra) -> Spectra:
    """Spectra [F, C, K] turned so that they follow on one another; regions around peaks turn as
    one, by the angle at which the peak went on from ``earlier``, a hop before each."""
    nearest = _nearest_peak(np.abs(spectra).sum(axis=1))
    turned = np.empty_like(spectra)
    last = turned[0] = spectra[0]
    for frame in range(1, len(spectra)):
        peak = nearest[frame]
        turn = last[:, peak] * earlier[frame][:, peak].conj()
        size = np.abs(turn)
        turn = np.where(size > 1e-20, turn / np.maximum(size, 1e-20), 1)
        last = turned[frame] = spectra[frame] * turn
    return turned


def _nearest_peak(magnitude: NDArray[np.float32]) -> NDArray[np.intp]:
    """The bin [F, K] of the peak nearest to each bin of magnitudes [F, K]."""
    frames, bins = magnitude.shape
    padded = np.pad(magnitude, ((0, 0), (2, 2)), constant_values=-1)
    around = np.stack([padded[:, 2 + step : 2 + step + bins] for step in (-2, -1, 1, 2)])
    peak = (magnitude > around[:2].max(axis=0)) & (magnitude >= around[2:].max(axis=0))
    index = np.arange(bins)
    left = np.maximum.accumulate(np.where(peak, index, -bins), axis=1)
    right = np.minimum.accumulate(np.where(peak, index, 2 * bins)[:, ::-1], axis=1)[:, ::-1]
    nearest = np.where(index - left <= right - index, left, right)
    # A silent frame has no peaks: every bin goes its own way.
    alone = np.broadcast_to(index, (frames, bins))
    chosen: NDArray[np.intp] = np.where((nearest >= 0) & (nearest < bins), nearest, alone)
    return chosen


def _keep_formants(
    before: NDArray[np.float32],
    moved: NDArray[np.float32],
    rate: int,
    ratio: float,
    amount: float,
) -> NDArray[np.float32]:
    """Filter ``moved`` so that its envelope returns part of the way: a fixed, zero-phase filter,
    short enough (1.6 ms) to ring before an attack inaudibly."""
    from scipy.signal import oaconvolve

    size = 2048
    envelope = _envelope(before.mean(axis=0), rate, size)
    bins = np.arange(len(envelope), dtype=np.float64)
    carried = np.interp(bins / ratio, bins, envelope)
    gain_db = np.clip(amount * (envelope - carried), -FORMANT_DB, FORMANT_DB)
    taps = np.fft.fftshift(np.fft.irfft(10 ** (gain_db / 20)))
    half = max(8, round(2 * LIFTER * rate))
    taps = taps[size // 2 - half : size // 2 + half + 1] * np.hanning(2 * half + 3)[1:-1]
    kept: NDArray[np.float32] = oaconvolve(
        moved, taps[None].astype(np.float32), mode="same", axes=1
    ).astype(np.float32)
    return kept


def _envelope(samples: NDArray[np.float32], rate: int, size: int) -> NDArray[np.float64]:
    """The smooth spectral envelope in dB, [size // 2 + 1], of the whole sound (cepstrum)."""
    hop = size // 2
    padded = np.pad(samples, (0, size))
    frames = np.lib.stride_tricks.sliding_window_view(padded, size)[::hop] * np.hanning(size)
    power = (np.abs(np.fft.rfft(frames)) ** 2).mean(axis=0)
    decibels = 10 * np.log10(power + power.max() * 1e-7 + 1e-20)
    cepstrum = np.fft.irfft(decibels)
    keep = max(2, round(LIFTER * rate))
    cepstrum[keep : size - keep + 1] = 0
    envelope: NDArray[np.float64] = np.fft.rfft(cepstrum).real
    return envelope
