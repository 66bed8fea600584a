"""Edits of detail.

Pictures are float32 [H, W, 3] in 0..1, gamma-coded; strengths 0..1.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sonolume.correspondence.edit_fields import luma, mix, pixels
from sonolume.correspondence.views import Field, resized

__all__ = [
    "blur",
    "hatch",
    "jag",
    "motion_blur",
    "noise",
    "pixelate",
    "round_off",
    "sharpen",
    "smooth",
    "spread",
]

Rng = np.random.Generator


def blur(picture: Field, strength: float) -> Field:
    """Gaussian blur, its deviation 8/256 of the longer side at most."""
    return blurred(picture, pixels(picture, 8 * strength))


def blurred(picture: Field, deviation: float) -> Field:
    """Gaussian blur with a deviation in pixels."""
    from scipy.ndimage import gaussian_filter

    return np.asarray(gaussian_filter(picture, (deviation, deviation, 0), mode="nearest"))


def sharpen(picture: Field, strength: float) -> Field:
    """Unsharp mask of lightness alone, so that colours do not fringe."""
    from scipy.ndimage import gaussian_filter

    light = luma(picture)
    detail: Field = light - gaussian_filter(light, pixels(picture, 2.5), mode="nearest")
    return picture + np.float32(3 * strength) * detail[..., None]


def motion_blur(picture: Field, strength: float) -> Field:
    """Mean along rows, as a camera that pans while it sees; 24/256 long at most."""
    from scipy.ndimage import uniform_filter1d

    length = max(1, round(pixels(picture, 24 * strength)))
    return np.asarray(uniform_filter1d(picture, length, axis=1, mode="nearest"))


def noise(picture: Field, strength: float, rng: Rng) -> Field:
    """Grey Gaussian noise as film has it, in grains of 2/256."""
    grain = rng.standard_normal(picture.shape[:2], dtype=np.float32)
    width = pixels(picture, 0.8)
    if width > 0.5:
        from scipy.ndimage import gaussian_filter

        grain = gaussian_filter(grain, width, mode="wrap")
    grain /= max(float(grain.std()), 1e-6)
    return picture + np.float32(0.2 * strength) * grain[..., None]


def smooth(picture: Field, strength: float) -> Field:
    """Flatten grain and keep edges: the guided filter of a picture by itself.

    He, Sun, Tang (2013), "Guided image filtering", eq. 5-8 with the picture as its own guide.
    """
    from scipy.ndimage import uniform_filter

    size = (max(3, round(pixels(picture, 9))),) * 2 + (1,)
    mean = uniform_filter(picture, size, mode="nearest")
    variance = np.maximum(uniform_filter(np.square(picture), size, mode="nearest") - mean**2, 0)
    kept = variance / (variance + np.float32(0.03))
    offset = mean * (1 - kept)
    steady = [uniform_filter(each, size, mode="nearest") for each in (kept, offset)]
    return mix(picture, steady[0] * picture + steady[1], strength)


def spread(picture: Field, strength: float, rng: Rng) -> Field:
    """Swap pixels for near ones, as seen through frosted glass; 10/256 away at most."""
    height, width = picture.shape[:2]
    reach = pixels(picture, 10 * strength)
    shift = np.rint(rng.uniform(-reach, reach, (2, height, width))).astype(np.intp)
    down = np.clip(np.arange(height)[:, None] + shift[0], 0, height - 1)
    right = np.clip(np.arange(width)[None, :] + shift[1], 0, width - 1)
    return np.asarray(picture[down, right])


def pixelate(picture: Field, strength: float) -> Field:
    """Squares of one colour; 12/256 wide at most."""
    height, width = picture.shape[:2]
    side = max(1, round(pixels(picture, 12 * strength)))
    if side == 1:
        return picture
    starts = np.arange(0, height, side), np.arange(0, width, side)
    sums = np.add.reduceat(np.add.reduceat(picture, starts[0], axis=0), starts[1], axis=1)
    sizes = [np.diff([*start, end]) for start, end in zip(starts, (height, width), strict=True)]
    means = sums / (sizes[0][:, None, None] * sizes[1][None, :, None]).astype(np.float32)
    return np.asarray(np.repeat(np.repeat(means, sizes[0], axis=0), sizes[1], axis=1))


def jag(picture: Field, strength: float) -> Field:
    """Bend edges into zigzags of 32/256, up to 8/256 high."""
    from scipy.ndimage import map_coordinates

    height, width = picture.shape[:2]
    down, right = np.arange(height)[:, None], np.arange(width)[None, :]
    reach, period = pixels(picture, 8 * strength), pixels(picture, 32)
    where = [down + reach * _zigzag(right / period), right + reach * _zigzag(down / period)]
    planes = [map_coordinates(picture[..., c], where, order=1, mode="nearest") for c in range(3)]
    return np.stack(planes, axis=-1)


def _zigzag(turns: NDArray[np.floating]) -> NDArray[np.floating]:
    """A triangle wave of period 1 between -1 and 1."""
    return np.asarray(4 * np.abs(turns - np.floor(turns + 0.5)) - 1)


def hatch(picture: Field, strength: float) -> Field:
    """Lay fine slanting lines over it, 8/256 apart."""
    height, width = picture.shape[:2]
    along = np.arange(height)[:, None] + 0.6 * np.arange(width)[None, :]
    lines = np.sin(2 * np.pi * along / max(2.5, pixels(picture, 6)))
    return picture * (1 - np.float32(0.3 * strength) * (1 + lines[..., None].astype(np.float32)))


def round_off(picture: Field, strength: float) -> Field:
    """Round corners: a median over a disc moves contours by how much they bend.

    Merriman, Bence, Osher (1992), "Diffusion generated motion by mean curvature"; the median does
    to all grey levels at once what they do to one. Found on at most 256 pixels a side, because its
    cost grows with the square of the picture.
    """
    from scipy.ndimage import median_filter

    height, width = picture.shape[:2]
    factor = min(1.0, 256 / max(height, width))
    small = (max(1, round(height * factor)), max(1, round(width * factor)))
    reach = max(1, round(4 * max(small) / 256))
    span = np.arange(-reach, reach + 1)
    disc = span[:, None] ** 2 + span[None, :] ** 2 <= reach**2 + 1

    def moved(plane: Field) -> Field:
        reduced = resized(plane, small)
        change = median_filter(reduced, footprint=disc, mode="nearest") - reduced
        return resized(change, (height, width), average=False)

    planes = np.ascontiguousarray(picture.transpose(2, 0, 1))
    return picture + np.float32(strength) * np.stack([moved(plane) for plane in planes], axis=-1)
