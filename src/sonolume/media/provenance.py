"""How a file was made, as a JSON object kept inside the file.

Where it lies: PNG in an iTXt entry ``sonolume``, JPEG and WebP in the EXIF field UserComment, WAV
in a chunk of its own, FLAC, Ogg, Opus and MP3 in the comment field. In fields that others use too
the object is wrapped as ``{"sonolume": ...}``. The text is ASCII, because ID3 mangles the rest,
and its keys are sorted, so that the same provenance gives the same bytes.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, NoReturn

import soundfile
from PIL import Image

from sonolume.errors import MediaError
from sonolume.media.guard import SOUND_KINDS, require_file, sniff
from sonolume.media.picture_file import open_picture
from sonolume.media.riff import read_chunk
from sonolume.media.sound_file import WAV_CHUNK, open_sound

__all__ = [
    "KEY",
    "exif_bytes",
    "of_picture",
    "of_sound",
    "provenance_text",
    "read_provenance",
    "tagged",
]

KEY = "sonolume"
MAX_BYTES = 1_000_000
_EXIF_FOLDER, _USER_COMMENT = 0x8769, 0x9286
_ASCII_MARK = b"ASCII\0\0\0"


def read_provenance(path: Path | str) -> dict[str, Any] | None:
    """What ``path``, a sound or a picture, tells of how sonolume made it; None if nothing.

    Raises:
        MediaError: the file cannot be read as a sound or a picture.
    """
    path = Path(path)
    require_file(path)
    if sniff(path) in SOUND_KINDS:
        with open_sound(path) as sound:
            return of_sound(path, sound)
    with open_picture(path) as image:
        return of_picture(image)


def provenance_text(provenance: dict[str, Any], name: Path, *, max_bytes: int) -> str:
    """``provenance`` as ASCII JSON for the file ``name``.

    Raises:
        MediaError: it is no JSON object, or longer than ``max_bytes``.
    """
    if not isinstance(provenance, dict):
        raise MediaError(f"{name}: provenance is a {type(provenance).__name__}; expected a dict")
    try:
        text = json.dumps(provenance, allow_nan=False, separators=(",", ":"), sort_keys=True)
    except (TypeError, ValueError, RecursionError) as error:
        raise MediaError(
            f"{name}: provenance cannot be written as JSON ({error}); use plain values"
        ) from error
    if len(text) > max_bytes:
        raise MediaError(
            f"{name}: provenance of {len(text)} bytes is longer than the {max_bytes} that "
            f"'{name.suffix}' can hold; shorten it, or save as .png or .wav"
        )
    return text


def tagged(text: str) -> str:
    """Provenance text wrapped for a field that others use too."""
    return f'{{"{KEY}":{text}}}'


def of_sound(path: Path, sound: soundfile.SoundFile) -> dict[str, Any] | None:
    """Provenance of an open sound file; None if it has none that can be understood."""
    body = read_chunk(path, WAV_CHUNK, max_bytes=MAX_BYTES)
    if body is not None:
        return _parse(body.decode("ascii", "replace"))
    return _untagged(sound.comment)


def of_picture(image: Image.Image) -> dict[str, Any] | None:
    """Provenance of a decoded picture; None if it has none that can be understood."""
    text = image.info.get(KEY)
    if image.format == "PNG":
        return _parse(text) if isinstance(text, str) else None
    # EXIF of strangers may be damaged in any way, and then it holds nothing of ours.
    try:
        comment = image.getexif().get_ifd(_EXIF_FOLDER).get(_USER_COMMENT)
    except Exception:  # noqa: BLE001
        return None
    if not isinstance(comment, bytes) or not comment.startswith(_ASCII_MARK):
        return None
    return _untagged(comment[len(_ASCII_MARK) :].decode("ascii", "replace"))


def exif_bytes(text: str) -> bytes:
    """An EXIF block whose UserComment holds provenance text."""
    exif = Image.Exif()
    exif.get_ifd(_EXIF_FOLDER)[_USER_COMMENT] = _ASCII_MARK + tagged(text).encode("ascii")
    return exif.tobytes()


def _untagged(text: str) -> dict[str, Any] | None:
    inner = (_parse(text) or {}).get(KEY)
    return inner if isinstance(inner, dict) else None


def _parse(text: str) -> dict[str, Any] | None:
    if len(text) > MAX_BYTES + len(tagged("")):
        return None
    try:
        value = json.loads(text, parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")
