"""Velocity layers and turns: the same sound, softer, and never twice quite alike."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["LAYERS", "Variation", "dull", "variations"]

# Velocities of the layers from soft to loud, by their number.
LAYERS: dict[int, tuple[tuple[int, int], ...]] = {
    1: ((1, 127),),
    2: ((1, 79), (80, 127)),
    3: ((1, 49), (50, 94), (95, 127)),
}
CENTS, DECIBELS, SECONDS = 1.2, 0.4, 0.001


@dataclass(frozen=True)
class Variation:
    """How one turn differs from another: cents, dB, and frames left out before the attack."""

    cents: float
    gain_db: float
    offset: int


def variations(turns: int, rate: int, random: np.random.Generator) -> tuple[Variation, ...]:
    """One per turn: within ±1.2 cents, ±0.4 dB and 1 ms; the first is the plain sound.

    Turns share their sample, so they cost no memory; the offset stays within the 2 ms that
    `trim.sounding` leaves before the attack.
    """
    rows = [Variation(0.0, 0.0, 0)]
    for _ in range(turns - 1):
        cents, decibels = random.uniform(-1, 1, 2) * (CENTS, DECIBELS)
        rows.append(
            Variation(float(cents), float(decibels), int(random.uniform(0.2, 1) * SECONDS * rate))
        )
    return tuple(rows)


def dull(samples: NDArray[np.float32], rate: int, cutoff: float) -> NDArray[np.float32]:
    """Samples [C, n] as from a softer stroke: 12 dB an octave less above ``cutoff`` Hz.

    The filter is a zero-phase FIR with the magnitude of a second-order Butterworth, so layers of
    one sound stay in phase and share their loop.
    """
    from scipy.signal import oaconvolve

    if cutoff >= 0.45 * rate:
        return samples
    size = 1024
    frequency = np.fft.rfftfreq(size, 1 / rate)
    taps = np.fft.fftshift(np.fft.irfft(1 / np.sqrt(1 + (frequency / cutoff) ** 4)))
    taps = (taps * np.hanning(size + 1)[:-1])[1:]
    duller: NDArray[np.float32] = oaconvolve(
        samples, taps[None].astype(np.float32), mode="same", axes=1
    ).astype(np.float32)
    return duller
