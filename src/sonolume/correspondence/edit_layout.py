"""Edits of what is where.

Pictures are float32 [H, W, 3] in 0..1, gamma-coded; strengths 0..1.
"""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw

from sonolume.correspondence.edit_details import blurred
from sonolume.correspondence.edit_fields import mix, pixels, places
from sonolume.correspondence.views import Field

__all__ = [
    "clear_sky",
    "close_above",
    "clutter",
    "miniaturise",
    "weigh_above",
    "weigh_below",
    "zoom_in",
    "zoom_out",
]

Rng = np.random.Generator


def zoom_in(picture: Field, strength: float) -> Field:
    """Step closer, to twice the size at most."""
    return zoomed(picture, 1 + strength)


def zoom_out(picture: Field, strength: float) -> Field:
    """Step back, to half the size at most; the borders continue mirrored."""
    return zoomed(picture, 1 / (1 + strength))


def zoomed(picture: Field, factor: float) -> Field:
    """The picture ``factor`` times as large around its centre, in the same frame."""
    from scipy.ndimage import gaussian_filter1d, map_coordinates

    height, width = picture.shape[:2]
    if factor < 1:
        # Without this, shrinking would fold fine detail into coarse.
        for axis in (0, 1):
            picture = gaussian_filter1d(picture, 0.4 * (1 / factor - 1), axis=axis)
    sides = [((np.arange(n) + 0.5) / n - 0.5) / factor * n + n / 2 - 0.5 for n in (height, width)]
    where = np.meshgrid(*sides, indexing="ij")
    planes = [map_coordinates(picture[..., c], where, order=1, mode="reflect") for c in range(3)]
    return np.stack(planes, axis=-1)


def miniaturise(picture: Field, strength: float) -> Field:
    """Make everything small and many: mirrored copies, up to four across."""
    return zoomed(picture, 1 / (1 + 3 * strength))


def weigh_above(picture: Field, strength: float) -> Field:
    """Fade the lower half into the mean colour: what stands out is above."""
    return _faded(picture, strength * _above(picture)[::-1])


def weigh_below(picture: Field, strength: float) -> Field:
    """Fade the upper half into the mean colour: what stands out is below."""
    return _faded(picture, strength * _above(picture))


def _faded(picture: Field, cover: Field) -> Field:
    mean = picture.mean(axis=(0, 1))
    return mix(picture, np.broadcast_to(mean, picture.shape), 0.9 * cover)


def clear_sky(picture: Field, strength: float) -> Field:
    """Clear what stands in the upper half: only its broad colours stay."""
    open_ = blurred(picture, pixels(picture, 20))
    return mix(picture, open_, strength * _above(picture))


def close_above(picture: Field, strength: float, rng: Rng) -> Field:
    """Hang leaves into the upper half: dark ones, or light ones where it is dark."""
    from scipy.ndimage import gaussian_filter

    height, width = picture.shape[:2]
    grain = rng.standard_normal((height, width), dtype=np.float32)
    leaves = gaussian_filter(grain, max(1.0, pixels(picture, 6)))
    cover = np.clip(leaves / max(float(leaves.std()), 1e-6) * 3 + 0.5, 0, 1)[..., None]
    dark = float(picture[: height // 2 + 1].mean()) > 0.35
    colour = np.float32(0.05 if dark else 0.85)
    return mix(picture, np.full_like(picture, colour), 0.9 * strength * cover * _above(picture))


def _above(picture: Field) -> Field:
    """Mask [H, 1, 1]: 1 in the upper third, fading to 0 in the middle."""
    down = places(*picture.shape[:2])[0][..., None]
    return np.clip(-down * 3, 0, 1)


def clutter(picture: Field, strength: float, rng: Rng) -> Field:
    """Strew round confetti, 90 pieces at most; a stronger edit adds to a weaker one's."""
    height, width = picture.shape[:2]
    centres = rng.uniform(0, 1, (90, 2)) * (width, height)
    radii = rng.uniform(6, 12, 90) * pixels(picture, 1)
    colours = rng.uniform(0, 1, (241, 3)).astype(np.float32)
    canvas = Image.new("I", (width, height))
    pen = ImageDraw.Draw(canvas)
    for index in range(round(90 * strength)):
        x, y = centres[index]
        reach = radii[index]
        pen.ellipse((x - reach, y - reach, x + reach, y + reach), fill=index + 1)
    piece = np.asarray(canvas)
    return np.where(piece[..., None] > 0, colours[piece], picture)
