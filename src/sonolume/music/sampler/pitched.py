"""A region's sample at the pitch of a key."""

from __future__ import annotations

import math
from collections import OrderedDict
from dataclasses import dataclass
from threading import Lock
from typing import Final

import numpy as np
import soxr
from numpy.typing import NDArray

from sonolume.music.kit import Loop, Region

__all__ = ["GUARD", "MAX_FRAMES", "Pitched", "TableCache", "length_at", "pitched", "ratio_of"]

GUARD: Final = 16  # frames beside a table, half the reach of the interpolator
MAX_FRAMES: Final = 1 << 23  # 190 s at 44.1 kHz: no sample sounds longer without a loop
MAX_BYTES: Final = 256 << 20
SHORTEST: Final = 4096
# A loop is unrolled to this many frames, so that rounding them changes the pitch by 0.02 cents.
UNROLLED: Final = 1 << 15
# Half the impulse response of soxr's HQ filter, in frames of the lower rate, with room.
REACH: Final = 256
# Nine octaves up nothing below 43 Hz is left of a 44.1 kHz sample; soxr's filters would be huge.
HIGHEST_RATIO: Final = 512.0
LOWEST_RATIO: Final = 1 / 4096


@dataclass(frozen=True, eq=False)
class Pitched:
    """A sample that, read frame by frame, sounds at its key.

    Attributes:
        padded: float32 [channels, GUARD + frames + GUARD].
        period: frames that repeat at the end of the table, 0 for no loop.
        ratio: frames of the sample for each frame of the table.
        loop: the loop in frames of the sample behind the region's offset.
    """

    padded: NDArray[np.float32]
    period: int
    ratio: float
    loop: Loop | None

    @property
    def frames(self) -> int:
        return int(self.padded.shape[1]) - 2 * GUARD

    @property
    def seam(self) -> int:
        """The first frame of the part that repeats."""
        return self.frames - self.period


def ratio_of(region: Region, key: int, rate: int) -> float:
    """Frames of the sample for each frame at ``rate`` that make it sound at ``key``."""
    cents = (key - region.root) * region.key_cents + region.tune
    octaves = min(max(cents / 1200, -24.0), 24.0)
    return max(region.sample.rate / rate * math.exp2(octaves), LOWEST_RATIO)


def looping(region: Region) -> Loop | None:
    """The loop that the region plays, counted from its offset; its start may be negative."""
    loop = region.loop
    if loop is None or region.loop_mode in ("none", "one_shot") or region.offset >= loop.end:
        return None
    return Loop(loop.start - region.offset, loop.end - region.offset)


def length_at(region: Region, ratio: float) -> int:
    """Frames that the sample lasts when it is not looped, at most `MAX_FRAMES`."""
    return max(1, min(round((region.sample.frames - region.offset) / ratio), MAX_FRAMES))


def pitched(region: Region, key: int, rate: int, need: int, *, looped: bool = True) -> Pitched:
    """The region's sample resampled for ``key``, at least ``need`` frames where it is that long.

    A loop is repeated until it fills `UNROLLED` frames and the ratio is moved by at most 0.02
    cents so that these are a whole number: from there on the table repeats exactly.

    Args:
        rate: Hz of the output.
        need: frames that will be read, those of repetitions included.
        looped: whether the loop is played; without, the table has the same ratio.
    """
    ratio, loop = ratio_of(region, key, rate), looping(region)
    period = 0
    if loop is not None:
        length = (loop.end - loop.start) / ratio
        turns = max(1, math.ceil(UNROLLED / length))
        period = max(1, round(turns * length))
        ratio = turns * (loop.end - loop.start) / period
    if loop is None or not looped:
        return _plain(region, ratio, need, loop)
    settled = math.ceil(max(loop.start, 0) / ratio + REACH * max(1.0, 1 / ratio))
    if need <= settled + period or settled + period > MAX_FRAMES:
        frames, period = min(need, MAX_FRAMES), 0
    else:
        frames = settled + period
    source = _unrolled(region, loop, math.ceil((frames + 1) * ratio + REACH * max(1.0, ratio)))
    return Pitched(_padded(_resampled(source, ratio, frames), period), period, ratio, loop)


def _plain(region: Region, ratio: float, need: int, loop: Loop | None) -> Pitched:
    frames = min(length_at(region, ratio), max(need, 1))
    reach = math.ceil((frames + 1) * ratio + REACH * max(1.0, ratio))
    source = region.sample.samples[:, region.offset : region.offset + reach]
    return Pitched(_padded(_resampled(source, ratio, frames), 0), 0, ratio, loop)


def _unrolled(region: Region, loop: Loop, frames: int) -> NDArray[np.float32]:
    samples = region.sample.samples
    first = loop.start + region.offset
    head = samples[:, region.offset : loop.end + region.offset]
    if frames <= head.shape[1]:
        return head[:, :frames]
    again = np.arange(frames - head.shape[1]) % (loop.end - loop.start) + first
    return np.concatenate([head, samples[:, again]], axis=1)


def _resampled(source: NDArray[np.float32], ratio: float, frames: int) -> NDArray[np.float32]:
    if ratio > HIGHEST_RATIO:
        return np.zeros((len(source), frames), np.float32)
    resampled = source.T if ratio == 1.0 else soxr.resample(source.T, ratio, 1.0, quality="HQ")
    table = np.zeros((len(source), frames), np.float32)
    count = min(frames, len(resampled))
    table[:, :count] = resampled[:count].T
    return table


def _padded(table: NDArray[np.float32], period: int) -> NDArray[np.float32]:
    channels, frames = table.shape
    padded = np.zeros((channels, frames + 2 * GUARD), np.float32)
    padded[:, GUARD : GUARD + frames] = table
    if period:
        again = np.arange(GUARD) % period + frames - period
        padded[:, GUARD + frames :] = table[:, again]
    return padded


class TableCache:
    """Tables by region, key and length, the least recently used dropped beyond ``max_bytes``.

    May be shared by tracks, passes and threads.
    """

    def __init__(self, max_bytes: int = MAX_BYTES) -> None:
        self._tables: OrderedDict[tuple[int, int, int, int, bool], tuple[Region, Pitched]]
        self._tables = OrderedDict()
        self._max_bytes, self.bytes, self._lock = max_bytes, 0, Lock()

    def get(
        self, region: Region, key: int, rate: int, need: int, *, looped: bool = True
    ) -> Pitched:
        """As `pitched`; lengths are rounded up to powers of two, so that notes share tables."""
        need = max(SHORTEST, 1 << (need - 1).bit_length())
        # Keys sound alike where they do not move the pitch.
        pitch = key if region.key_cents else region.root
        name = (id(region), pitch, rate, need, looped)
        with self._lock:
            held = self._tables.get(name)
            if held is not None:
                self._tables.move_to_end(name)
                return held[1]
        table = pitched(region, key, rate, need, looped=looped)
        with self._lock:
            self._keep(name, region, table)
        return table

    def _keep(self, name: tuple[int, int, int, int, bool], region: Region, table: Pitched) -> None:
        # The region is held as well: while it lives, no other can have its id.
        if name in self._tables:
            return
        self._tables[name] = (region, table)
        self.bytes += table.padded.nbytes
        while self.bytes > self._max_bytes and self._tables:
            _, (_, dropped) = self._tables.popitem(last=False)
            self.bytes -= dropped.padded.nbytes
