"""Scenes drawn from nothing: a beach, hills, a city, a forest. No photo, no painter.

    python examples/scenes.py [FOLDER]

Each is made of layers from far to near: a sky, haze that grows with distance, textures of fractal
noise squeezed by perspective. Seeds are fixed, so every run draws the same pictures.
"""

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from sonolume.media import Picture

SIDE = 256
DRAWN = 2 * SIDE  # drawn larger and brought down, so that edges are smooth

Field = NDArray[np.float64]
Rng = np.random.Generator
Colour = Sequence[float]

Y, X = np.mgrid[:DRAWN, :DRAWN] / DRAWN  # down and right, 0..1


def noise(rng: Rng, across: float, down: float, octaves: int = 5, roughness: float = 0.5) -> Field:
    """Fractal noise [H, W] of mean 0 and deviation 1; the largest grains are 1/across wide."""
    total = np.zeros((DRAWN, DRAWN))
    for octave in range(octaves):
        rows, columns = (2 + min(DRAWN, round(n * 2**octave)) for n in (down, across))
        grains = rng.standard_normal((rows, columns)).astype(np.float32)
        smooth = Image.fromarray(grains).resize((DRAWN, DRAWN), Image.Resampling.BICUBIC)
        total += roughness**octave * np.asarray(smooth)
    return (total - total.mean()) / total.std()


def step(values: Field, low: float, high: float) -> Field:
    """0 below `low`, 1 above `high`, smooth between (Hermite)."""
    t = np.clip((values - low) / (high - low), 0, 1)
    return t * t * (3 - 2 * t)


def blend(below: Field, above: Field | Colour, cover: Field) -> Field:
    """`above` painted over `below` [H, W, 3] where `cover` [H, W] is 1."""
    return below + (np.asarray(above) - below) * cover[..., None]


def ramp(values: Field, *stops: tuple[float, Colour]) -> Field:
    """Colours [H, W, 3] along `values`, straight between the stops."""
    places = [place for place, _ in stops]
    return np.stack(
        [np.interp(values, places, [colour[i] for _, colour in stops]) for i in range(3)], axis=-1
    )


def sky(rng: Rng, horizon: float, zenith: Colour, low: Colour, clouds: float) -> Field:
    """A sky with fair-weather clouds, which lie flatter and denser towards the horizon."""
    depth = np.clip(Y / horizon, 0, 1)
    picture = ramp(
        depth, (0, zenith), (0.7, 0.45 * np.array(zenith) + 0.55 * np.array(low)), (1, low)
    )
    shape = noise(rng, 3, 7, 6, 0.55) - 0.6 * (1 - depth)
    cover = clouds * step(shape, 0.25, 1.5) * (1 - 0.5 * step(depth, 0.75, 1.0))
    shade = 0.86 + 0.12 * step(np.roll(shape, -14, axis=0) - shape, -0.8, 0.6)
    white = shade[..., None] * np.array([1.0, 0.99, 0.97])
    return blend(picture, white, cover)


def ridge(rng: Rng, height: float, relief: float, across: float, octaves: int = 6) -> Field:
    """A mask [H, W], 1 below a rugged skyline around `height` (0 is the top)."""
    line = height + relief * noise(rng, across, 1, octaves)[:1]
    return step(Y - line, -0.5 / DRAWN, 0.5 / DRAWN)


