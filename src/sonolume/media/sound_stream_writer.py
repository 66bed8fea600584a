"""Sound files written block by block, for sounds longer than memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
from numpy.typing import NDArray

from sonolume.errors import MediaError, OptionError
from sonolume.media import provenance as made
from sonolume.media.atomic import atomic_path
from sonolume.media.audio import check_rate
from sonolume.media.guard import foreign_errors
from sonolume.media.ogg import fix_serial
from sonolume.media.riff import append_chunk
from sonolume.media.sound_file import BLOCK, MAX_WAV_BYTES, WAV_CHUNK, Container, container_for

__all__ = ["Write", "encoder", "sound_writer", "stream_rate"]

Write = Callable[[NDArray[np.float32]], None]


def stream_rate(path: Path, rate: int) -> int:
    """The rate to make a sound at that is to be written to ``path``: ``rate`` where its format
    takes it, else the next above, or the highest. Raises OptionError for an unknown suffix."""
    return container_for(path).rate_for(rate)


@contextmanager
def sound_writer(
    path: Path | str,
    rate: int,
    channels: int = 2,
    *,
    floats: bool = False,
    provenance: dict[str, Any] | None = None,
    force: bool = False,
) -> Iterator[Write]:
    """Yield a function that takes float32 blocks [channels, n] of ``path`` one after the other.

    The file is as `Audio.save` writes it, complete when the block ends well, else absent.

    Args:
        path: .wav, .flac, .ogg, .opus or .mp3.
        rate: Hz, one that the format takes (`stream_rate`).
        floats: whether a WAV holds 32-bit floats, which may pass full scale, in place of 24 bit.

    Raises:
        OptionError: unknown suffix, a rate that the format does not take, existing file without
            ``force``, target not writable, disk full.
        MediaError: more channels, frames or provenance than the format can hold; no frames.
    """
    target = Path(path)
    with (
        atomic_path(target, force=force) as temporary,
        encoder(temporary, target, rate, channels, floats=floats, provenance=provenance) as write,
    ):
        yield write


@contextmanager
def encoder(
    temporary: Path,
    target: Path,
    rate: int,
    channels: int = 2,
    *,
    floats: bool = False,
    provenance: dict[str, Any] | None = None,
) -> Iterator[Write]:
    """As `sound_writer`, into a file that the caller renames to ``target``; what was in it is
    lost, so that an attempt can be repeated."""
    container = _container(target, rate, channels, floats=floats)
    comment = _comment(provenance, target, container)
    frames = 0
    with foreign_errors(target, "written"):
        sound = soundfile.SoundFile(
            temporary, "w", samplerate=rate, channels=channels,
            format=container.format, subtype=container.subtype,
        )  # fmt: skip
    with sound:
        if comment is not None and container.format != "WAV":
            sound.comment = comment

        def write(block: NDArray[np.float32]) -> None:
            nonlocal frames
            frames += block.shape[1]
            _check_size(target, container, channels * frames)
            with foreign_errors(target, "written"):
                _write(sound, block if floats else np.clip(block, -1, 1))

        yield write
    if not frames:
        raise MediaError(f"{target} would hold no samples; expected at least one")
    _finish(temporary, target, container, comment, frames)


def _container(target: Path, rate: int, channels: int, *, floats: bool) -> Container:
    check_rate(rate, OptionError)
    container = container_for(target)
    if container.rate_for(rate) != rate:
        raise OptionError(f"{target}: {container.format} does not take {rate} Hz; use another rate")
    if not 1 <= channels <= container.max_channels:
        raise MediaError(
            f"{target}: {container.format} holds 1 to {container.max_channels} channels, the sound "
            f"has {channels}; mix it down or save as WAV"
        )
    if not floats:
        return container
    if container.format != "WAV":
        raise OptionError(f"{target}: floats are written to .wav only")
    return replace(container, subtype="FLOAT")


def _comment(provenance: dict[str, Any] | None, target: Path, container: Container) -> str | None:
    if provenance is None:
        return None
    text = made.provenance_text(provenance, target, max_bytes=container.max_provenance)
    return text if container.format == "WAV" else made.tagged(text)


def _check_size(target: Path, container: Container, samples: int) -> None:
    width = 4 if container.subtype == "FLOAT" else 3
    if container.format == "WAV" and width * samples > MAX_WAV_BYTES:
        raise MediaError(f"{target} would pass 4 GiB, the most WAV can hold; save as FLAC")


def _write(sound: soundfile.SoundFile, block: NDArray[np.float32]) -> None:
    for start in range(0, block.shape[1], BLOCK):
        sound.write(block[:, start : start + BLOCK].T)


def _finish(
    temporary: Path, target: Path, container: Container, comment: str | None, frames: int
) -> None:
    if container.format == "WAV" and comment is not None:
        append_chunk(temporary, WAV_CHUNK, comment.encode("ascii"))
    if container.format == "OGG":
        fix_serial(temporary)
    # Opus on a full disk loses its last pages without an error from libsndfile.
    try:
        written = soundfile.info(temporary).frames
    except soundfile.LibsndfileError:
        written = 0
    if written != frames:
        raise OptionError(f"{target} cannot be written whole; is the disk full?")
