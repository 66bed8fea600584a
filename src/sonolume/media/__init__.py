"""Sounds and pictures: reading, writing, resampling, and how they were made.

Names load on first use, so that importing this package costs nothing. Contact sheets are made by
`sonolume.media.grid.grid`.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sonolume.media.atomic import atomic_path
    from sonolume.media.audio import Audio
    from sonolume.media.picture import Picture
    from sonolume.media.provenance import read_provenance
    from sonolume.media.stream import Extent, blocks

__all__ = ["Audio", "Extent", "Picture", "atomic_path", "blocks", "read_provenance"]

_HOMES = {
    "Audio": "audio",
    "Picture": "picture",
    "atomic_path": "atomic",
    "Extent": "stream",
    "blocks": "stream",
    "read_provenance": "provenance",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return __all__
