"""Chunks of a RIFF/WAVE file, for what libsndfile does not give: own chunks, declared length.

Layout (Microsoft and IBM, Multimedia Programming Interface 1.0, 1991): ``RIFF``, size, ``WAVE``,
then chunks of a four-byte name, a little-endian 32-bit size, and a body padded to even length.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from sonolume.errors import MediaError
from sonolume.media.guard import foreign_errors

__all__ = ["append_chunk", "missing_data", "read_chunk"]

MAX_CHUNKS = 1000
MAX_RIFF_BYTES = 2**32 - 1
# Recorders and pipes that cannot know the length write 0 or a number near 2^31 or 2^32.
UNKNOWN_LENGTH = 0x7FFF_F000


def _chunks(file: BinaryIO) -> Iterator[tuple[bytes, int]]:
    """Names and declared sizes, with ``file`` placed at the body."""
    head = file.read(12)
    if head[:4] != b"RIFF" or head[8:] != b"WAVE":
        return
    for _ in range(MAX_CHUNKS):
        header = file.read(8)
        if len(header) < 8:
            return
        size = int.from_bytes(header[4:], "little")
        body = file.tell()
        yield header[:4], size
        file.seek(body + size + size % 2)


def read_chunk(path: Path, name: bytes, *, max_bytes: int) -> bytes | None:
    """Body of the first chunk ``name`` of at most ``max_bytes``, None where there is none.

    Raises:
        MediaError: ``path`` cannot be read.
    """
    with foreign_errors(path, "read"), path.open("rb") as file:
        for found, size in _chunks(file):
            if found == name:
                return file.read(size) if size <= max_bytes else None
    return None


def missing_data(path: Path, file_bytes: int) -> float:
    """Share (0..1) of the declared ``data`` chunk that lies beyond the end of the file.

    Raises:
        MediaError: ``path`` cannot be read.
    """
    with foreign_errors(path, "read"), path.open("rb") as file:
        for found, size in _chunks(file):
            if found == b"data":
                known = 0 < size < UNKNOWN_LENGTH
                return max(0, file.tell() + size - file_bytes) / size if known else 0.0
    return 0.0


def append_chunk(path: Path, name: bytes, body: bytes) -> None:
    """Add a chunk at the end of the WAV file ``path`` and correct the declared length.

    Raises:
        MediaError: the file would pass the 4 GiB that RIFF can count.
    """
    with path.open("r+b") as file:
        end = file.seek(0, 2)
        padding = b"\0" * (end % 2)
        chunk = padding + name + struct.pack("<I", len(body)) + body + b"\0" * (len(body) % 2)
        if end + len(chunk) - 8 > MAX_RIFF_BYTES:
            raise MediaError(f"{path} would pass 4 GiB, the most WAV can hold; save as FLAC")
        file.write(chunk)
        file.seek(4)
        file.write(struct.pack("<I", end + len(chunk) - 8))
