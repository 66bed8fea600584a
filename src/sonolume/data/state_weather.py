"""Renderings of weather on a photo: storm, rain, fog, wind.

Pictures are float32 [H, W, 3] in 0..1, as in `retouch`; results may exceed the range slightly.
"""

import numpy as np
from PIL import ImageDraw

from sonolume.data import retouch as brush
from sonolume.data.retouch import Field, Points


def thunder(picture: Field, rng: np.random.Generator) -> Field:
    """Storm light under a cloud bank, with lightning behind what stands in front of the sky."""
    height, width = picture.shape[:2]
    sky = brush.sky(picture)
    ground = brush.grade(picture, 0.5, (0.68, 0.82, 1.06))
    ground *= 0.3 + 0.32 * ground
    clouds = brush.noise(rng, height, width, (4, 3), 5)
    bank = 0.07 + 0.75 * clouds * np.sqrt(clouds) * (0.4 + 0.6 * brush.rows(height))
    storm = (bank * (0.6 + 0.5 * brush.luma(picture)))[..., None] * brush.rgb(0.66, 0.8, 1.05)
    scene = brush.mix(ground, storm, 0.88 * sky[..., None])
    scene *= (0.6 + 0.4 * brush.smoothstep(0, 0.7, brush.rows(height)))[..., None]
    seen = np.maximum(sky, 0.45 * brush.smoothstep(0.65, 0.2, brush.rows(height)))
    return _lightning(scene, seen, clouds, rng)


def _lightning(scene: Field, seen: Field, clouds: Field, rng: np.random.Generator) -> Field:
    height, width = scene.shape[:2]
    strokes = _strokes(rng, seen)

    def painter(pen: ImageDraw.ImageDraw, scale: float) -> None:
        for path, thickness in strokes:
            line = [(float(x), float(y)) for x, y in path * scale]
            wide = max(1, round(thickness * brush.unit(height, width) * scale))
            pen.line(line, fill=255, width=wide, joint="curve")

    core = brush.drawn(height, width, painter) * np.minimum(1, 1.3 * seen)
    near, far = brush.soften(core, 3), brush.soften(core, 18)
    lit = np.clip(far * 5, 0, 0.55) * (0.35 + 0.9 * clouds) * (0.25 + 0.75 * seen)
    for amount, colour in (
        (lit, brush.rgb(0.62, 0.66, 1.0)),
        (np.clip(near * 2.2, 0, 0.9), brush.rgb(0.72, 0.74, 1.0)),
        (core * 1.5, brush.rgb(1.0, 0.98, 1.0)),
    ):
        scene = brush.screen(scene, amount[..., None] * colour)
    return scene


