"""Brushes for photographic edits: noise, masks, warps and small drawings on float pictures.

Pictures are float32 [H, W, 3] in 0..1, gamma-coded; fields and masks are float32 [H, W]. Sizes of
brushes are in units of 1/128 of the shorter side, so that an edit looks alike at every resolution.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

Field = NDArray[np.float32]
Points = NDArray[np.float64]

_LUMA = np.array([0.2126, 0.7152, 0.0722], dtype=np.float32)
_MAX_CANVAS = 1024


def unit(height: int, width: int) -> float:
    """Pixels in 1/128 of the shorter side."""
    return min(height, width) / 128


def field(values: NDArray[np.floating]) -> Field:
    """The values as float32; without a copy where they are."""
    return np.asarray(values, dtype=np.float32)


def rgb(red: float, green: float, blue: float) -> Field:
    """A colour, [3]."""
    return np.array([red, green, blue], dtype=np.float32)


def screen(picture: Field, light: Field) -> Field:
    """Add light as film does: bright parts fill up and never exceed 1."""
    lit: Field = 1 - (1 - np.clip(picture, 0, 1)) * (1 - np.clip(light, 0, 1))
    return lit


def luma(picture: Field) -> Field:
    """Rec. 709 weighting of the gamma-coded channels, [H, W]."""
    return picture @ _LUMA


def mix(a: Field, b: Field | float, amount: Field | float) -> Field:
    """Linear blend from `a` (amount 0) to `b` (amount 1)."""
    blended: Field = (b - a) * amount
    blended += a
    return blended


def grade(picture: Field, saturation: float, tint: tuple[float, float, float]) -> Field:
    """Scale the saturation around the luma, then multiply the channels by `tint`."""
    grey = luma(picture)[..., None]
    return mix(grey, picture, saturation) * np.array(tint, dtype=np.float32)


def rows(height: int) -> Field:
    """Column [H, 1] that runs from 0 at the top to 1 at the bottom."""
    return np.linspace(0, 1, height, dtype=np.float32)[:, None]


def columns(width: int) -> Field:
    """Row [1, W] that runs from 0 on the left to 1 on the right."""
    return np.linspace(0, 1, width, dtype=np.float32)[None, :]


def smoothstep(low: float, high: float, values: Field) -> Field:
    """Cubic ramp from 0 at `low` to 1 at `high`; falls when `low` is the larger."""
    ramp = np.clip((values - low) / (high - low), 0, 1)
    return field(ramp * ramp * (3 - 2 * ramp))


def resize(values: Field, height: int, width: int, *, average: bool = False) -> Field:
    """Resample a field, by box average or by cubic interpolation."""
    method = Image.Resampling.BOX if average else Image.Resampling.BICUBIC
    return np.asarray(Image.fromarray(values).resize((width, height), method), dtype=np.float32)


def soften(values: Field, radius: float) -> Field:
    """Wide blur of a field without banding, through a smaller copy; `radius` in 1/128."""
    height, width = values.shape
    step = max(1.0, radius * unit(height, width))
    small = resize(values, max(2, round(height / step)), max(2, round(width / step)), average=True)
    return resize(small, height, width)


def blur(picture: Field, radius: float) -> Field:
    """Gaussian blur of a picture; `radius` (standard deviation) in 1/128."""
    sigma = radius * unit(*picture.shape[:2])
    blurred = Image.fromarray(to_bytes(picture)).filter(ImageFilter.GaussianBlur(sigma))
    return from_bytes(np.asarray(blurred))


def from_bytes(pixels: NDArray[np.uint8]) -> Field:
    """Scale 0..255 to 0..1."""
    return field(pixels.astype(np.float32) / 255)


def to_bytes(picture: Field) -> NDArray[np.uint8]:
    """Round and clip 0..1 to 0..255."""
    return (np.clip(picture, 0, 1) * 255 + 0.5).astype(np.uint8)


def smear(picture: Field, reach: float) -> Field:
    """Motion blur along the rows of a picture or mask; `reach` to each side in 1/128."""
    radius = reach * unit(*picture.shape[:2])
    smeared = Image.fromarray(to_bytes(picture)).filter(ImageFilter.BoxBlur((radius, 0)))
    return from_bytes(np.asarray(smeared))


def smear_down(picture: Field, bands: int) -> Field:
    """Average the rows of a picture into `bands` and blend from band to band."""
    height, width = picture.shape[:2]
    few = Image.fromarray(to_bytes(picture)).resize((width, bands), Image.Resampling.BOX)
    return from_bytes(np.asarray(few.resize((width, height), Image.Resampling.BICUBIC)))


def noise(
    rng: np.random.Generator, height: int, width: int, cells: tuple[int, int], octaves: int = 4
) -> Field:
    """Fractal value noise in 0..1: `cells` (down, across) of the coarsest octave."""
    total = rng.random((cells[0] + 1, cells[1] + 1), dtype=np.float32)
    for octave in range(1, octaves):
        down, across = (cells[0] << octave) + 1, (cells[1] << octave) + 1
        finer = rng.random((down, across), dtype=np.float32)
        total = field(resize(total, down, across) + finer / 2**octave)
    total = resize(total, height, width)
    total = field(total - total.min())
    return field(total / max(float(total.max()), 1e-6))


def sky(picture: Field) -> Field:
    """Soft mask of what lies above the first strong edge of each column: mostly sky.

    The upper border is the seed; a column stops being sky at its first textured, dark or strongly
    warm pixel. Plain studio backgrounds count as sky too.
    """
    height, width = picture.shape[:2]
    whole = Image.fromarray(to_bytes(picture))
    small = from_bytes(np.asarray(whole.resize((64, 64), Image.Resampling.BOX)))
    grey = luma(small)
    edges = np.zeros_like(grey)
    edges[1:] += np.abs(np.diff(grey, axis=0))
    edges[:, 1:] += np.abs(np.diff(grey, axis=1))
    # Edges among clouds are bright on both sides; those of roofs and trees have a dark side.
    edges = soften(field(edges * (1.3 - np.square(grey))), 4)
    redness, greenness = small[..., 0] - small[..., 2], small[..., 1] - small[..., 2]
    doubt = edges + 0.4 * np.clip(redness - 0.15, 0, 1) + 0.6 * np.clip(greenness - 0.04, 0, 1)
    doubt += 0.3 * np.clip(0.3 - grey, 0, 1)
    doubt = np.maximum.accumulate(doubt, axis=0)
    wires = np.pad(doubt, ((0, 0), (3, 3)), mode="edge")
    doubt = np.minimum(doubt, 0.5 * (wires[:, :64] + wires[:, 6:]))
    # Calm water runs on to the lower border; whatever lies that low is no sky.
    found = field(smoothstep(0.14, 0.05, field(doubt)) * smoothstep(0.9, 0.6, rows(64)))
    return np.clip(resize(soften(found, 3), height, width), 0, 1)


def distance(picture: Field, sky_mask: Field) -> Field:
    """Guess of how far things are, 0..1: the sky is far, and what stands higher is farther."""
    height = picture.shape[0]
    ground = smoothstep(1.05, 0.25, rows(height))
    return field(np.maximum(sky_mask, 0.85 * ground))


def warp(picture: Field, right: Field, down: Field) -> Field:
    """Bilinear resampling: pixel (y, x) takes the value at (y + down, x + right), in pixels."""
    height, width = picture.shape[:2]
    across = np.clip(np.arange(width, dtype=np.float32) + right, 0, width - 1)
    along = np.clip(np.arange(height, dtype=np.float32)[:, None] + down, 0, height - 1)
    x0 = np.minimum(across.astype(np.intp), max(width - 2, 0))
    y0 = np.minimum(along.astype(np.intp), max(height - 2, 0))
    x1, y1 = np.minimum(x0 + 1, width - 1), np.minimum(y0 + 1, height - 1)
    fx, fy = across - x0.astype(np.float32), along - y0.astype(np.float32)
    planes = np.ascontiguousarray(picture.reshape(height * width, -1).T)

    def corner(row: NDArray[np.intp], column: NDArray[np.intp]) -> Field:
        # Plane by plane, a gather is several times faster than by rows of three channels.
        gathered = np.take(planes, (row * width + column).ravel(), axis=1)
        return field(gathered.reshape(-1, height, width))

    top = mix(corner(y0, x0), corner(y0, x1), fx)
    bottom = mix(corner(y1, x0), corner(y1, x1), fx)
    return np.ascontiguousarray(mix(top, bottom, fy).transpose(1, 2, 0))


def drawn(height: int, width: int, painter: Callable[[ImageDraw.ImageDraw, float], None]) -> Field:
    """Antialiased mask 0..1 of what `painter(pen, scale)` draws at `scale` times the size."""
    scale = 4 if max(height, width) * 4 <= _MAX_CANVAS else 2
    canvas = Image.new("L", (width * scale, height * scale))
    painter(ImageDraw.Draw(canvas), scale)
    return from_bytes(np.asarray(canvas.reduce(scale)))


def jagged(rng: np.random.Generator, start: Points, end: Points, roughness: float) -> Points:
    """Path [33, 2] from `start` to `end` by midpoint displacement, as sparks and cracks run."""
    path = np.stack([start, end])
    for _ in range(5):
        steps = np.diff(path, axis=0)
        across = steps[:, ::-1] * np.array([1.0, -1.0])
        push = rng.normal(0, roughness, (len(steps), 1))
        finer = np.empty((len(path) + len(steps), 2))
        finer[::2], finer[1::2] = path, path[:-1] + steps / 2 + across * push
        path = finer
    return path


def scatter(rng: np.random.Generator, weights: Field, count: int) -> Points:
    """`count` positions (x, y) in pixels, drawn with probability proportional to `weights`."""
    height, width = weights.shape
    coarse = resize(weights, 32, 32, average=True).clip(0).ravel().astype(np.float64) + 1e-9
    cells = np.searchsorted(np.cumsum(coarse / coarse.sum()), rng.random(count)).clip(0, 1023)
    jitter = rng.random((count, 2))
    positions = np.stack([cells % 32, cells // 32], axis=1) + jitter
    return np.asarray(positions * [width / 32, height / 32], dtype=np.float64)


def spots(height: int, width: int, centres: Points, radii: Points, levels: Points) -> Field:
    """Sum of Gaussian spots: `centres` (x, y) [N, 2], `radii` [N] in pixels, `levels` [N]."""
    centres, spread = centres.astype(np.float32), (2 * np.square(radii)).astype(np.float32)[:, None]
    across = np.arange(width, dtype=np.float32) - centres[:, :1]
    along = np.arange(height, dtype=np.float32) - centres[:, 1:]
    wide, tall = np.exp(-np.square(across) / spread), np.exp(-np.square(along) / spread)
    summed: Field = (tall * levels[:, None].astype(np.float32)).T @ wide
    return summed
