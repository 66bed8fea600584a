"""Which parts of a sound are listened to while its chain is looked for."""

from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from sonolume.media import Audio
from sonolume.pipelines.restyle.recording import Recording

__all__ = ["STRETCH", "excerpts", "stretches"]

RATE: Final = 32_000  # Hz; holds all that the cues look at
SECONDS: Final = 3.0
COUNT: Final = 2
STRETCH: Final = 30.0  # seconds
MOST_STRETCHES: Final = 3


def stretches(recording: Recording) -> list[NDArray[np.float32]]:
    """The whole of a sound up to 90 s, else its first, middle and last half minute: [C, n]."""
    length = round(STRETCH * recording.rate)
    if recording.frames <= MOST_STRETCHES * length:
        return recording.stretches([0], recording.frames)
    starts = np.linspace(0, recording.frames - length, MOST_STRETCHES).round().astype(int)
    return recording.stretches(starts.tolist(), length)


def excerpts(parts: list[NDArray[np.float32]], rate: int, seed: int) -> tuple[Tensor, int]:
    """Two excerpts of 3 s, or a sound up to 6 s whole: ([B, C, n], their rate, at most 32 kHz).

    Of eight places that the seed draws, those whose level is next to the median of the louder half
    are taken: neither a pause nor the one loudest hit.
    """
    longest = max(parts, key=lambda part: part.shape[1])
    length = round(SECONDS * rate)
    if longest.shape[1] <= COUNT * length:
        return _working([longest], rate)
    rng = np.random.default_rng(seed)
    drawn = [_draw(rng, part, length) for part in parts for _ in range(8)]
    drawn.sort(key=lambda piece: float(np.square(piece, dtype=np.float64).mean()))
    middle = len(drawn) * 3 // 4
    return _working(drawn[middle - COUNT // 2 :][:COUNT], rate)


def _draw(rng: np.random.Generator, part: NDArray[np.float32], length: int) -> NDArray[np.float32]:
    start = int(rng.integers(0, max(1, part.shape[1] - length)))
    piece = part[:, start : start + length]
    return np.pad(piece, ((0, 0), (0, length - piece.shape[1])))


def _working(pieces: list[NDArray[np.float32]], rate: int) -> tuple[Tensor, int]:
    lower = min(rate, RATE)
    resampled = [Audio(piece, rate).resample(lower).samples for piece in pieces]
    return torch.from_numpy(np.stack(resampled)), lower
