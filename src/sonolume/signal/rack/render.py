"""Sounds of any length through a chain, block by block."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np
import torch
from numpy.typing import NDArray

from sonolume.errors import OptionError
from sonolume.media.audio import Audio
from sonolume.signal.rack.chain import Chain, process
from sonolume.signal.rack.envelope import hop

__all__ = ["render", "render_blocks"]

SECONDS = 30.0
INAUDIBLE = 1e-5  # -100 dBFS, where a tail is cut off


def render(
    sound: Audio, chain: Chain, *, tails: bool = True, block_seconds: float = SECONDS
) -> Audio:
    """The sound through the chain; itself, bit for bit, where no effect is active.

    Mono stays mono unless a reverb or width with a spread asks for two channels.

    Args:
        sound: any rate and length; more than two channels are kept, each through the same chain.
        chain: settings for one sound.
        tails: whether echoes ring on after the end, down to −100 dBFS; or the length is kept.
        block_seconds: what is worked on at once.

    Raises:
        OptionError: settings for several sounds, or a block length that is not positive.
    """
    chain = chain.active()
    if not chain.steps:
        return Audio(sound.samples, sound.rate)
    blocks = list(
        render_blocks([sound.samples], chain, sound.rate, tails=tails, block_seconds=block_seconds)
    )
    samples = np.concatenate(blocks, axis=1)
    if tails:
        loud = np.flatnonzero((np.abs(samples) > INAUDIBLE).any(axis=0))
        end = int(loud[-1]) + 1 if len(loud) else 0
        samples = samples[:, : max(end, sound.samples.shape[1])]
    return Audio(samples, sound.rate)


def render_blocks(
    blocks: Iterable[NDArray[np.float32]],
    chain: Chain,
    rate: int,
    *,
    tails: bool = True,
    block_seconds: float = SECONDS,
) -> Iterator[NDArray[np.float32]]:
    """A sound that comes in blocks float32 [C, n], n ≥ 1, through a chain, in blocks.

    Each block is worked on together with as much of what came before as the chain remembers, so
    memory is bounded and there are no seams: joined, the blocks are what one pass over the whole
    gives, within 1e-4 of the sound's peak.

    Raises:
        OptionError: at the call, as `render`.
    """
    if any(len(value) != 1 for step in chain.steps for value in step.values.values()):
        raise OptionError("the chain holds settings for several sounds; give those of one")
    if not block_seconds > 0:
        raise OptionError(f"a block of {block_seconds} s was asked for; expected more than 0")
    chain = chain.active()
    # Whole frames of the envelope: half a one would have another level.
    length = _whole(max(1, round(block_seconds * rate), chain.memory(rate)), rate)
    return _rendered(blocks, chain, rate, length, chain.memory(rate) if tails else 0)


def _rendered(
    blocks: Iterable[NDArray[np.float32]], chain: Chain, rate: int, length: int, tail: int
) -> Iterator[NDArray[np.float32]]:
    past, ahead = chain.memory(rate), _whole(chain.ahead(rate), rate)
    held, start, done = np.zeros((0, 0), np.float32), 0, 0
    for block in _with_tail(blocks, tail):
        held = np.concatenate([held, block], axis=1) if held.size else block
        while start + held.shape[1] >= done + length + ahead:
            yield _one(held, chain, rate, start, done, length, ahead)
            done += length
            kept = max(0, (done - past) // hop(rate) * hop(rate))
            held, start = held[:, kept - start :], kept
    if start + held.shape[1] > done:
        yield _one(held, chain, rate, start, done, start + held.shape[1] - done, 0)


def _with_tail(blocks: Iterable[NDArray[np.float32]], tail: int) -> Iterator[NDArray[np.float32]]:
    channels = 0
    for block in blocks:
        channels = len(block)
        yield block
    if channels and tail:
        yield np.zeros((channels, tail), np.float32)


def _whole(frames: int, rate: int) -> int:
    return -(-frames // hop(rate)) * hop(rate)


def _one(
    held: NDArray[np.float32],
    chain: Chain,
    rate: int,
    start: int,
    first: int,
    length: int,
    ahead: int,
) -> NDArray[np.float32]:
    """``length`` frames of the result from ``first`` on; ``held`` begins at frame ``start``."""
    skipped = first - start
    end = skipped + length + ahead
    with torch.inference_mode():
        samples = torch.from_numpy(np.ascontiguousarray(held[None, :, :end]))
        done = process(samples, chain, rate, start)[0, :, skipped : skipped + length]
    rendered: NDArray[np.float32] = done.numpy().copy()
    return rendered
