"""The sound files that SFZ instruments name."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from pathlib import Path

from sonolume.errors import DataError, MediaError
from sonolume.media.audio import Audio
from sonolume.media.riff import read_chunk
from sonolume.media.sound_file import open_sound
from sonolume.music.kit import Loop, Sample
from sonolume.music.kits.inside import inside

__all__ = ["Samples", "Sound"]

# Decoded, of all instruments of a kit together.
MAX_BYTES = 2**30
MAX_SMPL = 4096


@dataclass(frozen=True, eq=False)
class Sound:
    """A sample with what its own file says: its loop and its root key, None where silent."""

    sample: Sample
    loop: Loop | None
    root: int | None


@dataclass
class Samples:
    """Sound files within a folder; each is read once."""

    root: Path
    known: dict[Path, Sound] = field(default_factory=dict)
    cuts: dict[tuple[int, int], Sample] = field(default_factory=dict)
    held: int = 0

    def of(self, name: str, asked_by: Path) -> Sound:
        """The sound file ``name``.

        Raises:
            DataError: outside the folder, missing, unreadable, of more than two channels, or more
                than 1 GiB of sound in all.
        """
        path = inside(self.root, name, asked_by)
        if path not in self.known:
            try:
                self.known[path] = self._read(path)
            except MediaError as error:
                raise DataError(f"{asked_by}: sample {name!r}: {error}") from None
        return self.known[path]

    def _read(self, path: Path) -> Sound:
        with open_sound(path) as sound:
            frames, channels = int(sound.frames), int(sound.channels)
        if channels > 2:
            raise MediaError(f"{channels} channels; expected one or two: mix it down")
        self.held += 4 * frames * channels
        if self.held > MAX_BYTES:
            raise MediaError("the samples of this kit pass 1 GiB; shorten them")
        audio = Audio.read(path)
        sample = Sample(audio.samples, audio.rate, path.stem)
        root, loop = _smpl(path, sample.frames)
        return Sound(sample, loop, root)

    def cut(self, sample: Sample, frames: int) -> Sample:
        """The first ``frames`` of a sample; the same object for the same cut."""
        if frames >= sample.frames:
            return sample
        key = (id(sample), frames)
        if key not in self.cuts:
            self.cuts[key] = Sample(sample.samples[:, :frames], sample.rate, sample.name)
        return self.cuts[key]


def _smpl(path: Path, frames: int) -> tuple[int | None, Loop | None]:
    """Root and first loop of the chunk ``smpl`` (Microsoft, Multimedia Standards Update 1994)."""
    body = read_chunk(path, b"smpl", max_bytes=MAX_SMPL)
    if body is None or len(body) < 36:
        return None, None
    root, loops = struct.unpack_from("<I", body, 12)[0], struct.unpack_from("<I", body, 28)[0]
    loop = None
    if loops and len(body) >= 60:
        start, last = struct.unpack_from("<II", body, 44)
        loop = Loop(start, min(frames, last + 1)) if start < min(frames, last + 1) else None
    return (root if root <= 127 else None), loop
