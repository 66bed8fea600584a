"""MP3 files that do not say how long they are.

The length of an MP3 stands in an information frame at its start (Xing's header, or VBRI). Without
one libsndfile guesses it from the first frame's bit rate and stops there, so a file of varying rate
is cut, or found too short. Such a file is read with an information frame put before its first one.
Frame header: ISO 11172-3, 2.4.1.3, and 13818-3 for the low rates.
"""

from __future__ import annotations

import io
import mmap
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, NamedTuple

from sonolume.media.guard import foreign_errors

__all__ = ["announced"]

# Layer III, kbit/s; the first table is MPEG 1's, the second that of MPEG 2 and 2.5.
KBITS = (
    (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
)
RATES = {3: (44_100, 48_000, 32_000), 2: (22_050, 24_000, 16_000), 0: (11_025, 12_000, 8_000)}
MONO = 3
LAYER_III = 1
# Frames of one file share version, layer and sample rate.
SAME = 0xFFFE0C00
# mpg123, which decodes for libsndfile, gives up after so much that is no frame.
MOST_GARBAGE = 1024


class Frame(NamedTuple):
    """What a frame's header says; `side` counts the bytes of side information behind it."""

    header: int
    size: int
    samples: int
    side: int


def announced(path: Path) -> BinaryIO | None:
    """The MP3 ``path`` with an information frame, None when it has one or is no plain Layer III.

    Costs one pass over the frame headers.

    Raises:
        MediaError: ``path`` cannot be read.
    """
    with foreign_errors(path, "read"), path.open("rb") as file:
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            start = _next_frame(data, _after_tags(data), None)
            first = None if start is None else _frame(data, start)
            if start is None or first is None or _says_length(data, start, first):
                return None
            count = sum(1 for _ in _frames(data, start, first))
        return io.BufferedReader(Announced(path.open("rb"), start, _information(first, count)))


class Announced(io.RawIOBase):
    """A file with some bytes put in at a place; reading and seeking only."""

    def __init__(self, file: BinaryIO, place: int, inserted: bytes) -> None:
        self._file, self._place, self._inserted = file, place, inserted
        self._length = file.seek(0, io.SEEK_END) + len(inserted)
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._length}[whence]
        self._at = max(0, base + offset)
        return self._at

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        """Up to the next border: before, inside or behind what was put in."""
        behind = self._at - self._place
        if 0 <= behind < len(self._inserted):
            part = self._inserted[behind : behind + len(buffer)]
        else:
            before = behind < 0
            self._file.seek(self._at if before else self._at - len(self._inserted))
            part = self._file.read(min(len(buffer), -behind) if before else len(buffer))
        buffer[: len(part)] = part
        self._at += len(part)
        return len(part)

    def close(self) -> None:
        self._file.close()
        super().close()


def _frame(data: mmap.mmap, place: int) -> Frame | None:
    """The Layer III frame at ``place``, None where there is none."""
    header = int.from_bytes(data[place : place + 4], "big")
    version, layer = header >> 19 & 3, header >> 17 & 3
    kbits, rate = header >> 12 & 15, header >> 10 & 3
    known = header >> 21 == 0x7FF and version in RATES and layer == LAYER_III
    if not known or kbits in (0, 15) or rate == 3:
        return None
    first = version == 3
    samples = 1152 if first else 576
    bits = KBITS[0 if first else 1][kbits] * 1000
    size = samples // 8 * bits // RATES[version][rate] + (header >> 9 & 1)
    mono = header >> 6 & 3 == MONO
    side = (17 if mono else 32) if first else (9 if mono else 17)
    return Frame(header, size, samples, side)


def _frames(data: mmap.mmap, place: int, first: Frame) -> Iterator[Frame]:
    """The whole frames from ``place`` on, as far as a decoder would follow them."""
    start: int | None = place
    while start is not None:
        frame = _frame(data, start)
        if frame is None or start + frame.size > len(data):
            return
        yield frame
        start = _next_frame(data, start + frame.size, first)


def _next_frame(data: mmap.mmap, place: int, like: Frame | None) -> int | None:
    """Where the next frame begins: one like another, at first one with its like behind it."""
    for start in range(place, min(place + MOST_GARBAGE, len(data) - 3)):
        frame = _frame(data, start)
        other = like or (frame and _frame(data, start + frame.size))
        if frame and other and (frame.header ^ other.header) & SAME == 0:
            return start
    return None


def _after_tags(data: mmap.mmap) -> int:
    """Where the ID3v2 tags at the start end."""
    place = 0
    while data[place : place + 3] == b"ID3" and len(data) >= place + 10:
        footer = 10 if data[place + 5] & 0x10 else 0
        size = 0
        for byte in data[place + 6 : place + 10]:
            size = size << 7 | byte & 0x7F
        place += 10 + size + footer
    return place


def _says_length(data: mmap.mmap, start: int, first: Frame) -> bool:
    place = start + 4 + first.side
    # Behind the name, the last bit of a word of flags tells of the number of frames.
    xing = data[place : place + 4] in (b"Xing", b"Info") and data[place + 7 : place + 8] != b""
    vbri = data[start + 36 : start + 40] == b"VBRI"
    return vbri or (xing and bool(data[place + 7] & 1))


def _information(first: Frame, count: int) -> bytes:
    """A silent frame that says how many follow it."""
    # Without checksum and padding, at 128 or 64 kbit/s, where every rate has room for it.
    header = first.header & ~(0xF << 12 | 1 << 9) | 1 << 16
    header |= (9 if first.samples == 1152 else 8) << 12
    said = header.to_bytes(4, "big") + bytes(first.side)
    said += b"Xing" + (1).to_bytes(4, "big") + count.to_bytes(4, "big")
    rate = RATES[header >> 19 & 3][header >> 10 & 3]
    kbits = 128_000 if first.samples == 1152 else 64_000
    return said.ljust(first.samples // 8 * kbits // rate, b"\0")
