"""Restyle again what a sound says about itself."""

import warnings
from pathlib import Path
from typing import Any

from sonolume import __version__
from sonolume.errors import ModelError, OptionError
from sonolume.pipelines.restyle.recording import Recording
from sonolume.pipelines.restyle.rendering import Rendering
from sonolume.signal.rack import Chain

__all__ = ["restyle_again"]


def restyle_again(provenance: dict[str, Any]) -> Rendering:
    """The sound that `provenance` describes: its chain is in it, only the sound must still be
    where it was, and the generator if one drew it again.

    Warns when made by another version. Raises ModelError when the provenance lacks something, or
    the sound was in memory, is gone or another one now, or the generator is.
    """
    try:
        chain = Chain.from_list(provenance["chain"])
        frames, limited = int(provenance["frames"]), bool(provenance["limited"])
        origin = dict(provenance["sound"])
        version = provenance["versions"]["sonolume"]
    except (KeyError, TypeError, ValueError, OptionError) as error:
        raise ModelError(f"unusable provenance ({error}); it cannot be restyled again") from error
    if version != __version__:
        warnings.warn(f"restyled by version {version}: expect another sound", stacklevel=2)
    recording = _same(origin)
    if frames < 1:
        raise ModelError(f"unusable provenance ({frames} frames); it cannot be restyled again")
    rendering = Rendering(recording, chain, frames, limited, provenance)
    if "engine" not in provenance:
        return rendering
    from sonolume.pipelines.restyle.engine.again import draw_again

    return draw_again(provenance, rendering)


def _same(origin: dict[str, Any]) -> Recording:
    """The sound, if it is still what it was."""
    file = origin.get("file")
    if not isinstance(file, str):
        raise ModelError("restyled from a sound in memory, which is in no file; restyle it anew")
    if not Path(file).is_file():
        raise ModelError(f"restyled from {file}, which is gone; put it back")
    recording = Recording.open(file)
    if recording.sha256() != origin.get("sha256"):
        raise ModelError(f"{file} is another sound than the one that was restyled")
    return recording
