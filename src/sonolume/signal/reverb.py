"""A room in one impulse response: early reflections and decaying noise (Moorer 1979)."""

from __future__ import annotations

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sonolume.signal.equaliser import high_pass, low_pass

__all__ = ["room_response"]

PREDELAY: Final = 0.012  # seconds before the first reflection
LATE: Final = 0.035  # seconds until the noise has risen
REFLECTIONS: Final = 14
EARLY_ENERGY: Final = 0.25
# Air and walls take the high ends first: share of the decay time above each frequency in Hz.
BANDS: Final = ((0.0, 1.1), (300.0, 1.0), (2000.0, 0.8), (5000.0, 0.5), (9000.0, 0.3))


def room_response(rate: int, seconds: float = 1.4, seed: int = 0) -> NDArray[np.float32]:
    """What a room of reverberation time ``seconds`` (T60 at 300 Hz to 2 kHz) answers to a click.

    Returns:
        float32 [2, n], n = round((seconds · 1.1 + 0.05) · rate): the left and the right ear,
        independent noise, each of energy one, so that noise comes back as loud as it went in.
        The direct sound is not in it.
    """
    rng = np.random.default_rng(seed)
    frames = round((seconds * BANDS[0][1] + 0.05) * rate)
    late = _late(rng, rate, frames, seconds)
    early = _early(rng, rate, frames)
    share = math.sqrt(EARLY_ENERGY)
    room = share * _unit(early) + math.sqrt(1 - EARLY_ENERGY) * _unit(late)
    return _unit(_coloured(room, rate)).astype(np.float32)


def _late(rng: np.random.Generator, rate: int, frames: int, seconds: float) -> NDArray[np.float64]:
    from scipy import fft

    spectrum = fft.rfft(rng.normal(size=(2, frames)))
    hertz = fft.rfftfreq(frames, 1 / rate)
    time = np.arange(frames) / rate
    late = np.zeros((2, frames))
    edges = [edge for edge, _ in BANDS[1:]] + [math.inf]
    for (low, share), high in zip(BANDS, edges, strict=True):
        band = fft.irfft(spectrum * ((hertz >= low) & (hertz < high)), frames)
        late += band * 10 ** (-3 * time / (seconds * share))
    rise = np.clip((time - PREDELAY) / LATE, 0, 1)
    # The end falls to nothing: 60 dB down, a cut could still be heard in silence.
    fall = np.clip((time[-1] - time) / (0.1 * time[-1]), 0, 1)
    shaped: NDArray[np.float64] = late * rise * fall
    return shaped


def _early(rng: np.random.Generator, rate: int, frames: int) -> NDArray[np.float64]:
    early = np.zeros((2, frames))
    for ear in early:
        when = PREDELAY * np.exp(rng.uniform(0, math.log(6), REFLECTIONS))
        signs = rng.choice((-1.0, 1.0), REFLECTIONS)
        places = np.minimum((when * rate).astype(int), frames - 1)
        np.add.at(ear, places, signs * PREDELAY / when)
    return early


def _coloured(room: NDArray[np.float64], rate: int) -> NDArray[np.float64]:
    """Without rumble and hiss, which muddy a mix."""
    from scipy.signal import sosfilt

    coloured: NDArray[np.float64] = sosfilt(
        np.array([high_pass(rate, 160.0), low_pass(rate, 9000.0)]), room
    )
    return coloured


def _unit(room: NDArray[np.float64]) -> NDArray[np.float64]:
    unit: NDArray[np.float64] = room / np.sqrt(np.square(room).sum(axis=1, keepdims=True))
    return unit
