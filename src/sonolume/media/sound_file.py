"""Sound files through libsndfile, with its traps fenced off.

Known of libsndfile 1.2.2: it crashes when much Vorbis is written at once or above 200 kHz, takes
any bytes for a sound when the name ends in `.gsm` or `.vox`, believes the length in a header, and
guesses that of an MP3 without one.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
import soundfile
from numpy.typing import NDArray

from sonolume.errors import MediaError, OptionError
from sonolume.media.guard import SOUND_KINDS, foreign_errors, require_file, sniff
from sonolume.media.hush import hushed
from sonolume.media.mp3 import announced
from sonolume.media.ogg import fix_serial
from sonolume.media.riff import append_chunk, missing_data

__all__ = ["Container", "container_for", "open_sound", "read_blocks", "write_sound"]

MIN_RATE, MAX_RATE = 1_000, 768_000
MAX_CHANNELS = 64
BLOCK = 16_384
# The densest format is FLAC: 65535 frames of silence in a frame of some 14 bytes.
MAX_FRAMES_PER_BYTE = 5_000
# A file that decodes to less than this share of what its header promises is truncated.
COMPLETE = 0.99
# Beyond any integer sample format left unscaled; squares and sums stay finite in float32.
MAX_MAGNITUDE = 2.0**32
WAV_CHUNK = b"snlm"
MAX_WAV_BYTES = 2**32 - 2**16


@dataclass(frozen=True)
class Container:
    """How one suffix is written.

    ``rates`` (Hz) lists what the codec takes, empty for any up to ``max_rate``;
    ``max_provenance`` counts bytes of JSON.
    """

    format: str
    subtype: str
    max_channels: int
    max_provenance: int
    rates: tuple[int, ...] = ()
    max_rate: int = MAX_RATE

    def rate_for(self, rate: int) -> int:
        """The rate to write a sound of ``rate`` Hz at: itself, else the next the codec takes."""
        if not self.rates:
            return min(rate, self.max_rate)
        return min((r for r in self.rates if r >= rate), default=self.rates[-1])


_OPUS_RATES = (8_000, 12_000, 16_000, 24_000, 48_000)
_MP3_RATES = (8_000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000)
# Limits of provenance: what was seen to survive in the comment field of each format, with room.
CONTAINERS = {
    ".wav": Container("WAV", "PCM_24", MAX_CHANNELS, 1_000_000),
    ".flac": Container("FLAC", "PCM_24", 8, 64_000, max_rate=192_000),
    ".ogg": Container("OGG", "VORBIS", 8, 64_000, max_rate=192_000),
    ".opus": Container("OGG", "OPUS", 8, 36_000, _OPUS_RATES),
    ".mp3": Container("MP3", "MPEG_LAYER_III", 2, 64_000, _MP3_RATES),
}


def container_for(path: Path) -> Container:
    """The container that the suffix of ``path`` names.

    Raises:
        OptionError: no sound is written under this suffix.
    """
    container = CONTAINERS.get(path.suffix.lower())
    if container is None:
        known = ", ".join(CONTAINERS)
        raise OptionError(f"{path}: a sound cannot be saved as '{path.suffix}'; use one of {known}")
    return container


@contextmanager
def open_sound(path: Path) -> Iterator[soundfile.SoundFile]:
    """Open ``path`` after its kind, rate, channels and length have been found plausible.

    Raises:
        MediaError: missing, empty, not a sound, truncated, or a header that cannot be true.
    """
    file_bytes = require_file(path)
    kind = sniff(path)
    if kind not in SOUND_KINDS:
        raise MediaError(
            f"{path} is not a sound that can be read (found: {kind}); "
            "expected WAV, FLAC, Ogg, Opus, MP3 or AIFF: convert it, for example with ffmpeg"
        )
    if missing_data(path, file_bytes) > 1 - COMPLETE:
        raise MediaError(f"{path} is truncated: it ends before its header says; get it again")
    with _source(path, kind) as source:
        with foreign_errors(path, "read as a sound"), hushed():
            sound = soundfile.SoundFile(source, closefd=False)
        try:
            _check_header(path, sound, file_bytes)
            yield sound
        finally:
            with foreign_errors(path, "read"), hushed():
                sound.close()


@contextmanager
def _source(path: Path, kind: str) -> Iterator[int | BinaryIO]:
    """What libsndfile is given: a descriptor, since by a name's suffix it guesses formats.

    An MP3 that does not tell its length is given as a file that does.
    """
    announcing = announced(path) if kind == "MP3" else None
    if announcing is not None:
        with announcing:
            yield announcing
        return
    with foreign_errors(path, "read"):
        descriptor = os.open(path, os.O_RDONLY)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _check_header(path: Path, sound: soundfile.SoundFile, file_bytes: int) -> None:
    if not MIN_RATE <= sound.samplerate <= MAX_RATE:
        raise MediaError(
            f"{path} has a sample rate of {sound.samplerate} Hz; "
            f"expected {MIN_RATE} to {MAX_RATE} Hz: resample or repair it"
        )
    if not 1 <= sound.channels <= MAX_CHANNELS:
        raise MediaError(
            f"{path} has {sound.channels} channels; expected 1 to {MAX_CHANNELS}: mix it down"
        )
    if sound.frames == 0:
        raise MediaError(f"{path} holds no samples; expected at least one")
    if not 0 < sound.frames <= file_bytes * MAX_FRAMES_PER_BYTE:
        raise MediaError(
            f"{path} claims {sound.frames} frames in {file_bytes} bytes, which cannot be; "
            "its header is wrong: convert it again"
        )


def read_blocks(path: Path, sound: soundfile.SoundFile) -> Iterator[NDArray[np.float32]]:
    """Yield float32 [n, channels], n ≥ 1, every value finite, from where ``sound`` stands.

    Raises:
        MediaError: damaged or truncated data, or samples that are not finite numbers.
    """
    done = 0
    while True:
        with foreign_errors(path, "decoded (truncated or damaged)"), hushed():
            block = sound.read(4 * BLOCK, dtype="float32", always_2d=True)
        if len(block) == 0:
            break
        _check_samples(path, block)
        done += len(block)
        yield block
    if done < COMPLETE * sound.frames:
        raise MediaError(
            f"{path} decodes to {done} of the {sound.frames} frames its header promises; "
            "it is truncated or damaged: get it again"
        )


def _check_samples(path: Path, block: NDArray[np.float32]) -> None:
    peak = max(float(block.max()), -float(block.min()))
    if not np.isfinite(peak):
        raise MediaError(f"{path} holds NaN or infinite samples; expected numbers: export it again")
    if peak > MAX_MAGNITUDE:
        raise MediaError(f"{path} holds a sample of {peak:.3g}; expected -1 to 1: export it again")


def write_sound(
    path: Path,
    samples: NDArray[np.float32],
    rate: int,
    *,
    container: Container,
    name: Path,
    comment: str | None,
) -> None:
    """Write ``samples`` [channels, frames], clipped to -1..1, at ``rate`` Hz to ``path``.

    The same arguments give the same bytes. ``name`` is the file that messages speak of;
    ``comment`` is ASCII.

    Raises:
        MediaError: the container cannot hold this many channels or frames, or libsndfile fails.
        OptionError: only a part reached the disk.
        OSError: the disk is full.
    """
    _check_capacity(samples, container, name)
    with foreign_errors(name, "written"):
        _encode(path, samples, rate, container, comment)
        if container.format == "WAV" and comment is not None:
            append_chunk(path, WAV_CHUNK, comment.encode("ascii"))
        if container.format == "OGG":
            fix_serial(path)
    _check_written(path, samples.shape[1], name)


def _check_capacity(samples: NDArray[np.float32], container: Container, name: Path) -> None:
    channels = len(samples)
    if channels > container.max_channels:
        raise MediaError(
            f"{name}: {container.format} holds at most {container.max_channels} channels, the "
            f"sound has {channels}; mix it down or save as WAV"
        )
    if container.format == "WAV" and 3 * samples.size > MAX_WAV_BYTES:
        raise MediaError(f"{name} would pass 4 GiB, the most WAV can hold; save as FLAC")


def _check_written(path: Path, frames: int, name: Path) -> None:
    # Opus on a full disk loses its last pages without an error from libsndfile.
    try:
        with soundfile.SoundFile(path) as sound:
            written = sound.frames
    except soundfile.LibsndfileError:
        written = 0
    if written != frames:
        raise OptionError(f"{name} cannot be written whole; is the disk full?")


def _encode(
    path: Path,
    samples: NDArray[np.float32],
    rate: int,
    container: Container,
    comment: str | None,
) -> None:
    with soundfile.SoundFile(
        path,
        "w",
        samplerate=rate,
        channels=len(samples),
        format=container.format,
        subtype=container.subtype,
    ) as sound:
        if comment is not None and container.format != "WAV":
            sound.comment = comment
        for start in range(0, samples.shape[1], BLOCK):
            sound.write(np.clip(samples[:, start : start + BLOCK], -1, 1).T)