def beach(rng: Rng) -> Field:
    """Sea under a summer sky, two lines of surf, sand with wet edge and ripples."""
    horizon = 0.42
    picture = sky(rng, horizon, (0.27, 0.53, 0.83), (0.80, 0.90, 0.96), 0.9)
    island = ridge(rng, 0.425, 0.022, 3) * step(X, 0.52, 0.75) * (horizon > Y)
    picture = blend(picture, (0.47, 0.58, 0.66), 0.9 * island)
    near = np.clip((Y - horizon) / (1 - horizon), 0, 1)
    swell = noise(rng, 6, 60, 4, 0.6) * (0.2 + near) + 0.7 * np.sin(90 * np.sqrt(near + 0.02))
    water = ramp(
        near, (0, (0.20, 0.46, 0.64)), (0.25, (0.12, 0.50, 0.62)), (0.6, (0.42, 0.74, 0.74))
    )
    water *= 1 + 0.07 * swell[..., None]
    picture = blend(picture, water, step(Y, horizon, horizon + 0.003))
    shore = 0.70 + 0.10 * (X - 0.5) + 0.014 * noise(rng, 3, 1, 3)[:1]
    for away, width in ((0.115, 0.010), (0.055, 0.016)):
        line = shore - away + 0.006 * noise(rng, 8, 1, 4)[:1]
        foam = np.exp(-(((Y - line) / width) ** 2)) * step(noise(rng, 26, 40, 4), -0.9, 0.6)
        picture = blend(picture, (0.97, 0.99, 0.99), 0.9 * foam)
    ripples = 0.05 * noise(rng, 9, 50, 5, 0.7) + 0.03 * noise(rng, 120, 120, 2)
    dry = np.array([0.87, 0.77, 0.58]) * (1 + ripples * step(Y - shore, 0.0, 0.2))[..., None]
    wet = 1 - 0.32 * (1 - step(Y - shore, 0.0, 0.11))
    picture = blend(picture, dry * wet[..., None], step(Y - shore, -0.004, 0.004))
    lace = np.exp(-(((Y - shore) / 0.012) ** 2)) * step(noise(rng, 40, 60, 3), -0.7, 0.5)
    return blend(picture, (0.98, 0.98, 0.96), 0.95 * lace)


def hills(rng: Rng) -> Field:
    """Ridge behind ridge, paler with distance, over a meadow with trees and a path."""
    picture = sky(rng, 0.55, (0.30, 0.55, 0.85), (0.86, 0.91, 0.94), 0.95)
    far, grass = np.array([0.62, 0.72, 0.82]), np.array([0.30, 0.47, 0.20])
    for k, (height, relief) in enumerate(
        ((0.40, 0.045), (0.47, 0.03), (0.54, 0.026), (0.61, 0.02))
    ):
        colour = far + (grass * 0.8 - far) * (k / 3.4) ** 0.8
        slopes = 1 + (0.02 + 0.03 * k) * noise(rng, 12, 26, 6, 0.65)
        sunny = 1 + 0.10 * noise(rng, 3, 2, 3)
        picture = blend(
            picture, colour * (slopes * sunny)[..., None], ridge(rng, height, relief, 2.5)
        )
    line = 0.70 + 0.02 * noise(rng, 1.5, 1, 2)[:1]
    near = np.clip((Y - line) / (1 - line), 0, 1)
    blades = noise(rng, 90, 30, 4, 0.7) * (0.3 + near) + 0.6 * noise(rng, 4, 10, 4)
    meadow = (
        ramp(near, (0, (0.50, 0.60, 0.28)), (1, (0.25, 0.44, 0.14)))
        * (1 + 0.09 * blades)[..., None]
    )
    flowers = step(noise(rng, 150, 110, 1), 2.2, 2.6) * step(near, 0.1, 0.5)
    meadow = blend(meadow, (0.95, 0.86, 0.42), 0.8 * flowers)
    bend = 0.55 - 0.10 * near + 0.10 * np.sin(5.5 * np.sqrt(near))
    path = np.exp(-(((X - bend) / (0.008 + 0.075 * near)) ** 4))
    meadow = blend(meadow, (0.77, 0.70, 0.54), 0.85 * path)
    picture = blend(picture, meadow, step(Y - line, -0.002, 0.002))
    for x, base, size in (
        (0.16, 0.735, 0.11),
        (0.24, 0.72, 0.075),
        (0.84, 0.75, 0.14),
        (0.93, 0.73, 0.08),
    ):
        picture = tree(rng, picture, x, base, size)
    return picture


