"""Names that a format can hold."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

__all__ = ["file_name", "plain_text", "sf2_name", "unique"]

SF2_BYTES = 20


def plain_text(name: str) -> str:
    """``name`` without what would end or change a value in an SFZ file; may be empty."""
    printable = "".join(c if c.isprintable() else " " for c in name)
    return " ".join(re.sub(r"[=<>$#/\\*]", " ", printable).split())


def file_name(name: str, otherwise: str) -> str:
    """``name`` in lower-case letters, digits and hyphens, at most 60 characters."""
    letters = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", letters).strip("-")[:60].rstrip("-") or otherwise


def sf2_name(name: str, otherwise: str) -> str:
    """``name`` in printable ASCII, at most 20 bytes."""
    letters = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    printable = "".join(c if c.isprintable() else " " for c in letters)
    return " ".join(printable.split())[:SF2_BYTES].rstrip() or otherwise


def unique(names: Iterable[str], longest: int = 80) -> list[str]:
    """``names`` with a number at the end of those that were there before, whatever the case."""
    seen: set[str] = set()
    result: list[str] = []
    counts: dict[str, int] = {}
    for name in names:
        chosen, key = name, name.lower()
        while chosen.lower() in seen:
            counts[key] = counts.get(key, 1) + 1
            ending = f"-{counts[key]}"
            chosen = name[: longest - len(ending)] + ending
        seen.add(chosen.lower())
        result.append(chosen)
    return result
