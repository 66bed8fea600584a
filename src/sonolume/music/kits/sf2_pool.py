"""Samples as an SF2 file stores them: 16 bit, one after the other, with room to interpolate."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from sonolume.errors import DataError
from sonolume.music.kit import Loop, Region, Sample
from sonolume.music.kits.naming import sf2_name
from sonolume.music.kits.sf2_format import AROUND, HEADER, LEFT, MONO, PADDING, RIGHT

__all__ = ["Pool", "room_around"]

MAX_FRAMES = 2**30
MAX_HEADERS = 65_535
SHORTEST = 48
MIN_RATE, MAX_RATE = 400, 192_000


@dataclass
class Pool:
    """The samples of a bank while it is written; each is stored once.

    Attributes:
        blocks: int16 [frames] each, to be written one after the other.
        headers: rows of HEADER.
    """

    blocks: list[NDArray[np.int16]] = field(default_factory=list)
    headers: list[tuple[object, ...]] = field(default_factory=list)
    frames: int = 0
    known: dict[tuple[int, Loop | None], tuple[int, ...]] = field(default_factory=dict)

    def add(self, region: Region, boost: float) -> tuple[int, ...]:
        """The headers' numbers of the sample of ``region`` times ``boost``: one, or left, right.

        Raises:
            DataError: a rate or an amount of samples that SF2 cannot hold.
        """
        loop = region.loop if region.loop_mode in ("continuous", "sustain") else None
        key = (id(region.sample), loop)
        if key not in self.known:
            self.known[key] = self._store(region.sample, loop, region.root, boost)
        return self.known[key]

    def _store(self, sample: Sample, loop: Loop | None, root: int, boost: float) -> tuple[int, ...]:
        if not MIN_RATE <= sample.rate <= MAX_RATE:
            raise DataError(
                f"sample {sample.name}: {sample.rate} Hz; expected {MIN_RATE} to {MAX_RATE} Hz: "
                "resample it"
            )
        samples, loop = room_around(sample.samples, loop)
        first = len(self.headers)
        numbers = tuple(range(first, first + len(samples)))
        kinds = ((MONO, first),) if len(samples) == 1 else ((LEFT, first + 1), (RIGHT, first))
        for channel, (kind, link) in zip(samples, kinds, strict=True):
            name = sf2_name(sample.name, "sample")
            name = name if kind == MONO else f"{name[:18]}_{'L' if kind == LEFT else 'R'}"
            start, end = self._append(channel, boost)
            looped = (start + loop.start, start + loop.end) if loop else (start, end)
            place = (name.encode(), start, end, *looped, sample.rate)
            self.headers.append((*place, root, 0, link if kind != MONO else 0, kind))
        return numbers

    def _append(self, channel: NDArray[np.float32], boost: float) -> tuple[int, int]:
        start, end = self.frames, self.frames + len(channel)
        if end + PADDING > MAX_FRAMES or len(self.headers) + 2 > MAX_HEADERS:
            raise DataError("the samples pass 2 GiB, the most an SF2 file is given; use SFZ")
        scaled = np.round(channel * np.float32(boost * 32768.0))
        self.blocks.append(np.clip(scaled, -32768, 32767).astype(np.int16))
        self.blocks.append(np.zeros(PADDING, np.int16))
        self.frames = end + PADDING
        return start, end

    def records(self) -> NDArray[np.void]:
        """The list of headers with its terminal record."""
        terminal = (b"EOS", 0, 0, 0, 0, 0, 0, 0, 0, 0)
        return np.array([*self.headers, terminal], HEADER)


def room_around(
    samples: NDArray[np.float32], loop: Loop | None
) -> tuple[NDArray[np.float32], Loop | None]:
    """``samples`` [channels, frames] with 8 true frames before and after the loop.

    A loop too near to the start is played a few times before it begins; one too near to the end
    is followed by its own beginning. Both sound as before. Very short samples grow by silence.
    """
    if loop is None:
        missing = max(0, SHORTEST - samples.shape[1])
        return np.pad(samples, ((0, 0), (0, missing))), None
    length = loop.end - loop.start
    # 32 frames is the shortest loop of section 7.10.
    turns = max(1, -(-32 // length))
    shift = length * -(-max(0, AROUND - loop.start) // length)
    cycle = samples[:, loop.start : loop.end]
    start, end = loop.start + shift, loop.start + shift + turns * length
    repeated = np.tile(cycle, shift // length + turns)
    tail = samples[:, loop.end :]
    missing = max(0, AROUND - tail.shape[1], SHORTEST - end - tail.shape[1])
    follow = np.resize(np.roll(cycle, -tail.shape[1], axis=1).T, (missing, len(samples))).T
    parts = (samples[:, : loop.start], repeated, tail, follow)
    return np.concatenate(parts, axis=1), Loop(start, end)
