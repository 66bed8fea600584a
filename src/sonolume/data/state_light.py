"""Renderings of light and life on a photo: fire, night, a morning with birds.

Pictures are float32 [H, W, 3] in 0..1, as in `retouch`; results may exceed the range slightly.
"""

from math import exp

import numpy as np
from PIL import ImageDraw

from sonolume.data import retouch as brush
from sonolume.data.retouch import Field


def fire(picture: Field, rng: np.random.Generator) -> Field:
    """Dim surroundings lit from below by flames, with sparks."""
    height, width = picture.shape[:2]
    side = rng.uniform(0.2, 0.8)
    away = np.hypot((brush.columns(width) - side) * 0.8, 1.05 - brush.rows(height))
    reach = np.exp(-np.square(away / 0.6))[..., None]
    dusk = 0.42 * brush.grade(picture, 0.6, (1.1, 0.86, 0.72))
    lit = brush.grade(picture, 0.7, (1.5, 0.92, 0.46)) * (0.85 + 0.2 * reach)
    scene = brush.mix(dusk, lit, reach)
    scene += 0.22 * reach * brush.rgb(1.0, 0.42, 0.08)
    heat = _flames(rng, height, width, side)
    halo = brush.soften(heat, 12)[..., None] * brush.rgb(0.65, 0.22, 0.03)
    scene = brush.screen(scene, halo)
    glow = _ember_colours(heat)
    scene = scene * (1 - 0.75 * brush.smoothstep(0.15, 0.7, heat)[..., None])
    scene = brush.screen(scene, glow)
    sparks = _sparks(rng, height, width, side)[..., None]
    return scene + sparks * brush.rgb(1.0, 0.62, 0.22)


def _ember_colours(heat: Field) -> Field:
    """Colour of glowing soot, from deep red through orange to pale yellow."""
    square = heat * heat
    return np.stack(
        [heat * (1.3 - 0.3 * heat), 0.78 * square, 0.5 * square * square * heat], axis=2
    )


def _flames(rng: np.random.Generator, height: int, width: int, side: float) -> Field:
    """Heat 0..1 of tongues along the lower border: noise drawn out upwards, cut by their height."""
    across = brush.columns(width)
    tops = np.full((1, width), 0.015, dtype=np.float32)
    for _ in range(14):
        centre = rng.normal(side, 0.24)
        tall = rng.uniform(0.1, 0.5) * exp(-2 * abs(centre - side))
        wide = rng.uniform(0.02, 0.07)
        tops = np.maximum(tops, tall * np.exp(-(np.abs((across - centre) / wide) ** 1.4)))
    rise = 1 - brush.rows(height)
    sway = brush.noise(rng, height, width, (5, 3), 3) - 0.5
    licking = brush.noise(rng, height, width, (3, 8), 3)
    shape = np.clip(1 - rise / tops, 0, 1) ** 0.6 * np.clip(0.15 + 1.5 * licking, 0, 1.15)
    swayed = brush.warp(shape[..., None], sway * 0.55 * width * rise, -12 * sway * rise)[..., 0]
    return np.clip(brush.soften(swayed, 1.2), 0, 1)


def _sparks(rng: np.random.Generator, height: int, width: int, side: float) -> Field:
    px = brush.unit(height, width)
    count = 46
    rise = rng.beta(1.2, 1.8, count)
    centres = np.stack([rng.normal(side, 0.12 + 0.25 * rise), 1 - rise], axis=1) * [width, height]
    radii = rng.uniform(0.35, 0.8, count) * px
    levels = rng.uniform(0.4, 1.3, count) * (1 - 0.6 * rise)
    points = brush.spots(height, width, centres, radii, levels)
    return points + brush.spots(height, width, centres, radii * 3.5, levels * 0.16)


