"""What every recording gets before it is used: no offset, no silence around it, soft ends."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["centre", "fade", "levels", "loudest_stretch", "sounding", "to_peak"]

# Before the first loud sample; attacks begin softly.
PRE_ROLL = 0.002
CHUNK = 1 << 20


def centre(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    """Samples [C, n] without their mean, each channel by itself."""
    mean = samples.mean(axis=1, keepdims=True, dtype=np.float64)
    centred: NDArray[np.float32] = (samples - mean).astype(np.float32)
    return centred


def levels(samples: NDArray[np.float32], rate: int, seconds: float = 0.005) -> NDArray[np.float64]:
    """RMS over the channels of samples [C, n] in blocks of ``seconds``: [max(1, n // block)].

    A rest shorter than a block at the end is left out. Works through long sounds in pieces.
    """
    block = max(1, min(round(seconds * rate), samples.shape[1]))
    count = samples.shape[1] // block
    step = max(1, CHUNK // block)
    squares = [
        np.square(samples[:, first * block : min(first + step, count) * block], dtype=np.float64)
        .mean(axis=0)
        .reshape(-1, block)
        .mean(axis=1)
        for first in range(0, count, step)
    ]
    rms: NDArray[np.float64] = np.sqrt(np.concatenate(squares))
    return rms


def loudest_stretch(samples: NDArray[np.float32], rate: int, seconds: float) -> slice:
    """The stretch of at most ``seconds`` of samples [C, n] that holds most energy.

    It begins a tenth of its length early, so that the attack of what is loud is inside.
    """
    length = int(seconds * rate)
    if samples.shape[1] <= length:
        return slice(0, samples.shape[1])
    hop = 0.05
    energy = np.cumsum(np.pad(levels(samples, rate, hop) ** 2, (1, 0)))
    window = max(1, min(int(0.9 * seconds / hop), len(energy) - 1))
    best = int((energy[window:] - energy[:-window]).argmax()) * int(hop * rate)
    start = int(np.clip(best - length // 10, 0, samples.shape[1] - length))
    return slice(start, start + length)


def sounding(samples: NDArray[np.float32], rate: int, below_db: float = 50.0) -> slice:
    """From 2 ms before samples [C, n] first reach ``below_db`` under their peak until they last do.

    Samples are taken singly at the start, where an attack must not be cut, and by their level
    over 5 ms at the end, where single samples are noise. A silent sound is kept whole.
    """
    size = np.abs(samples).max(axis=0)
    peak = float(size.max())
    if peak == 0:
        return slice(0, samples.shape[1])
    floor = peak * 10 ** (-below_db / 20)
    first = int((size > floor).argmax())
    block = max(1, min(round(0.005 * rate), samples.shape[1]))
    loud = np.flatnonzero(levels(samples, rate) > floor)
    last = (int(loud[-1]) + 1) * block if len(loud) else samples.shape[1]
    return slice(max(0, first - round(PRE_ROLL * rate)), max(last, first + 1))


def fade(
    samples: NDArray[np.float32], rate: int, *, rise: float = 0.001, fall: float = 0.02
) -> NDArray[np.float32]:
    """Samples [C, n] that begin and end at 0: half a cosine over ``rise`` and ``fall`` seconds.

    A rise within the 2 ms before the attack costs nothing of it.
    """
    n = samples.shape[1]
    up, down = min(round(rise * rate), n // 2), min(round(fall * rate), n // 2)
    gain = np.ones(n, np.float32)
    gain[:up] = 0.5 - 0.5 * np.cos(np.pi * np.arange(up) / max(up, 1))
    gain[n - down :] = 0.5 + 0.5 * np.cos(np.pi * (np.arange(down) + 1) / max(down, 1))
    return samples * gain


def to_peak(samples: NDArray[np.float32], peak_db: float = -3.0) -> NDArray[np.float32]:
    """Samples [C, n] scaled so that the largest is ``peak_db`` under full scale; silence stays."""
    peak = float(np.abs(samples).max())
    gain = 10 ** (peak_db / 20) / peak if peak > 0 else 1.0
    return (samples * np.float32(gain)).astype(np.float32)
