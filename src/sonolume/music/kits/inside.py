"""Paths that a stranger's file names, held within its folder."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

from sonolume.errors import DataError

__all__ = ["inside"]

LONGEST = 1_000


def inside(root: Path, name: str, asked_by: Path) -> Path:
    """The existing file ``name`` (slashes of either kind) within the folder ``root``.

    Raises:
        DataError: absolute, outside ``root`` (links followed), or missing.
    """
    relative = name.replace("\\", "/")
    if len(relative) > LONGEST or not relative.isprintable() or not relative.strip():
        raise DataError(f"{asked_by}: {name[:60]!r} is not a file name")
    if PurePosixPath(relative).is_absolute() or relative[1:2] == ":":
        raise DataError(f"{asked_by}: {name!r} is an absolute path; expected one within {root}")
    try:
        folder = root.resolve()
        target = (folder / relative).resolve()
        if not target.is_relative_to(folder):
            raise DataError(f"{asked_by}: {name!r} leads out of {root}; move the file into it")
        if not target.is_file():
            raise DataError(f"{asked_by}: {name!r} is missing from {root}")
    except (OSError, RuntimeError) as error:
        raise DataError(f"{asked_by}: {name!r} cannot be found ({error})") from None
    return target
