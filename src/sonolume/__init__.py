"""What sound and sight say about each other.

    import sonolume as sl

    paint = sl.load("paint")
    paint("thunder.wav", "a beach", seed=7).save("beach.png")

Nothing heavy is imported until one of the names below is used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sonolume.errors import (
        DataError,
        InteropError,
        MediaError,
        ModelError,
        OptionError,
        SonolumeError,
    )
    from sonolume.media.audio import Audio
    from sonolume.media.picture import Picture
    from sonolume.pipelines import load

__all__ = [
    "Audio",
    "DataError",
    "InteropError",
    "MediaError",
    "ModelError",
    "OptionError",
    "Picture",
    "SonolumeError",
    "__version__",
    "load",
]

__version__ = "0.1.0"

_HOMES = {
    "Audio": "sonolume.media.audio",
    "DataError": "sonolume.errors",
    "InteropError": "sonolume.errors",
    "MediaError": "sonolume.errors",
    "ModelError": "sonolume.errors",
    "OptionError": "sonolume.errors",
    "Picture": "sonolume.media.picture",
    "SonolumeError": "sonolume.errors",
    "load": "sonolume.pipelines",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'sonolume' has no attribute {name!r}")
    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
