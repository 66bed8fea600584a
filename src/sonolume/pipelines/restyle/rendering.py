"""A recording and a chain: what is heard, saved in bounded memory."""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import soxr
from numpy.typing import NDArray

from sonolume.media import Audio
from sonolume.media.audio import QUALITY
from sonolume.media.sound_stream_writer import sound_writer, stream_rate
from sonolume.pipelines.restyle.recording import Recording
from sonolume.signal.limiter import Limiter
from sonolume.signal.loudness import LoudnessMeter
from sonolume.signal.rack import Chain, render_blocks
from sonolume.signal.true_peak import PeakMeter

__all__ = ["REACH", "Rendering", "level"]

CEILING: Final = -1.0  # dBTP
LIMITED: Final = 6.0  # dB that a limiter may take from peaks; beyond, everything is turned down
INAUDIBLE: Final = 1e-5  # -100 dBFS, where a tail ends
REACH: Final = 24.0  # dB of the rack's gain
BLOCK_SECONDS: Final = 10.0

Blocks = Iterator[NDArray[np.float32]]


@dataclass(frozen=True, eq=False)
class Rendering:
    """A sound through a chain.

    Attributes:
        recording: the sound as it was.
        chain: with the gain that sets the level; none for the sound itself.
        frames: of the result: the sound's, and its tail down to −100 dBFS.
        limited: whether true peaks are held at −1 dBTP.
        provenance: how it was made, JSON values.
    """

    recording: Recording
    chain: Chain
    frames: int
    limited: bool
    provenance: dict[str, Any]

    def blocks(self) -> Blocks:
        """float32 [C, n]; the sound itself, bit for bit, where the chain is empty."""
        source = self.recording.blocks()
        if not self.chain.active().steps:
            return source
        rate = self.recording.rate
        done = _rendered(self.recording, self.chain)
        done = _cut(done, self.frames)
        return _limit(done, rate, self.recording.channels) if self.limited else done

    def audio(self) -> Audio:
        """The sound in memory, with its provenance."""
        samples = np.concatenate(list(self.blocks()), axis=1)
        return Audio(samples, self.recording.rate, self.provenance)

    def save(self, path: Path | str, *, force: bool = False) -> None:
        """Write .wav, .flac, .ogg, .opus or .mp3, complete or not at all.

        Raises:
            OptionError: unknown suffix, existing file without ``force``, target not writable.
            MediaError: more channels or frames than the format can hold.
        """
        target = Path(path)
        rate, channels = self.recording.rate, self.recording.channels
        wanted = stream_rate(target, rate)
        stream = _resampled(self.blocks(), rate, wanted, channels)
        with sound_writer(
            target, wanted, channels, provenance=self.provenance, force=force
        ) as write:
            for block in stream:
                write(block)


def level(recording: Recording, chain: Chain, change: float) -> Rendering:
    """The chain, completed by a gain after which the loudness has changed by ``change`` LU.

    Peaks above −1 dBTP are limited by at most 6 dB; what would need more is turned down whole.
    """
    loud = _Level(recording)
    for block in _rendered(recording, chain):
        loud.add(block)
    frames = max(recording.frames, loud.end)
    gain = float(np.clip(loud.before + change - loud.after, -REACH, REACH))
    if not math.isfinite(loud.before) or not math.isfinite(loud.after):
        gain = float(np.clip(change, -REACH, REACH))
    gain = max(-REACH, min(gain, CEILING + LIMITED - loud.peak))
    limited = loud.peak + gain > CEILING
    steps = (*chain.steps, *Chain.of([("gain", {"level": gain})]).steps)
    return Rendering(recording, replace(chain, steps=steps), frames, limited, {})


class _Level:
    """Loudness before and after, in LUFS, over the length of the sound as it was; the true peak
    and the end of what comes after."""

    def __init__(self, recording: Recording) -> None:
        self._meter = LoudnessMeter(recording.rate, min(2, recording.channels))
        self._peaks = PeakMeter(recording.channels)
        self.end = self._done = 0
        self._frames = recording.frames
        before = LoudnessMeter(recording.rate, min(2, recording.channels))
        for block in recording.blocks():
            before.add(_pair(block))
        self.before = before.integrated

    def add(self, block: NDArray[np.float32]) -> None:
        within = block[:, : max(0, self._frames - self._done)]
        if within.shape[1]:
            self._meter.add(_pair(within))
        self._peaks.envelope(block)
        loud = np.flatnonzero((np.abs(block) > INAUDIBLE).any(axis=0))
        if len(loud):
            self.end = self._done + int(loud[-1]) + 1
        self._done += block.shape[1]

    @property
    def after(self) -> float:
        return self._meter.integrated

    @property
    def peak(self) -> float:
        self._peaks.flush()
        return self._peaks.highest


def _pair(block: NDArray[np.float32]) -> NDArray[np.float32]:
    """Two channels of more: only changes of their loudness count here."""
    if len(block) <= 2:
        return block
    return np.stack([block[::2].mean(axis=0), block[1::2].mean(axis=0)])


def _rendered(recording: Recording, chain: Chain) -> Blocks:
    source = recording.blocks()
    if not chain.active().steps:
        return source
    return render_blocks(source, chain, recording.rate, block_seconds=BLOCK_SECONDS)


def _cut(blocks: Iterable[NDArray[np.float32]], frames: int) -> Blocks:
    left = frames
    for block in blocks:
        if left > 0:
            yield block[:, :left]
        left -= block.shape[1]


def _limit(blocks: Iterable[NDArray[np.float32]], rate: int, channels: int) -> Blocks:
    limiter = Limiter(rate, channels, CEILING)
    for block in blocks:
        done = limiter.process(block)
        if done.shape[1]:
            yield done
    yield limiter.flush()


def _resampled(
    blocks: Iterable[NDArray[np.float32]], rate: int, wanted: int, channels: int
) -> Blocks:
    if wanted == rate:
        yield from blocks
        return
    stream = soxr.ResampleStream(rate, wanted, channels, dtype="float32", quality=QUALITY)
    for block in blocks:
        done = stream.resample_chunk(np.ascontiguousarray(block.T))
        yield np.ascontiguousarray(done.T).reshape(channels, -1)
    last = stream.resample_chunk(np.zeros((0, channels), np.float32), last=True)
    yield np.ascontiguousarray(last.T).reshape(channels, -1)
