"""Folders of a kit that are complete or absent."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sonolume.errors import OptionError

__all__ = ["replaced_folder"]

KIT_PARTS = frozenset({".sfz", ".flac"})


@contextmanager
def replaced_folder(path: Path, *, force: bool) -> Iterator[Path]:
    """Yield an empty folder beside ``path`` that becomes ``path`` when the block ends well.

    With ``force`` what is there is replaced, if it is an SFZ file or a folder with nothing but
    SFZ instruments and their samples.

    Raises:
        OptionError: ``path`` exists and may not be replaced, or cannot be written.
    """
    _refuse(path, force=force)
    hidden = path.with_name(f".{secrets.token_hex(8)}")
    try:
        hidden.mkdir()
        yield hidden
        _refuse(path, force=force)
        _move(hidden, path)
    except OSError as error:
        said = error.strerror or str(error)
        raise OptionError(f"{path} cannot be written ({said}); choose another place") from error
    finally:
        shutil.rmtree(hidden, ignore_errors=True)


def _move(folder: Path, path: Path) -> None:
    """Rename ``folder`` to ``path``; what was there goes aside first and comes back on failure."""
    if not os.path.lexists(path):
        folder.rename(path)
        return
    aside = path.with_name(f".{secrets.token_hex(8)}")
    path.rename(aside)
    try:
        folder.rename(path)
    except BaseException:
        aside.rename(path)
        raise
    if aside.is_dir():
        shutil.rmtree(aside)
    else:
        aside.unlink()


def _refuse(path: Path, *, force: bool) -> None:
    try:
        if not path.parent.is_dir():
            raise OptionError(f"{path}: the folder {path.parent} does not exist; make it first")
        if not os.path.lexists(path):
            return
        if not force:
            raise OptionError(f"{path} exists; choose another name or allow replacing it (force)")
        if not _is_kit(path):
            raise OptionError(f"{path} holds more than an SFZ kit; it is not replaced")
    except (OSError, ValueError) as error:
        raise OptionError(f"{path} cannot be written ({error}); choose another place") from error


def _is_kit(path: Path) -> bool:
    if path.is_symlink():
        return False
    if path.is_file():
        return path.suffix.lower() == ".sfz"
    files = (each for each in path.rglob("*") if not each.is_dir())
    return all(each.suffix.lower() in KIT_PARTS for each in files)