def _strokes(rng: np.random.Generator, seen: Field) -> list[tuple[Points, float]]:
    """A main channel from the upper border to the horizon, with thinner side branches."""
    height, width = seen.shape
    weight = seen[: height // 2].mean(axis=0).astype(np.float64) + 0.02
    weight[: width // 9] = weight[-(width // 9) :] = 0
    x = float(rng.choice(width, p=weight / weight.sum()))
    start = np.array([x, -0.03 * height])
    depth = float(np.clip(seen[:, int(x)].sum() * 1.1, 0.4 * height, 0.75 * height))
    end = np.array([x + rng.normal(0, 0.14) * width, depth])
    main = brush.jagged(rng, start, end, 0.11)
    strokes = [(main, 1.15)]
    for at in rng.integers(5, 24, size=rng.integers(2, 5)):
        fall = (end - main[at]) * rng.uniform(0.35, 0.75)
        turn = rng.choice([-1, 1]) * rng.uniform(0.4, 0.9)
        spin = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
        strokes.append((brush.jagged(rng, main[at], main[at] + spin @ fall, 0.13), 0.6))
    return strokes


def rain(picture: Field, rng: np.random.Generator) -> Field:
    """Cool grey light, a veiled distance, a wet ground and falling streaks."""
    height, width = picture.shape[:2]
    sky = brush.sky(picture)
    far = brush.distance(picture, sky)[..., None]
    soft = brush.mix(picture, brush.blur(picture, 1.6), 0.85 * far)
    scene = 0.72 * brush.grade(soft, 0.5, (0.84, 0.95, 1.06))
    haze = 0.3 + 0.32 * float(brush.luma(picture).mean())
    veil = haze * brush.rgb(0.86, 0.95, 1.04)
    scene = brush.mix(scene, veil, 0.5 * far)
    scene = _wet_ground(scene, sky)
    light = 0.3 + 0.9 * brush.soften(brush.luma(scene), 10)[..., None]
    streaks = _streaks(rng, height, width)[..., None]
    return brush.mix(scene, light * brush.rgb(0.94, 0.99, 1.05), streaks)


def _wet_ground(scene: Field, sky: Field) -> Field:
    """Mirror the upper part, smeared vertically, into the lower third."""
    height = scene.shape[0]
    smear = brush.smear_down(scene[::-1], 12)
    wet = 0.4 * brush.smoothstep(0.62, 0.95, brush.rows(height)) * (1 - sky)
    return brush.mix(scene, np.maximum(smear, scene * 0.9), wet[..., None])


def _streaks(rng: np.random.Generator, height: int, width: int) -> Field:
    """Falling drops smeared by the exposure: many faint far ones, few long near ones."""
    lean = rng.uniform(-0.28, 0.28)
    px = brush.unit(height, width)
    area = height * width / (128 * 128 * px * px)
    mask = np.zeros((height, width), dtype=np.float32)
    for count, length, thick, level in ((260, 8, 0.5, 0.42), (70, 19, 0.75, 0.55)):
        tops = rng.uniform((-0.2, -0.2), (1.2, 1.0), (int(count * area), 2)) * [width, height]
        falls = rng.uniform(0.6, 1.4, len(tops)) * length * px
        shades = rng.uniform(0.35, 1.0, len(tops)) * 255

        def painter(
            pen: ImageDraw.ImageDraw,
            scale: float,
            tops: Points = tops,
            falls: Points = falls,
            shades: Points = shades,
            thick: float = thick,
        ) -> None:
            wide = max(1, round(thick * px * scale))
            ends = tops + np.stack([falls * lean, falls], axis=1)
            lines = np.concatenate([tops, ends], axis=1) * scale
            for line, shade in zip(lines.tolist(), shades.tolist(), strict=True):
                pen.line(line, fill=int(shade), width=wide)

        mask = np.maximum(mask, level * brush.drawn(height, width, painter))
    return mask


def fog(picture: Field, rng: np.random.Generator) -> Field:
    """Transmission falls exponentially with distance; what is lost turns into airlight."""
    height, width = picture.shape[:2]
    far = brush.distance(picture, brush.sky(picture))
    drift = brush.noise(rng, height, width, (3, 2), 3)
    clear = np.exp(-(0.3 + 2.1 * far) * (0.6 + 0.8 * drift))[..., None]
    scene = brush.mix(picture, brush.blur(picture, 1.2), 0.8 * far[..., None])
    scene = brush.grade(scene, 0.7, (1.0, 1.0, 1.0)) * 0.9 + 0.05
    air = (0.74 + 0.1 * (1 - brush.rows(height)) + 0.05 * (drift - 0.5))[..., None]
    return brush.mix(air * brush.rgb(0.985, 1.0, 1.01), scene, clear)


def wind(picture: Field, strength: float, rng: np.random.Generator) -> Field:
    """Lean and smear what is loose, then raise dust and leaves; `strength` in 0..1."""
    height, width = picture.shape[:2]
    px = brush.unit(height, width)
    toward = float(rng.choice([-1.0, 1.0]))
    loose = _loose(picture)
    gust = 0.55 + 0.9 * brush.noise(rng, height, width, (3, 3), 2)
    flutter = brush.noise(rng, height, width, (10, 8), 2) - 0.5
    lean = toward * strength * px * loose
    right = -lean * (9 * (0.9 - brush.rows(height)) * gust + 5 * flutter)
    scene = brush.warp(picture, right, lean * 2.5 * flutter)
    shaken = brush.field(strength * np.clip(loose * gust, 0, 1))[..., None]
    scene = brush.mix(scene, brush.smear(scene, 2.5), shaken)
    dust = brush.noise(rng, height, width, (10, 2), 3)
    dust *= np.sqrt(dust)
    dust *= strength * 0.55 * brush.smoothstep(0.2, 1.0, brush.rows(height))
    pale = brush.rgb(0.82, 0.79, 0.73) * (0.3 + 0.7 * float(brush.luma(picture).mean()))
    scene = brush.mix(scene, pale, dust[..., None])
    return _flying_leaves(scene, strength, rng)


def _loose(picture: Field) -> Field:
    """Mask of what wind moves: textured or green, rather low than high."""
    grey = brush.luma(picture)
    texture = brush.soften(np.abs(grey - brush.soften(grey, 2)), 8)
    green = picture[..., 1] - np.maximum(picture[..., 0], picture[..., 2])
    mask = 6 * texture + 4 * brush.soften(np.clip(green, 0, 1), 6) + 0.25
    return brush.field(np.clip(mask, 0, 1))


def _flying_leaves(scene: Field, strength: float, rng: np.random.Generator) -> Field:
    height, width = scene.shape[:2]
    px = brush.unit(height, width)
    for count, size, trail in ((34, 1.1, 4.0), (12, 1.9, 9.0)):
        places = rng.random((count, 2)) * [width, height]
        turns, half = rng.uniform(-0.4, 0.4, count), rng.uniform(0.6, 1.3, (count, 1)) * size * px
        along = np.stack([np.cos(turns), np.sin(turns)], axis=1) * half
        across = along[:, ::-1] * [-0.55, 0.55]
        along *= trail / 3
        leaves = np.stack([places + along, places + across, places - along, places - across], 1)

        def painter(pen: ImageDraw.ImageDraw, scale: float, leaves: Points = leaves) -> None:
            for outline in (leaves * scale).reshape(-1, 8).tolist():
                pen.polygon(outline, fill=230)

        mask = strength * brush.smear(brush.drawn(height, width, painter), trail / 8)
        colour = (brush.rgb(0.44, 0.27, 0.1), brush.rgb(0.3, 0.33, 0.1))[rng.integers(2)]
        shade = colour * (0.5 + 0.9 * float(brush.luma(scene).mean()))
        scene = brush.mix(scene, shade, mask[..., None])
    return scene
