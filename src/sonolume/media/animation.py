"""Animations: pictures one after the other, in a GIF or a film."""

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

FRAMES_A_SECOND = 25


def save_animation(
    pictures: Sequence[Picture],
    path: Path | str,
    *,
    seconds: float = 0.2,
    rest: float = 2.0,
    force: bool = False,
) -> None:
    """Write ``pictures`` to ``path``: .gif, an endless loop, or .mp4, H.264 at 25 frames a second.

    Args:
        pictures: at least one, all of one size; an odd last row or column is left out of a film.
        seconds: that each is shown, in hundredths (.mp4: in frames); ``rest`` the same for the
            last.
        force: whether an existing file may be replaced.

    Raises:
        OptionError: no pictures, pictures of several sizes, a time outside 0.02..600 s, another
            suffix, a target that cannot be written, or .mp4 without PyAV (`sonolume[video]`).
    """
    path = Path(path)
    make = {".gif": _gif, ".mp4": _film}.get(path.suffix.lower())
    if make is None:
        known = ".gif or .mp4"
        raise OptionError(f"{path}: an animation cannot be saved as '{path.suffix}'; use {known}")
    if len({picture.pixels.shape for picture in pictures}) != 1:
        raise OptionError(f"{path}: an animation needs pictures, all of one size")
    if not all(0.02 <= time <= 600 for time in (seconds, rest)):
        raise OptionError(f"frames of {seconds} s and {rest} s: expected 0.02 to 600 s")
    times = [seconds] * (len(pictures) - 1) + [rest]
    page = make(pictures, times, path)
    with atomic_path(path, force=force) as temporary:
        temporary.write_bytes(page.getbuffer())


def _gif(pictures: Sequence[Picture], times: Sequence[float], path: Path) -> BytesIO:
    first, *others = (Image.fromarray(np.ascontiguousarray(p.pixels)) for p in pictures)
    shown = [round(1000 * time) for time in times]
    page = BytesIO()
    with foreign_errors(path, "written"):
        first.save(page, "GIF", save_all=True, append_images=others, duration=shown, loop=0)
    return page


def _film(pictures: Sequence[Picture], times: Sequence[float], path: Path) -> BytesIO:
    try:
        import av
    except ImportError:
        raise OptionError(f"{path}: films need PyAV; pip install 'sonolume[video]'") from None
    height, width = (side - side % 2 for side in pictures[0].pixels.shape[:2])
    if not height or not width:
        raise OptionError(f"{path}: a film needs pictures of at least 2 × 2 pixels")
    page = BytesIO()
    with av.open(page, "w", format="mp4") as film:
        stream = film.add_stream("libx264", FRAMES_A_SECOND, options={"crf": "16"})
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        for picture, time in zip(pictures, times, strict=True):
            pixels = np.ascontiguousarray(picture.pixels[:height, :width])
            for _ in range(max(1, round(FRAMES_A_SECOND * time))):
                film.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, "rgb24")))
        film.mux(stream.encode())
    return page
