"""Kits from disc."""

from __future__ import annotations

from pathlib import Path

from sonolume.errors import DataError
from sonolume.music.kit import Kit
from sonolume.music.kits.sf2_read import read_sf2
from sonolume.music.kits.sfz_read import read_sfz, read_sfz_folder

__all__ = ["read_kit"]


def read_kit(path: Path | str) -> Kit:
    """Read an SF2 bank, an SFZ file, or a folder of SFZ files.

    An SF2 file is known by its content, whatever its name. One warning (UserWarning) names all
    that a `Region` has no place for; it is silent for kits that `write_kit` wrote. Files of
    strangers are held against limits before memory is taken: 512 MiB for SF2, 1 GiB of decoded
    samples and 8 MiB of text for SFZ, and samples must lie within the kit's folder.

    Raises:
        DataError: missing, of another kind, damaged, beyond the limits, or without any region.
    """
    path = Path(path)
    try:
        if path.is_dir():
            return read_sfz_folder(path)
        with path.open("rb") as file:
            head = file.read(12)
    except (OSError, ValueError) as error:
        said = getattr(error, "strerror", None) or error
        raise DataError(f"{path} cannot be read ({said}); check the name") from None
    if head[:4] == b"RIFF" or path.suffix.lower() == ".sf2":
        return read_sf2(path)
    if path.suffix.lower() == ".sfz":
        return read_sfz(path)
    raise DataError(f"{path} is not a kit; expected .sf2, .sfz or a folder of .sfz files")
