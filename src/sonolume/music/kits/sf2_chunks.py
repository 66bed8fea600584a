"""The RIFF chunks of an SF2 file, with every size held against the file before memory is taken."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from sonolume.errors import DataError
from sonolume.music.kits.sf2_format import LISTS

__all__ = ["Bank", "plain", "read_bank"]

MAX_BYTES = 512 * 2**20
MAX_CHUNKS = 100
# What 16-bit indices can reach, and a terminal record.
MAX_RECORDS = 65_537
BLOCK = 2**22


@dataclass(frozen=True, eq=False)
class Bank:
    """What the file says.

    Attributes:
        name: INAM.
        sound: float32 [frames], the pool that headers point into.
        lists: the nine lists of pdta by name, each with its terminal record.
    """

    name: str
    sound: NDArray[np.float32]
    lists: dict[bytes, NDArray[np.void]]


def read_bank(path: Path) -> Bank:
    """Read the chunks of ``path``.

    Raises:
        DataError: missing, larger than 512 MiB, truncated, or not laid out as SF2.
    """
    try:
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise DataError(f"{path}: a bank of {size / 2**20:.0f} MiB; expected at most 512 MiB")
        with path.open("rb") as file:
            return _bank(path, file, size)
    except OSError as error:
        raise DataError(f"{path} cannot be read ({error.strerror or error})") from None


def _bank(path: Path, file: BinaryIO, size: int) -> Bank:
    head = file.read(12)
    if len(head) < 12 or head[:4] != b"RIFF" or head[8:] != b"sfbk":
        raise DataError(f"{path} is not an SF2 file; expected RIFF of the form sfbk")
    found: dict[bytes, tuple[int, int]] = {}
    for name, start, length in _chunks(path, file, 12, size):
        if name != b"LIST" or length < 4:
            continue
        file.seek(start)
        inner = _chunks(path, file, start + 4, start + length)
        if file.read(4) in (b"INFO", b"sdta", b"pdta"):
            found.update({each: (at, long) for each, at, long in inner})
    said = _body(file, found.get(b"INAM", (0, 0)), most=256)
    title = plain(said) or path.stem
    lists = {each: _records(path, file, found, each) for each in LISTS}
    return Bank(title, _sound(path, file, found), lists)


def _chunks(path: Path, file: BinaryIO, start: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """Name, place and length of each chunk between two places."""
    for _ in range(MAX_CHUNKS):
        if start + 8 > end:
            return
        file.seek(start)
        name, length = struct.unpack("<4sI", file.read(8))
        if start + 8 + length > end:
            said = name.decode("latin-1")
            raise DataError(f"{path} is truncated or damaged: {said!r} ends beyond its file")
        yield name, start + 8, length
        start += 8 + length + length % 2
    raise DataError(f"{path} is damaged: more than {MAX_CHUNKS} chunks")


def plain(name: bytes) -> str:
    """A name up to its first zero, without what cannot be printed."""
    text = name.split(b"\0")[0].decode("latin-1")
    return "".join(c for c in text if c.isprintable()).strip()


def _body(file: BinaryIO, place: tuple[int, int], most: int = MAX_BYTES) -> bytes:
    file.seek(place[0])
    return file.read(min(place[1], most))


def _records(
    path: Path, file: BinaryIO, found: dict[bytes, tuple[int, int]], name: bytes
) -> NDArray[np.void]:
    said = name.decode()
    kind = LISTS[name]
    if name not in found:
        raise DataError(f"{path} is not a whole SF2 file: its list {said!r} is missing")
    length = found[name][1]
    if length > MAX_RECORDS * kind.itemsize:
        raise DataError(f"{path} is damaged: list {said!r} holds more than {MAX_RECORDS} records")
    if length % kind.itemsize or not length:
        raise DataError(
            f"{path} is damaged: list {said!r} of {length} bytes; "
            f"expected records of {kind.itemsize} bytes"
        )
    return np.frombuffer(_body(file, found[name]), kind)


def _sound(path: Path, file: BinaryIO, found: dict[bytes, tuple[int, int]]) -> NDArray[np.float32]:
    """16 bit of smpl and, where it is whole, 8 more of sm24."""
    start, length = found.get(b"smpl", (0, 0))
    if length < 2:
        raise DataError(f"{path} holds no samples; expected a chunk 'smpl'")
    frames = length // 2
    fine_start, fine_length = found.get(b"sm24", (0, 0))
    fine = fine_length in (frames, frames + frames % 2)
    sound = np.empty(frames, np.float32)
    for at in range(0, frames, BLOCK):
        block = sound[at : at + BLOCK]
        block[:] = np.frombuffer(_body(file, (start + 2 * at, 2 * len(block))), "<i2")
        if fine:
            lower = np.frombuffer(_body(file, (fine_start + at, len(block))), np.uint8)
            block += lower / np.float32(256)
    sound /= np.float32(32768)
    return sound
