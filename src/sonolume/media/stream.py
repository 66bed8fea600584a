"""Sounds of any length, block by block."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
import soxr
from numpy.typing import NDArray

from sonolume.errors import MediaError, OptionError
from sonolume.media.audio import HOUR, QUALITY, SILENT_RANGE, Audio, check_length, check_rate
from sonolume.media.sound_file import open_sound, read_blocks

__all__ = ["Extent", "blocks"]


def blocks(
    sound: Path | str | Audio, rate: int, seconds: float, *, max_seconds: float = 24 * HOUR
) -> Iterator[NDArray[np.float32]]:
    """Stream a sound of any length as mono blocks, a file in bounded memory.

    Args:
        sound: a file as for `Audio.read`, or a sound in memory.
        rate: of the blocks in Hz, 1000 to 768000.
        seconds: length of a block, up to an hour; a block has round(seconds · rate) samples.
        max_seconds: the longest file that is accepted.

    Returns:
        float32 [n] blocks; the last one is shorter (n ≥ 1) where the sound ends. Joined, they
        equal ``Audio.read(path).mono().resample(rate)``.

    Raises:
        OptionError: at the call, for a rate or block length out of range.
        MediaError: from the first block on, as `Audio.read`.
    """
    check_rate(rate, OptionError)
    if not 1 / rate <= seconds <= HOUR:
        raise OptionError(
            f"a block of {seconds} s was asked for; expected {1 / rate:.3g} to 3600 s"
        )
    pieces = (
        _in_memory(sound, rate)
        if isinstance(sound, Audio)
        else _resampled(Path(sound), rate, max_seconds)
    )
    return _cut(pieces, round(seconds * rate))


class Extent:
    """How far the samples of a stream reach, learnt as they pass by.

    >>> extent = Extent()
    >>> sum(len(block) for block in extent.watch(blocks(sound, 16_000, 10.0)))  # doctest: +SKIP
    >>> extent.is_silent  # doctest: +SKIP
    """

    def __init__(self) -> None:
        self.low, self.high = np.inf, -np.inf

    def watch(self, stream: Iterable[NDArray[np.float32]]) -> Iterator[NDArray[np.float32]]:
        """The same blocks."""
        for block in stream:
            self.low = min(self.low, float(block.min()))
            self.high = max(self.high, float(block.max()))
            yield block

    @property
    def is_silent(self) -> bool:
        """Whether nothing moved by more than -80 dBFS, as `Audio.is_silent` of a mono sound."""
        return self.high - self.low < SILENT_RANGE


def _in_memory(sound: Audio, rate: int) -> Iterator[NDArray[np.float32]]:
    yield sound.mono().resample(rate).samples[0]


def _resampled(path: Path, rate: int, max_seconds: float) -> Iterator[NDArray[np.float32]]:
    with open_sound(path) as sound:
        check_length(path, sound, max_seconds)
        mono = (block.mean(axis=1, dtype=np.float32) for block in read_blocks(path, sound))
        if sound.samplerate == rate:
            yield from mono
            return
        stream = soxr.ResampleStream(sound.samplerate, rate, 1, dtype="float32", quality=QUALITY)
        done = 0
        for block in mono:
            resampled = stream.resample_chunk(block)
            done += len(resampled)
            yield resampled
        tail = stream.resample_chunk(np.zeros(0, np.float32), last=True)
        if done + len(tail) == 0:
            raise MediaError(f"{path} is too short to resample to {rate} Hz")
        yield tail


def _cut(pieces: Iterator[NDArray[np.float32]], length: int) -> Iterator[NDArray[np.float32]]:
    """The same samples in arrays of ``length``, the last one shorter."""
    waiting: list[NDArray[np.float32]] = []
    count = 0
    for piece in pieces:
        waiting.append(piece)
        count += len(piece)
        if count < length:
            continue
        joined = np.concatenate(waiting)
        whole = count - count % length
        for start in range(0, whole, length):
            yield joined[start : start + length]
        waiting, count = [joined[whole:].copy()], count - whole
    if count:
        yield np.concatenate(waiting)