def tree(rng: Rng, picture: Field, x: float, base: float, size: float) -> Field:
    """A round tree with a lit and a shaded side, and its shadow on the ground."""
    shadow = np.exp(-(((X - x - 0.35 * size) / size) ** 2) - ((Y - base) / (0.10 * size)) ** 2)
    picture = picture * (1 - 0.35 * shadow)[..., None]
    trunk = (np.abs(X - x) < 0.05 * size) & (base - 0.5 * size < Y) & (base > Y)
    picture = blend(picture, (0.25, 0.19, 0.13), trunk.astype(float))
    leaves = noise(rng, 28, 28, 4, 0.7)
    distance = np.hypot((X - x) / (0.55 * size), (Y - base + 0.85 * size) / (0.62 * size))
    crown = step(1.0 + 0.13 * leaves - distance, 0.0, 0.05)
    light = 0.75 - 0.35 * (X - x) / size - 0.4 * (Y - base + 0.85 * size) / size + 0.13 * leaves
    return blend(picture, np.array([0.28, 0.45, 0.17]) * light[..., None], crown)


def city(rng: Rng) -> Field:
    """A skyline in the late afternoon, its windows, and its reflection in a river."""
    bank = 0.70
    picture = sky(rng, 0.6, (0.36, 0.55, 0.82), (1.0, 0.88, 0.72), 0.7)
    for k, (tallest, wide) in enumerate(((0.42, 0.035), (0.56, 0.05), (0.34, 0.065))):
        haze = np.array([0.74, 0.76, 0.80]) * (1 - k / 2) + np.array([0.33, 0.35, 0.42]) * (k / 2)
        picture = skyline(rng, picture, bank, tallest, wide, haze, 0.25 + 0.3 * k)
    quay = (bank - 0.012 < Y) & (bank > Y)
    picture = blend(picture, (0.30, 0.29, 0.30), quay.astype(float))
    depth = np.clip((Y - bank) / (1 - bank), 0, 1)
    waves = noise(rng, 10, 90, 4, 0.6) * (0.3 + depth)
    rows = np.clip((2 * bank - Y + 0.012 * waves) * DRAWN, 0, DRAWN - 1).astype(int)
    columns = np.clip((X + 0.004 * waves) * DRAWN, 0, DRAWN - 1).astype(int)
    mirror = picture[rows, columns] * 0.62 + np.array([0.10, 0.16, 0.20]) * 0.7
    mirror *= (1 - 0.25 * depth + 0.05 * waves)[..., None]
    return blend(picture, mirror, (bank <= Y).astype(float))


def skyline(
    rng: Rng,
    picture: Field,
    bank: float,
    tallest: float,
    wide: float,
    colour: Field,
    contrast: float,
) -> Field:
    """Houses side by side, some with a mast, each with a lit left edge and rows of windows."""
    left = -rng.uniform(0, wide)
    while left < 1:
        width = wide * rng.uniform(0.6, 1.5)
        middle = 1 - abs(2 * (left + width / 2) - 1.1) ** 1.5
        height = tallest * np.clip(0.35 + 0.65 * middle * rng.uniform(0.5, 1.0), 0.2, 1)
        top = bank - height
        inside = (left <= X) & (left + 0.94 * width > X) & (top < Y) & (bank > Y)
        wall = (
            colour
            * rng.uniform(0.85, 1.12)
            * (1 + 0.3 * contrast * (0.5 - (X - left) / width))[..., None]
        )
        column, row = (X - left) / 0.011, (Y - top) / 0.015
        pane = (column % 1 > 0.35) & (row % 1 > 0.4) & (Y - top > 0.012)
        lit = rng.random((200, 200))[row.astype(int) % 200, column.astype(int) % 200]
        glass = np.where(
            (lit > 0.9)[..., None], (1.0, 0.86, 0.56), np.array([0.55, 0.66, 0.78]) * 0.8
        )
        wall = blend(wall, glass, contrast * pane)
        picture = blend(picture, wall, inside.astype(float))
        if height > 0.75 * tallest and rng.random() < 0.5:
            mast = (np.abs(X - left - 0.47 * width) < 0.0018) & (top - 0.06 < Y) & (top >= Y)
            picture = blend(picture, colour, mast.astype(float))
        left += width
    return picture


