"""Figures of a delta: where a picture changed, descriptor by descriptor."""

from __future__ import annotations

from typing import Final

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from sonolume.correspondence.delta import Delta
from sonolume.correspondence.descriptors import DESCRIPTORS
from sonolume.correspondence.views import Field
from sonolume.errors import OptionError
from sonolume.media import Picture

__all__ = ["draw_delta"]

UP: Final = np.array([0.90, 0.35, 0.05], dtype=np.float32)
DOWN: Final = np.array([0.10, 0.35, 0.95], dtype=np.float32)
# Steps at which a colour is full: beyond, more is not seen better.
FULL: Final = 3.0
CAPTION: Final = 20
COLUMNS: Final = 4
INK, PAPER = (20, 20, 20), (255, 255, 255)


def draw_delta(
    before: Picture, after: Picture, change: Delta, *, side: int = 220, count: int = 6
) -> Picture:
    """Both pictures, then the maps of what changed most, drawn over the picture after.

    Orange rose, blue fell, grey stayed; each caption gives the change of the whole picture in just
    clear steps.

    Args:
        before, after: the pictures that ``change`` was measured of.
        change: their delta.
        side: longer side of a panel in pixels, 64..1024.
        count: maps to draw, 1..14.

    Raises:
        OptionError: ``side`` or ``count`` is out of range, or the delta was measured without maps.
    """
    if not change.maps:
        raise OptionError("a delta without maps cannot be drawn; measure it with with_maps=True")
    if not 64 <= side <= 1024:
        raise OptionError(f"panels of {side} pixels; expected 64 to 1024")
    if not 1 <= count <= len(DESCRIPTORS):
        raise OptionError(f"{count} maps; expected 1 to {len(DESCRIPTORS)}")
    names = sorted(DESCRIPTORS, key=lambda name: -abs(change.steps[name]))[:count]
    second = _fitted(after, side)
    grey = np.asarray(second.convert("L"), dtype=np.float32)[..., None] / np.float32(255)
    panels = [("before", _fitted(before, side)), ("after", second)]
    panels += [
        (_caption(name, change.steps[name]), _overlaid(grey, change.maps[name])) for name in names
    ]
    return _sheet(panels, side)


def _caption(name: str, steps: float) -> str:
    return f"{name.replace('_', ' ')} {steps + 0.0:+.1f}"


def _fitted(picture: Picture, side: int) -> Image.Image:
    image = Image.fromarray(np.ascontiguousarray(picture.pixels))
    factor = side / max(image.size)
    size = (max(1, round(image.width * factor)), max(1, round(image.height * factor)))
    return image.resize(size, Image.Resampling.LANCZOS, reducing_gap=3.0)


def _overlaid(grey: Field, steps: Field) -> Image.Image:
    """A map over grey levels [h, w, 1]."""
    height, width = grey.shape[:2]
    large = Image.fromarray(steps).resize((width, height), Image.Resampling.BICUBIC)
    values = np.clip(np.asarray(large)[..., None] / FULL, -1, 1)
    colour = np.where(values > 0, UP, DOWN)
    cover = 0.85 * np.abs(values)
    base = 0.35 + 0.45 * grey
    shown = base + (colour * (0.5 + 0.5 * grey) - base) * cover
    return Image.fromarray((np.clip(shown, 0, 1) * 255 + 0.5).astype(np.uint8))


def _sheet(panels: list[tuple[str, Image.Image]], side: int) -> Picture:
    columns = min(COLUMNS, len(panels))
    rows = -(-len(panels) // columns)
    tall = max(image.height for _, image in panels) + CAPTION
    sheet = Image.new("RGB", (columns * (side + 6) + 6, rows * (tall + 6) + 6), PAPER)
    pen = ImageDraw.Draw(sheet)
    font = ImageFont.load_default(13)
    for index, (caption, image) in enumerate(panels):
        left = 6 + index % columns * (side + 6)
        top = 6 + index // columns * (tall + 6)
        pen.text((left, top), caption, fill=INK, font=font)
        sheet.paste(image, (left, top + CAPTION))
    return Picture(np.array(sheet))
