"""Rendering of water drops on a photo.

Pictures are float32 [H, W, 3] in 0..1, as in `retouch`.
"""

import numpy as np

from sonolume.data import retouch as brush
from sonolume.data.retouch import Field, Points


def drip(picture: Field, strength: float, rng: np.random.Generator) -> Field:
    """A softened scene behind wet glass, with rings on the water below; `strength` in 0..1."""
    height, width = picture.shape[:2]
    behind = brush.mix(picture, brush.blur(picture, 2.0), 0.8 * strength)
    behind = brush.mix(behind, brush.grade(behind, 0.8, (0.88, 0.98, 1.08)), strength)
    centres = rng.uniform((0.15, 0.68), (0.85, 0.92), (2, 2)) * [width, height]
    right, down, shine = _rings(centres, height, width)
    scene = brush.warp(behind, strength * right, strength * down)
    scene = np.clip(scene + strength * shine[..., None], 0, 1)
    return _drops(scene, picture, strength, rng)


def _rings(centres: Points, height: int, width: int) -> tuple[Field, Field, Field]:
    """Rings on a water surface seen at a slant: displacements in pixels and highlights."""
    px = brush.unit(height, width)
    right, down, shine = (np.zeros((height, width), dtype=np.float32) for _ in range(3))
    for cx, cy in centres.tolist():
        x = (np.arange(width, dtype=np.float32)[None] - cx) / px
        y = (np.arange(height, dtype=np.float32)[:, None] - cy) / px * 3
        radius = np.hypot(x, y) + 1e-3
        # Rings widen outwards: the phase grows more slowly than the radius.
        wave = np.cos(2.4 * radius**0.68) * np.exp(-radius / 26) * np.minimum(1, radius / 4)
        right += wave * x / radius * 3.5 * px
        down += wave * y / radius * 3.5 * px
        shine += 0.13 * wave
    return right, down, shine


def _drops(scene: Field, picture: Field, strength: float, rng: np.random.Generator) -> Field:
    """Drops on the glass: each shows the scene small and upside down, dark above, bright below."""
    height, width = scene.shape[:2]
    px = brush.unit(height, width)
    count = 26
    centres = rng.random((count, 2)) * [width, height]
    radii = (1.2 + 5.5 * rng.random(count) ** 2.2) * px
    y, x = np.mgrid[:height, :width].astype(np.float32)
    right, down = np.zeros_like(x), np.zeros_like(x)
    cover, light = np.zeros_like(x), np.zeros_like(x)
    for (cx, cy), radius in zip(centres.tolist(), radii.tolist(), strict=True):
        top, left = max(0, int(cy - 1.3 * radius)), max(0, int(cx - 1.3 * radius))
        patch = np.s_[top : int(cy + 1.3 * radius) + 1, left : int(cx + 1.3 * radius) + 1]
        u, v = (x[patch] - cx) / radius, (y[patch] - cy) / (1.15 * radius)
        apart = np.hypot(u, v)
        inside = np.clip((1 - apart) * radius + 0.5, 0, 1)
        take = inside > cover[patch]
        right[patch][take] = (-u * radius * 4)[take]
        down[patch][take] = (-v * radius * 4)[take]
        shading = 0.3 * v - 0.35 * np.clip(apart - 0.75, 0, 1) * (v < 0)
        shading += 0.75 * np.exp(-((u + 0.35) ** 2 + (v + 0.45) ** 2) * 18)
        light[patch][take] = shading[take]
        cover[patch] = np.maximum(cover[patch], inside)
    inner = np.clip(brush.warp(picture, right, down) * 1.05 + light[..., None], 0, 1)
    return brush.mix(scene, inner, strength * cover[..., None])
