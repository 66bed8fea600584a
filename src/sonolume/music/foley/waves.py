"""Periodic waves without aliasing."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["harmonics", "phase_of", "rolloff"]

Samples = NDArray[np.float64]
TOP = 14000.0  # Hz
POINTS = 64  # of the table for each period of the highest harmonic


def phase_of(frequency: Samples, rate: int) -> Samples:
    """Cycles [n] passed by a frequency [n] in Hz that may move."""
    return np.asarray(np.cumsum(frequency) / rate)


def harmonics(frequency: Samples, amplitudes: Samples, rate: int) -> Samples:
    """A wave [n] of sines at 1, 2, 3 ... times ``frequency`` [n] (Hz), read from one period.

    Harmonics that pass 0.45 of the rate anywhere are left out, so nothing folds back. The table
    is so fine that linear reading errs by less than -60 dB of the highest harmonic.
    """
    highest = max(1, int(0.45 * rate / frequency.max()))
    kept = amplitudes[:highest]
    size = POINTS * (len(kept) + 1)
    spectrum = np.zeros(size // 2 + 1, np.complex128)
    spectrum[1 : len(kept) + 1] = -0.5j * size * kept
    table = np.fft.irfft(spectrum, size)
    return np.asarray(
        np.interp(phase_of(frequency, rate) * size, np.arange(size), table, period=size)
    )


def rolloff(pitch: float, brightness: float, *, even: float = 1.0) -> Samples:
    """Amplitudes of the harmonics up to 14 kHz, falling by 18 dB (dark) to 4 dB (bright) an octave.

    ``even`` below 1 weakens the even ones, as closed pipes do. The highest fade out, so that no
    edge is heard in the spectrum.
    """
    number = np.arange(1.0, max(4.0, TOP / pitch) + 1)
    amplitudes = number ** -(3.0 - 2.3 * brightness) * np.cos(
        0.5 * np.pi * number / (len(number) + 1)
    )
    return np.asarray(np.where(number % 2 == 0, amplitudes * even, amplitudes))
