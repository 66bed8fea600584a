"""Two pictures made comparable: one small size, lightness and colour in OKLab."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from sonolume.media import Picture

__all__ = ["Field", "View", "Window", "comparable_views", "resized"]

Field = NDArray[np.float32]

# A part of a picture: top, left, bottom, right, as shares of its sides from the top left corner.
Window = tuple[float, float, float, float]

WHOLE: Final[Window] = (0.0, 0.0, 1.0, 1.0)
LONGEST: Final = 256
KEPT: Final = 0.5
# Below this a Gaussian of the detail bands has no room; thin pictures are stretched to it.
SHORTEST: Final = 32

# Ottosson (2020), "A perceptual color space for image processing": linear sRGB to cone responses,
# and their cube roots to lightness and two opponent axes.
TO_CONES: Final = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ],
    dtype=np.float32,
)
TO_LAB: Final = np.array(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ],
    dtype=np.float32,
)
LUMINANCE: Final = np.array([0.2126, 0.7152, 0.0722], dtype=np.float32)


def _decoded() -> Field:
    """Linear light of each 8-bit sRGB level (IEC 61966-2-1), [256]."""
    level = np.arange(256) / 255
    linear = np.where(level <= 0.04045, level / 12.92, ((level + 0.055) / 1.055) ** 2.4)
    return linear.astype(np.float32)


@dataclass(frozen=True, eq=False)
class View:
    """A small picture in perceptual coordinates.

    Attributes:
        lightness: OKLab L, 0..1, [h, w].
        a, b: OKLab opponent colours (towards red, towards yellow), about -0.3..0.3, [h, w].
        luminance: linear light, 0..1, [h, w].
    """

    lightness: Field
    a: Field
    b: Field
    luminance: Field

    @property
    def unit(self) -> float:
        """Pixels in 1/256 of the longer side: what filters count in."""
        return float(max(self.lightness.shape)) / LONGEST


def comparable_views(
    before: Picture, after: Picture, windows: tuple[Window, Window] = (WHOLE, WHOLE)
) -> tuple[View, View]:
    """Views of one shape [h, w] of a window of each picture, the longer side at most 256.

    Both are brought to half of the smaller of the two sizes (or to 256): neither then looks sharper
    for having more pixels, and the finest octave, which JPEG and resampling change, is left out.
    """
    boxes = [_box(*pair) for pair in zip((before, after), windows, strict=True)]
    sides = [(box[3] - box[1], box[2] - box[0]) for box in boxes]
    height, width = sides[0]
    scale = min(LONGEST, *(KEPT * max(side) for side in sides)) / max(height, width)
    shape = (max(SHORTEST, round(height * scale)), max(SHORTEST, round(width * scale)))
    return view(before, boxes[0], shape), view(after, boxes[1], shape)


def _box(picture: Picture, window: Window) -> tuple[float, float, float, float]:
    """Left, top, right, bottom in pixels."""
    height, width = picture.pixels.shape[:2]
    top, left, bottom, right = window
    return left * width, top * height, right * width, bottom * height


def view(picture: Picture, box: tuple[float, float, float, float], shape: tuple[int, int]) -> View:
    """A view of ``shape`` (h, w) of a box (left, top, right, bottom in pixels)."""
    image = Image.fromarray(np.ascontiguousarray(picture.pixels))
    small = image.resize(shape[::-1], Image.Resampling.LANCZOS, box=box, reducing_gap=3.0)
    linear = _decoded()[np.asarray(small)]
    lab = np.cbrt(linear @ TO_CONES.T) @ TO_LAB.T
    lightness, a, b = (np.ascontiguousarray(lab[..., index]) for index in range(3))
    return View(lightness, a, b, linear @ LUMINANCE)


def resized(plane: Field, shape: tuple[int, int], *, average: bool = True) -> Field:
    """A field [h, w] at another shape: area means, or bilinear where it grows."""
    if plane.shape == shape:
        return plane
    filter_ = Image.Resampling.BOX if average else Image.Resampling.BILINEAR
    return np.asarray(Image.fromarray(plane).resize(shape[::-1], filter_))
