"""Kits to disc."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from sonolume.errors import DataError, OptionError
from sonolume.music.kit import Kit
from sonolume.music.kits.sf2_write import write_sf2
from sonolume.music.kits.sfz_write import write_sfz

__all__ = ["write_kit"]


def write_kit(kit: Kit, path: Path | str, force: bool = False) -> None:
    """Write ``kit`` as ``path`` says, complete or absent.

    ``NAME.sf2`` is one SF2 2.04 file with a preset for each instrument. ``NAME.sfz``, or a name
    without a suffix, is a folder with one SFZ file for each instrument and samples/ beside them;
    a player is given one of these files, `read_kit` the folder or one of them. What each format
    rounds or leaves out is told by `write_sf2` and `write_sfz`.

    Raises:
        OptionError: another suffix, an existing target without ``force``, a target that cannot be
            written, or an existing folder that holds more than a kit.
        DataError: a kit that the format cannot hold, without instruments, or with samples that are
            not finite numbers.
    """
    path = Path(path)
    _check(kit)
    suffix = path.suffix.lower()
    if suffix == ".sf2":
        write_sf2(kit, path, force=force)
    elif suffix in ("", ".sfz"):
        write_sfz(kit, path, force=force)
    else:
        raise OptionError(f"{path}: a kit cannot be saved as {suffix!r}; use .sf2 or .sfz")


def _check(kit: Kit) -> None:
    if not kit.instruments:
        raise DataError(f"kit {kit.name}: no instruments to write")
    samples = {id(r.sample): r.sample for each in kit.instruments for r in each.regions}
    for sample in samples.values():
        if not np.isfinite(sample.samples).all():
            raise DataError(f"sample {sample.name} holds NaN or infinite values; expected numbers")
