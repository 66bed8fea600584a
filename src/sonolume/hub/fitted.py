"""Small JSON files beside the weights: numbers that were fitted for them."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from sonolume.errors import ModelError
from sonolume.media.atomic import atomic_path

T = TypeVar("T")


def read_fitted(
    path: Path, make: Callable[[dict[str, Any]], T], complaint: str, remedy: str
) -> T | None:
    """What `make` reads from the table in `path`; None without such a file.

    Raises ModelError, with the complaint and the remedy, when the file holds anything else.
    """
    if not path.is_file():
        return None
    try:
        return make(dict(json.loads(path.read_text("utf-8"))))
    except (OSError, ValueError, KeyError, TypeError, ModelError) as error:
        raise ModelError(f"{path}: {complaint} ({error}); {remedy}") from error


def write_fitted(table: Mapping[str, Any], path: Path, *, force: bool = False) -> None:
    """Write the file. Raises OptionError when it exists or cannot be written."""
    with atomic_path(path, force=force) as page:
        page.write_text(json.dumps(table, indent=1, sort_keys=True) + "\n", "utf-8")
