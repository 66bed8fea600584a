"""Cuts a sound of any length into the windows that the encoder hears."""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sonolume.errors import MediaError
from sonolume.signal.mel import RATE

SECONDS: Final = 10.0
HOP_SECONDS: Final = 5.0
LEVEL: Final = 0.1  # RMS that every sound is brought to
QUIETEST: Final = 1e-5  # RMS below which a sound counts as silence


def normalise_level(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    """Bring the RMS of samples [..., n] to 0.1; silence stays as it is.

    The mean is taken out first: a constant offset is no sound.
    """
    centred = samples - samples.mean(axis=-1, keepdims=True)
    rms = np.sqrt(np.square(centred, dtype=np.float64).mean(axis=-1, keepdims=True))
    gain = np.where(rms > QUIETEST, LEVEL / np.maximum(rms, QUIETEST), 1.0)
    level: NDArray[np.float32] = (centred * gain).astype(np.float32)
    return level


def repeat_to(samples: NDArray[np.float32], length: int) -> NDArray[np.float32]:
    """Samples [n] repeated until they fill [length]; longer ones are cut."""
    if len(samples) >= length:
        return samples[:length]
    repeated: NDArray[np.float32] = np.resize(samples, length)
    return repeated


def windows(
    samples: NDArray[np.float32], seconds: float = SECONDS, hop: float = HOP_SECONDS
) -> NDArray[np.float32]:
    """Level-normalised windows [W, seconds · 16000] of mono samples [n] at 16 kHz.

    A shorter sound is repeated to fill one window. A longer one is covered from its start in hops;
    the last window ends where the sound ends, so every sample is heard and the result depends on
    nothing but the samples. Raises MediaError for an empty sound.
    """
    size, step = round(seconds * RATE), round(hop * RATE)
    return _filled(list(cut([samples], size, step)), size)


def window_batches(
    blocks: Iterable[NDArray[np.float32]], count: int
) -> Iterator[NDArray[np.float32]]:
    """The `windows` of a sound that comes in blocks [n], up to `count` at a time.

    Holds no more than `count` windows and a block. Raises MediaError for an empty sound.
    """
    size = round(SECONDS * RATE)
    stream = cut(blocks, size, round(HOP_SECONDS * RATE))
    while batch := list(islice(stream, count)):
        yield _filled(batch, size)


def cut(
    blocks: Iterable[NDArray[np.float32]], size: int, step: int
) -> Iterator[NDArray[np.float32]]:
    """Stretches [size] of a sound that comes in blocks [n], one every `step` ≤ `size` samples.

    The last one ends where the sound ends. A sound of at most `size` samples is one stretch, as
    long as it is. Raises MediaError for an empty sound.
    """
    held, start = np.zeros(0, np.float32), 0
    for block in blocks:
        held = np.concatenate([held, block]) if len(held) else block
        while len(held) > start + size:
            yield held[start : start + size]
            start += step
        # The last stretch may begin anywhere behind the start of the one before.
        done = max(0, start - step)
        held, start = held[done:], start - done
    if len(held) == 0:
        raise MediaError("empty sound: no samples; give at least one")
    yield held[-size:]


def _filled(stretches: list[NDArray[np.float32]], size: int) -> NDArray[np.float32]:
    return normalise_level(np.stack([repeat_to(stretch, size) for stretch in stretches]))
