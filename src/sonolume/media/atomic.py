"""Files that are complete or absent."""

from __future__ import annotations

import errno
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sonolume.errors import OptionError

__all__ = ["atomic_path"]

TARGET_ERRNOS = frozenset(
    {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EACCES, errno.EPERM}
)


@contextmanager
def atomic_path(path: Path, *, force: bool = False) -> Iterator[Path]:
    """Yield an empty temporary file beside ``path``, with its suffix, that becomes ``path``.

    When the block ends well the temporary file is flushed to the disk and renamed, so that
    ``path`` is never seen half-written; when it ends in any exception, an interrupt included,
    the temporary file is removed and ``path`` is as it was.

    Args:
        path: the file to write; its folder must exist.
        force: whether an existing file may be replaced.

    Raises:
        OptionError: ``path`` exists and ``force`` is not set, ``path`` is a directory, its folder
            is missing or not writable, or the disk is full.
    """
    target = Path(path)
    with _target_errors(target):
        _refuse(target, force=force)
    temporary = target.with_name(f".{secrets.token_hex(8)}{target.suffix}")
    try:
        with _target_errors(target):
            # Opened by hand because tempfile would make it readable by its owner alone.
            os.close(os.open(temporary, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))
        with _disk_errors(target):
            yield temporary
        with _target_errors(target):
            _flush(temporary)
            _refuse(target, force=force)
            temporary.replace(target)
    finally:
        _remove(temporary)


def _refuse(target: Path, *, force: bool) -> None:
    if target.is_dir():
        raise OptionError(f"{target} is a directory; give a file to write")
    if not target.parent.is_dir():
        raise OptionError(f"{target}: the folder {target.parent} does not exist; make it first")
    if not force and os.path.lexists(target):
        raise OptionError(f"{target} exists; choose another name or allow replacing it (force)")


def _flush(path: Path) -> None:
    descriptor = os.open(path, os.O_RDWR)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _remove(path: Path) -> None:
    # A failure here must not hide the error on its way out; ValueError is a NUL in the name.
    try:
        path.unlink(missing_ok=True)
    except (OSError, ValueError):
        return


@contextmanager
def _target_errors(target: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, ValueError) as error:
        raise _unwritable(target, error) from error


@contextmanager
def _disk_errors(target: Path) -> Iterator[None]:
    """Like `_target_errors`, for code of the caller: only what is surely the target's fault."""
    try:
        yield
    except OSError as error:
        if error.errno in TARGET_ERRNOS:
            raise _unwritable(target, error) from error
        raise


def _unwritable(target: Path, error: Exception) -> OptionError:
    reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
    return OptionError(f"{target} cannot be written ({reason}); choose another place")
