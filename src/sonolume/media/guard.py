"""The door of the room: what may be opened, and how foreign errors become ours."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sonolume.errors import MediaError, SonolumeError

__all__ = ["foreign_errors", "require_file", "sniff"]

SOUND_KINDS = frozenset({"WAV", "W64", "AIFF", "FLAC", "Ogg", "CAF", "AU", "MP3"})

# (offset, bytes, kind); a RIFF form is told by the word at its offset 8.
SIGNATURES = (
    (8, b"WAVE", "WAV"),
    (8, b"WEBP", "WebP picture"),
    (8, b"AVI ", "AVI video"),
    (8, b"AIFF", "AIFF"),
    (8, b"AIFC", "AIFF"),
    (0, b"riff", "W64"),
    (0, b"fLaC", "FLAC"),
    (0, b"OggS", "Ogg"),
    (0, b"caff", "CAF"),
    (0, b".snd", "AU"),
    (0, b"ID3", "MP3"),
    (0, b"MThd", "MIDI score"),
    (0, b"\xff\xd8\xff", "JPEG picture"),
    (0, b"\x89PNG", "PNG picture"),
    (0, b"GIF8", "GIF picture"),
    (0, b"II*\0", "TIFF picture"),
    (0, b"MM\0*", "TIFF picture"),
    (4, b"ftypavif", "AVIF picture"),
    (4, b"ftyp", "MPEG-4 sound or video"),
    (0, b"\x1aE\xdf\xa3", "Matroska or WebM video"),
    (0, b"%PDF", "PDF document"),
    (0, b"PK\x03\x04", "ZIP archive"),
)


def require_file(path: Path) -> int:
    """The size in bytes of the regular file ``path``, at least 1.

    Raises:
        MediaError: ``path`` is missing, a directory, a device or pipe, unreadable or empty.
    """
    with foreign_errors(path, "read"):
        if not path.exists():
            raise MediaError(f"{path} does not exist; check the name")
        if path.is_dir():
            raise MediaError(f"{path} is a directory; expected a file")
        if not path.is_file():
            raise MediaError(f"{path} is a device or a pipe; expected a regular file")
        size = path.stat().st_size
    if size == 0:
        raise MediaError(f"{path} is empty (0 bytes); expected a sound or a picture")
    return size


def sniff(path: Path) -> str:
    """What the first bytes of ``path`` look like, such as ``"WAV"`` or ``"PNG picture"``.

    Raises:
        MediaError: ``path`` cannot be read.
    """
    with foreign_errors(path, "read"), path.open("rb") as file:
        head = file.read(64)
    for offset, signature, kind in SIGNATURES:
        if head.startswith(signature, offset):
            return kind
    if _starts_mpeg_frame(head):
        return "MP3"
    if head.isascii() and head.decode("ascii").replace("\n", " ").replace("\t", " ").isprintable():
        return "text"
    return "an unknown kind of file"


def _starts_mpeg_frame(head: bytes) -> bool:
    """Eleven set bits, then layer II or III; a UTF-16 byte order mark would be layer I."""
    if len(head) < 2 or head[0] != 0xFF or head[1] & 0xE0 != 0xE0:
        return False
    return head[1] & 0x06 in (0x02, 0x04)


@contextmanager
def foreign_errors(path: Path, action: str) -> Iterator[None]:
    """Turn every error of a foreign library into a `MediaError` about ``path``.

    Decoders answer hostile files with whatever their depths raise (`struct.error`,
    `AssertionError`, `ZeroDivisionError` ...), so nothing narrower than `Exception` is safe;
    keep the guarded lines to calls of the library. A full or read-only disk stays an `OSError`
    while writing: `atomic_path` reports it.
    """
    try:
        yield
    except SonolumeError:
        raise
    except MemoryError as error:
        raise MediaError(f"{path} needs more memory than there is; use a smaller one") from error
    except Exception as error:
        if action == "written" and isinstance(error, OSError) and error.errno in _DISK_ERRNOS:
            raise
        # soundfile's own text would name a descriptor instead of the file.
        text = str(getattr(error, "error_string", error))
        reason = " ".join(text.split()) or type(error).__name__
        raise MediaError(f"{path} cannot be {action}: {reason[:200]}") from error


_DISK_ERRNOS = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS})
