"""Animations: pictures one after the other in a GIF."""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image

from sonolume.errors import OptionError
from sonolume.media.atomic import atomic_path
from sonolume.media.guard import foreign_errors
from sonolume.media.picture import Picture

__all__ = ["save_animation"]


def save_animation(
    pictures: Sequence[Picture],
    path: Path | str,
    *,
    seconds: float = 0.2,
    rest: float = 2.0,
    force: bool = False,
) -> None:
    """Write ``pictures`` to ``path`` (.gif) as an endless loop.

    Args:
        pictures: at least one, all of one size.
        seconds: that each is shown, in hundredths; ``rest`` the same for the last.
        force: whether an existing file may be replaced.

    Raises:
        OptionError: no pictures, pictures of several sizes, a time outside 0.02..600 s, another
            suffix, or a target that cannot be written.
    """
    path = Path(path)
    if path.suffix.lower() != ".gif":
        raise OptionError(f"{path}: an animation cannot be saved as '{path.suffix}'; use .gif")
    if len({picture.pixels.shape for picture in pictures}) != 1:
        raise OptionError(f"{path}: an animation needs pictures, all of one size")
    if not all(0.02 <= time <= 600 for time in (seconds, rest)):
        raise OptionError(f"frames of {seconds} s and {rest} s: expected 0.02 to 600 s")
    first, *others = (Image.fromarray(np.ascontiguousarray(p.pixels)) for p in pictures)
    times = [round(1000 * seconds)] * len(others) + [round(1000 * rest)]
    page = BytesIO()
    with foreign_errors(path, "written"):
        first.save(page, "GIF", save_all=True, append_images=others, duration=times, loop=0)
    with atomic_path(path, force=force) as temporary:
        temporary.write_bytes(page.getbuffer())