def forest(rng: Rng) -> Field:
    """Trunks behind trunks in green light, ferns on the ground, sun through the crowns."""
    glow = np.exp(-(((X - 0.58) / 0.40) ** 2) - ((Y - 0.36) / 0.36) ** 2)
    picture = ramp(glow, (0, (0.20, 0.33, 0.18)), (1, (0.90, 0.95, 0.70)))
    picture = picture * (1 + 0.14 * noise(rng, 14, 14, 6, 0.7))[..., None]
    haze = np.array([0.60, 0.72, 0.47])
    for k, count in enumerate((26, 15, 9, 5)):
        near = (k + 1) / 4
        bark = haze + (np.array([0.15, 0.12, 0.09]) - haze) * near**0.7
        ground = 0.60 + 0.075 * k
        texture = 1 + (0.05 + 0.16 * near) * noise(rng, 110, 9, 4, 0.6)
        picture = blend(
            picture,
            forest_floor(rng, near, glow),
            step(Y - ground + 0.01 * noise(rng, 5, 1, 4)[:1], 0, 0.012),
        )
        for x in (np.arange(count) + rng.uniform(0.1, 0.9, count)) / count:
            width = (0.004 + 0.022 * near**1.5) * rng.uniform(0.7, 1.4)
            lean = 0.05 * rng.standard_normal() * (Y - 0.5)
            flare = 1 + 0.8 * np.exp(-((ground + 0.05 * near - Y) / 0.035))
            across = (X - x - lean) / (width * np.minimum(flare, 2.2))
            foot = ground + 0.05 * near + 0.010 * noise(rng, 90, 1, 2)[:1]
            trunk = step(1 - np.abs(across), 0, 0.15) * step(foot - Y, 0, 0.006)
            lit = texture * (1.15 - 0.45 * across * np.sign(x - 0.58))
            picture = blend(picture, bark * lit[..., None], trunk)
        crowns = step(
            noise(rng, 7 + 2 * k, 9 + 2 * k, 6, 0.72) + 5.5 * (0.20 + 0.05 * near - Y), 0.1, 0.7
        )
        leaves = (haze * (1 - near) + np.array([0.16, 0.30, 0.10]) * near) * (
            1 + 0.22 * noise(rng, 40, 40, 4, 0.7)
        )[..., None]
        picture = blend(picture, leaves, 0.85 * crowns)
    rays = np.exp(-(((X - 0.58 + 0.55 * (Y - 0.2)) / 0.28) ** 2)) * step(
        noise(rng, 9, 1, 2)[:1] + 0 * Y, 0.2, 1.2
    )
    return picture + 0.10 * (rays * step(0.85 - Y, 0, 0.5))[..., None] * np.array([1.0, 0.95, 0.7])


def forest_floor(rng: Rng, near: float, glow: Field) -> Field:
    """Moss and ferns, lighter where the sun reaches."""
    ferns = noise(rng, 30, 34, 5, 0.75)
    moss = np.array([0.42, 0.50, 0.22]) * (1 - near) + np.array([0.22, 0.28, 0.11]) * near
    light = 1 + 0.22 * ferns + 0.5 * np.exp(-(((X - 0.5) / 0.25) ** 2)) * (0.3 + glow)
    return moss * light[..., None]


SCENES: dict[str, Callable[[Rng], Field]] = {
    "beach": beach,
    "hills": hills,
    "city": city,
    "forest": forest,
}


def draw(name: str, seed: int = 0) -> Picture:
    """The named scene, 256 × 256."""
    rng = np.random.default_rng([seed, list(SCENES).index(name)])
    drawn = np.clip(SCENES[name](rng), 0, 1)
    return Picture((255 * drawn + 0.5).astype(np.uint8)).resize(SIDE, SIDE)


def main() -> None:
    """Write every scene into the folder of the command line."""
    parser = argparse.ArgumentParser(description="Draw the example scenes as PNG files.")
    parser.add_argument("folder", nargs="?", type=Path, default=Path("scenes"))
    folder: Path = parser.parse_args().folder
    folder.mkdir(parents=True, exist_ok=True)
    for name in SCENES:
        draw(name).save(folder / f"{name}.png", force=True)


if __name__ == "__main__":
    main()
