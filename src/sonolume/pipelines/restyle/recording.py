"""The sound that is restyled, in memory or in a file of any length, read in blocks."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sonolume.errors import MediaError
from sonolume.media import Audio
from sonolume.media.audio import HOUR, check_length
from sonolume.media.sound_file import open_sound, read_blocks

__all__ = ["Recording"]

MOST_CHANNELS: Final = 8
LOWEST, HIGHEST = 8000, 192_000  # Hz
LONGEST: Final = 24 * HOUR


@dataclass(frozen=True, eq=False)
class Recording:
    """A sound that can be read again and again.

    Attributes:
        source: the file, or the sound in memory.
        rate: Hz.
        channels: 1 to 8.
        frames: as the header tells.
    """

    source: Path | Audio
    rate: int
    channels: int
    frames: int

    @classmethod
    def open(cls, sound: Path | str | Audio) -> "Recording":
        """Of a file or a sound in memory.

        Raises:
            MediaError: unreadable, longer than a day, a rate out of 8 to 192 kHz, or more than
                eight channels.
        """
        if isinstance(sound, Audio):
            channels, frames = sound.samples.shape
            return _checked(cls(sound, sound.rate, channels, frames), "the sound")
        path = Path(sound)
        with open_sound(path) as file:
            check_length(path, file, LONGEST)
            recording = cls(path, file.samplerate, file.channels, file.frames)
        return _checked(recording, str(path))

    @property
    def seconds(self) -> float:
        """Length."""
        return self.frames / self.rate

    def blocks(self) -> Iterator[NDArray[np.float32]]:
        """float32 [C, n] from the beginning, n ≥ 1."""
        if isinstance(self.source, Audio):
            yield self.source.samples
            return
        with open_sound(self.source) as file:
            for block in read_blocks(self.source, file):
                yield np.ascontiguousarray(block.T)

    def sha256(self) -> str:
        """Of the file's bytes, or of the samples in memory."""
        if isinstance(self.source, Audio):
            return hashlib.sha256(np.ascontiguousarray(self.source.samples).tobytes()).hexdigest()
        with self.source.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()

    def stretches(self, starts: Sequence[int], length: int) -> list[NDArray[np.float32]]:
        """Frames from each start on, [C, ≤ length]; those beyond the end are left out."""
        found: list[list[NDArray[np.float32]]] = [[] for _ in starts]
        done = 0
        for block in self.blocks():
            for start, pieces in zip(starts, found, strict=True):
                low, high = max(0, start - done), start + length - done
                if high > 0 and low < block.shape[1]:
                    pieces.append(block[:, low:high])
            done += block.shape[1]
        return [np.concatenate(pieces, axis=1) for pieces in found if pieces]

    @property
    def is_silent(self) -> bool:
        """Whether no channel moves by more than -80 dBFS around a constant."""
        low, high = np.full(self.channels, np.inf), np.full(self.channels, -np.inf)
        for block in self.blocks():
            low, high = np.minimum(low, block.min(axis=1)), np.maximum(high, block.max(axis=1))
        reach = np.stack([low, high], axis=1).astype(np.float32)
        return Audio(reach, self.rate).is_silent


def _checked(recording: Recording, name: str) -> Recording:
    if not LOWEST <= recording.rate <= HIGHEST:
        raise MediaError(
            f"{name} has a rate of {recording.rate} Hz; expected {LOWEST} to {HIGHEST}: resample it"
        )
    if recording.channels > MOST_CHANNELS:
        raise MediaError(
            f"{name} has {recording.channels} channels; expected at most {MOST_CHANNELS}: mix it "
            "down"
        )
    return recording
