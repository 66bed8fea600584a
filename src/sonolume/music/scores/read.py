"""Score files, told apart by what is in them."""

from __future__ import annotations

from pathlib import Path

from sonolume.errors import DataError
from sonolume.music.score import Score
from sonolume.music.scores.midi import read_midi
from sonolume.music.scores.midi_chunks import MAX_BYTES

__all__ = ["SUFFIXES", "read_score"]

SUFFIXES = (".mid", ".midi", ".musicxml", ".xml", ".mxl", ".abc")
XML_SUFFIXES = (".musicxml", ".xml")
BOMS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")


def read_score(path: Path | str) -> Score:
    """Read MIDI (formats 0 and 1), MusicXML (plain or .mxl) or ABC notation.

    The kind is told by the file's content, and by its suffix where the content leaves it open.
    A MIDI file without notes gives a score without tracks.

    Raises:
        DataError: the file is missing, empty, above 16 MiB, none of these, damaged, hostile, or
            lasts more than 12 hours.
        OptionError: notation without the extra ``score`` installed.
    """
    path = Path(path)
    data = _bytes(path)
    if data[:4] == b"MThd":
        return read_midi(data, str(path))
    if data[:4] == b"RIFF" and data[8:12] == b"RMID":
        return read_midi(data[20:], str(path))
    kind = _notation(data, path.suffix.lower())
    if kind is None:
        raise DataError(f"{path}: not a score; expected one of {', '.join(SUFFIXES)}")
    from sonolume.music.scores import notation

    read = {"mxl": notation.read_mxl, "musicxml": notation.read_musicxml, "abc": notation.read_abc}
    return read[kind](data, str(path))


def _bytes(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
        raise DataError(f"{path}: cannot be read as a score ({reason})") from None
    if not data:
        raise DataError(f"{path}: the file is empty; expected a score")
    if len(data) > MAX_BYTES:
        raise DataError(f"{path}: a score of more than {MAX_BYTES >> 20} MiB")
    return data


def _notation(data: bytes, suffix: str) -> str | None:
    if data[:4] == b"PK\x03\x04":
        return "mxl"
    text = data.removeprefix(BOMS[0]).lstrip()
    if text[:1] == b"<" or (data.startswith(BOMS) and suffix in XML_SUFFIXES):
        return "musicxml"
    if suffix == ".abc" or text.startswith((b"X:", b"%abc")):
        return "abc"
    return None
