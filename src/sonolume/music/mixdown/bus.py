"""From a score to the bus: the sum of all tracks, or the stems that add up to it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sonolume.music.kit import Instrument
from sonolume.music.mixdown.balance import gains, pans
from sonolume.music.mixdown.settings import MixSettings
from sonolume.music.mixdown.strip import Strips
from sonolume.music.parts import Role
from sonolume.music.sampler import TableCache, render
from sonolume.music.sampler.track import BLOCK
from sonolume.music.score import Score
from sonolume.signal.dynamics import Compressor
from sonolume.signal.loudness import LoudnessMeter

__all__ = ["Desk", "desk_for"]

# Recordings may be faint: only what no gain would bring back counts as silent.
FAINTEST = -120.0
THRESHOLD = -16.0
RATIO = 2.0


@dataclass(frozen=True, eq=False)
class Desk:
    """Tracks with their gains, ready to be mixed as often as needed.

    Attributes:
        gains: linear, [tracks, 2], of the left and the right side.
        loudness: LUFS of each track before its gain.
    """

    score: Score
    instruments: Mapping[int, Instrument]
    roles: tuple[Role, ...]
    settings: MixSettings
    tables: TableCache
    gains: NDArray[np.float32]
    loudness: tuple[float, ...]

    def stems(self) -> Iterator[NDArray[np.float32]]:
        """Blocks [tracks, 2, n], with room and compression; they add up to `bus`."""
        strips = Strips(self.roles, self.settings)
        return self._compressed(strips, _played(self))

    def bus(self) -> Iterator[NDArray[np.float32]]:
        """Blocks [2, n] of the whole."""
        roles = tuple(dict.fromkeys(self.roles))
        rows = np.array([roles.index(role) for role in self.roles])
        strips = Strips(roles, self.settings)
        for lanes in self._compressed(strips, _summed(_played(self), rows, len(roles))):
            yield lanes.sum(axis=0)

    def _compressed(
        self, strips: Strips, blocks: Iterator[NDArray[np.float32]]
    ) -> Iterator[NDArray[np.float32]]:
        compressor = Compressor(self.settings.rate, THRESHOLD, RATIO)
        for lanes in _filtered(strips, blocks):
            yield lanes * compressor.gain(lanes.sum(axis=0))


def desk_for(
    score: Score,
    instruments: Mapping[int, Instrument],
    roles: tuple[Role, ...],
    settings: MixSettings,
) -> Desk:
    """Play the score once to hear how loud its tracks are, and set their gains."""
    tables = TableCache()
    indices = sorted(instruments)
    loudness = _measured(score, instruments, settings, tables)
    level = gains(score, indices, roles, loudness)
    sides = pans(score, indices, roles, settings.width)
    return Desk(
        score, instruments, roles, settings, tables, level[:, None] * sides, tuple(loudness)
    )


def _measured(
    score: Score,
    instruments: Mapping[int, Instrument],
    settings: MixSettings,
    tables: TableCache,
) -> Sequence[float]:
    meters = [LoudnessMeter(settings.rate, absolute_gate=FAINTEST) for _ in instruments]
    for block in _rendered(score, instruments, settings, tables):
        for meter, sound in zip(meters, block, strict=True):
            meter.add(sound)
    # A sound shorter than a gating block counts as well.
    rest = np.zeros((2, round(0.4 * settings.rate)), np.float32)
    for meter in meters:
        meter.add(rest)
    return [meter.integrated for meter in meters]


def _rendered(
    score: Score,
    instruments: Mapping[int, Instrument],
    settings: MixSettings,
    tables: TableCache,
) -> Iterator[NDArray[np.float32]]:
    """The tracks, at least as long as the score says; silence where no key is answered."""
    left = round(score.duration * settings.rate)
    for block in render(
        score, instruments, settings.rate, polyphony=settings.polyphony, tables=tables
    ):
        yield block
        left -= block.shape[2]
    for _ in range(0, left, BLOCK):
        yield np.zeros((len(instruments), 2, min(left, BLOCK)), np.float32)
        left -= BLOCK


def _played(desk: Desk) -> Iterator[NDArray[np.float32]]:
    for block in _rendered(desk.score, desk.instruments, desk.settings, desk.tables):
        yield block * desk.gains[:, :, None]


def _summed(
    blocks: Iterator[NDArray[np.float32]], rows: NDArray[np.intp], count: int
) -> Iterator[NDArray[np.float32]]:
    """Tracks of one role share a strip."""
    for block in blocks:
        lanes = np.zeros((count, *block.shape[1:]), np.float32)
        for row, sound in zip(rows, block, strict=True):
            lanes[row] += sound
        yield lanes


def _filtered(
    strips: Strips, blocks: Iterator[NDArray[np.float32]]
) -> Iterator[NDArray[np.float32]]:
    heard = False
    for block in blocks:
        heard = True
        yield strips.process(block)
    if heard:
        yield strips.flush()
