"""Settings of a job from keywords."""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any, TypeVar

from sonolume.errors import OptionError

__all__ = ["settings_of"]

T = TypeVar("T")


def settings_of(kind: type[T], table: Mapping[str, Any], *others: str) -> T:
    """A dataclass from its fields. Raises OptionError for a keyword that is none of them; the
    message also names ``others``, which the caller takes itself."""
    known = [entry.name for entry in fields(kind)]  # type: ignore[arg-type]  # any dataclass
    odd = sorted(set(table) - set(known))
    if odd:
        raise OptionError(f"unknown option {odd[0]!r}; known: {', '.join([*others, *known])}")
    return kind(**table)
