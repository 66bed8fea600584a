"""Folders that are complete or absent."""

import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sonolume.errors import OptionError


@contextmanager
def new_folder(path: Path) -> Iterator[Path]:
    """Yield an empty folder that becomes `path` when the block ends well, else nothing remains.

    Raises OptionError when `path` exists, or cannot be made.
    """
    if path.exists():
        raise OptionError(f"{path} exists; choose another folder")
    hidden = path.with_name(f".{secrets.token_hex(8)}")
    try:
        hidden.mkdir(parents=True)
        yield hidden
        hidden.rename(path)
    except OSError as error:
        said = error.strerror or str(error)
        raise OptionError(f"{path} cannot be written ({said}); choose another place") from error
    finally:
        shutil.rmtree(hidden, ignore_errors=True)