def night(picture: Field, rng: np.random.Generator) -> Field:
    """Dark blue light; a moon and stars where there is enough sky, else (or by chance) lamps."""
    height = picture.shape[0]
    sky = brush.sky(picture)
    dark = brush.grade(picture, 0.4, (0.55, 0.74, 1.12))
    dark *= 0.18 + 0.16 * dark
    fall = 0.05 + 0.11 * brush.rows(height)
    heaven = fall[..., None] * brush.rgb(0.5, 0.75, 1.5)
    heaven = heaven * (0.7 + 0.5 * brush.luma(picture))[..., None]
    scene = brush.mix(dark, heaven, 0.9 * sky[..., None])
    if sky[: height // 3].mean() > 0.45 and rng.random() < 0.7:
        return _moonlit(scene, sky, rng)
    return _lamplit(scene, picture, sky, rng)


def _moonlit(scene: Field, sky: Field, rng: np.random.Generator) -> Field:
    height, width = scene.shape[:2]
    px = brush.unit(height, width)
    high = sky * brush.smoothstep(0.5, 0.2, brush.rows(height))
    high[:, : width // 10] = high[:, -width // 10 :] = high[: height // 12] = 0
    moon = brush.scatter(rng, high**4, 1)
    stars = brush.scatter(rng, sky, 26)
    radius = rng.uniform(4.0, 6.5) * px
    y, x = np.mgrid[:height, :width].astype(np.float32)
    cx, cy = moon[0].tolist()
    disc = np.clip(radius - np.hypot(x - cx, y - cy) + 0.5, 0, 1)
    face = disc * (0.78 + 0.3 * brush.noise(rng, height, width, (24, 24), 2))
    halo = brush.spots(
        height, width, moon.repeat(2, 0), radius * np.array([2.0, 6.0]), np.array([0.3, 0.16])
    )
    points = brush.spots(height, width, stars, np.full(26, 0.45 * px), rng.uniform(0.1, 0.7, 26))
    scene += (points * sky**2)[..., None]
    scene += (halo * (0.3 + 0.7 * sky))[..., None] * brush.rgb(0.55, 0.7, 1.0)
    return brush.mix(scene, face[..., None] * brush.rgb(1.0, 0.98, 0.9), disc[..., None])


def _lamplit(scene: Field, picture: Field, sky: Field, rng: np.random.Generator) -> Field:
    """Lamps light up what is around them and bloom in the lens."""
    height, width = scene.shape[:2]
    px = brush.unit(height, width)
    count = int(rng.integers(3, 7))
    ground = (1 - 0.9 * sky) * brush.smoothstep(0.1, 0.4, brush.rows(height))
    lamps = brush.scatter(rng, ground * brush.smoothstep(1.0, 0.6, brush.rows(height)), count)
    sizes = rng.uniform(0.6, 1.3, count) * px
    pool = brush.spots(height, width, lamps, sizes * 11, np.full(count, 0.4))[..., None]
    bloom = brush.spots(height, width, lamps, sizes * 2.8, np.full(count, 0.3))[..., None]
    bulbs = brush.spots(height, width, lamps, sizes, np.full(count, 1.2))[..., None]
    amber = brush.rgb(1.0, 0.72, 0.38)
    lit = scene + np.minimum(pool, 0.8) * picture * amber + 0.03 * pool * amber
    return brush.field(lit + bloom * amber + bulbs * brush.rgb(1.0, 0.93, 0.75))


def birds(picture: Field, rng: np.random.Generator) -> Field:
    """Low sun from an upper corner and a flock in the sky."""
    height, width = picture.shape[:2]
    sky = brush.sky(picture)
    side = rng.uniform(-0.1, 1.1)
    scene = np.clip(brush.grade(picture, 1.15, (1.08, 1.01, 0.87)), 0, 1)
    scene = brush.mix(scene, np.sqrt(scene), 0.3)
    sun = np.exp(-np.square(np.hypot(brush.columns(width) - side, brush.rows(height)) / 0.7))
    glow = 0.3 * sun[..., None] * brush.rgb(1.0, 0.87, 0.55)
    scene = brush.screen(scene, glow)
    upper = brush.smoothstep(0.6, 0.15, brush.rows(height))
    weight = upper * (0.04 + sky**2)
    flock = _flock(rng, weight)[..., None]
    return brush.mix(scene, brush.rgb(0.1, 0.1, 0.12), 0.92 * flock)


def _flock(rng: np.random.Generator, weight: Field) -> Field:
    """Silhouettes of 4 to 9 birds seen from the side, wings anywhere in the beat."""
    height, width = weight.shape
    px = brush.unit(height, width)
    count = int(rng.integers(4, 10))
    places = brush.scatter(rng, weight, count)
    spans = rng.uniform(2.6, 5.5, count) * px
    beats, tilts = rng.uniform(-0.25, 0.75, count), rng.normal(0, 0.2, count)
    bend = np.array([-1.0, -0.8, -0.5, -0.2, 0.0, 0.2, 0.5, 0.8, 1.0])
    arch = np.array([0.55, 0.85, 0.8, 0.35, 0.0, 0.35, 0.8, 0.85, 0.55])
    thick = np.array([0.0, 0.1, 0.17, 0.2, 0.22, 0.2, 0.17, 0.1, 0.0])

    def painter(pen: ImageDraw.ImageDraw, scale: float) -> None:
        for place, span, beat, tilt in zip(places, spans, beats, tilts, strict=True):
            upper = np.stack([bend, -arch * beat], axis=1)
            lower = upper + np.stack([bend * 0, thick], axis=1)
            outline = np.concatenate([upper, lower[::-1]])
            spin = np.array([[np.cos(tilt), np.sin(tilt)], [-np.sin(tilt), np.cos(tilt)]])
            placed = (outline @ spin * span + place) * scale
            pen.polygon([tuple(p) for p in placed.tolist()], fill=255)
            x, y = place * scale
            half = span * scale
            pen.ellipse((x - 0.12 * half, y - 0.08 * half, x + 0.4 * half, y + 0.3 * half), 255)

    return brush.drawn(height, width, painter)
