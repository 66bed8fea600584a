"""Ogg pages: the same serial number in every file, so that the same sound gives the same bytes.

libsndfile draws the serial number from the clock. Page layout and checksum: RFC 3533, section 6.
"""

from __future__ import annotations

import zlib
from pathlib import Path

__all__ = ["SERIAL", "fix_serial", "page_checksum"]

SERIAL = b"SNLM"
HEADER_BYTES = 27
_REVERSED_BITS = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


def page_checksum(page: bytes) -> int:
    """CRC-32 of ``page`` (its checksum field zero) as Ogg wants it.

    Ogg shifts the most significant bit first, starting from 0 and without a final inversion;
    zlib shifts the least significant first with both inversions: the same sum over mirrored bits.
    """
    mirrored = zlib.crc32(page.translate(_REVERSED_BITS), 0xFFFFFFFF) ^ 0xFFFFFFFF
    return int(f"{mirrored:032b}"[::-1], 2)


def fix_serial(path: Path) -> None:
    """Give every page of the single-stream Ogg file ``path`` the serial number `SERIAL`."""
    with path.open("r+b") as file:
        while True:
            start = file.tell()
            header = file.read(HEADER_BYTES)
            if len(header) < HEADER_BYTES:
                return
            lacing = file.read(header[26])
            body = file.read(sum(lacing))
            page = header[:14] + SERIAL + header[18:22] + bytes(4) + header[26:] + lacing + body
            checksum = page_checksum(page).to_bytes(4, "little")
            file.seek(start)
            file.write(page[:22] + checksum + page[26:])
