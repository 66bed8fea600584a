"""How two pictures lie over one another: which part they share, and how much closer one is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from sonolume.correspondence.views import Field, Window, resized
from sonolume.media import Picture

__all__ = ["Alignment", "align"]

SIDE: Final = 64
SOFTENED: Final = 1.0
# Dense up to a crop, then an eighth of an octave apart.
OCTAVES: Final = np.array([0, 0.04, 0.08, 0.12, *np.arange(2, 13) / 8])
# A crop up to this much is no zoom: the shared part is compared, and scale stays 0.
CROPPED: Final = 0.13
# Another placement must match at least this well, and leave less than this share of what the
# frames as they are leave unexplained.
TRUSTED: Final = 0.75
UNEXPLAINED: Final = 0.5
# Summed squares of edge strength under which a thumbnail shows nothing.
FLAT: Final = 1e-3


@dataclass(frozen=True)
class Alignment:
    """How the second of two pictures lies over the first.

    Attributes:
        windows: the part of each to compare, as shares of its sides (top, left, bottom, right).
        scale: octaves by which the second is closer (1: what is seen is twice as large), -1.5..1.5;
            0 where no zoom explains the two better than none.
        unrelated: 0 for pictures of the same thing, 1 for pictures that share nothing.
    """

    windows: tuple[Window, Window]
    scale: float
    unrelated: float


@dataclass(frozen=True)
class _Found:
    """The best placement of a template of each size: correlations [S] and windows in the whole."""

    scores: NDArray[np.float64]
    windows: tuple[Window, ...]
    kept: tuple[Window, ...]

    def pair(self, index: int) -> tuple[Window, Window]:
        """The windows of whole and part that cover each other."""
        return self.windows[index], self.kept[index]


def align(before: Picture, after: Picture) -> Alignment:
    """Find each picture in the other at sizes from 1 to 1/2.8, anywhere in the frame.

    Template matching by normalised cross-correlation of lightness (Lewis 1995, "Fast normalized
    cross-correlation"); a parabola through the best three sizes gives the scale between them.
    """
    first, second = _thumbnail(before), _thumbnail(after)
    closer, further = _placements(first, second), _placements(second, first)
    inwards = bool(closer.scores.max() >= further.scores.max())
    found = closer if inwards else further
    index, alike = _chosen(found, *((first, second) if inwards else (second, first)))
    octaves = _peak(found.scores, index)
    cropped = octaves <= CROPPED
    whole, part = found.pair(index if cropped else 0)
    windows = (whole, part) if inwards else (part, whole)
    scale = 0.0 if cropped else (octaves if inwards else -octaves)
    return Alignment(windows, scale, float(np.clip(1 - alike, 0, 1)))


def _chosen(found: _Found, whole: Field, part: Field) -> tuple[int, float]:
    """Index of the size to believe in (0: the frames as they are), and how alike both are there.

    Lightness proposes, edges decide: a smooth picture fits anywhere in another by lightness alone.
    """
    index = int(found.scores.argmax())
    best, same = float(found.scores[index]), float(found.scores[0])
    framed = _alike(whole, part, *found.pair(0))
    if index == 0 or best < TRUSTED or 1 - best >= UNEXPLAINED * (1 - same):
        return 0, framed
    placed = _alike(whole, part, *found.pair(index))
    return (index, placed) if placed > framed else (0, framed)


def _thumbnail(picture: Picture) -> Field:
    """Grey levels 0..1, a little blurred, the longer side 64."""
    from scipy.ndimage import gaussian_filter

    height, width = picture.pixels.shape[:2]
    factor = SIDE / max(height, width)
    shape = max(8, round(height * factor)), max(8, round(width * factor))
    image = Image.fromarray(np.ascontiguousarray(picture.pixels))
    small = image.resize(shape[::-1], Image.Resampling.LANCZOS, reducing_gap=3.0).convert("L")
    # Sizes are tried an eighth of an octave apart; finer detail would fit at none of them.
    return np.asarray(gaussian_filter(np.asarray(small, dtype=np.float32) / 255, SOFTENED))


def _placements(whole: Field, part: Field) -> _Found:
    """Where ``part``, shrunk by each of `OCTAVES`, fits best in ``whole``."""
    from scipy.fft import rfft2

    # A template never leaves the picture, so nothing wraps round and no padding is needed.
    shape = SIDE, SIDE
    image = whole - whole.mean()
    spectrum = rfft2(image, shape)
    sums = _integral(image), _integral(np.square(image))
    placed = [_place(part, factor, spectrum, sums, shape) for factor in 2.0**-OCTAVES]
    return _Found(
        np.array([score for score, _, _ in placed]),
        tuple(window for _, window, _ in placed),
        tuple(kept for _, _, kept in placed),
    )


def _place(
    part: Field,
    factor: float,
    spectrum: NDArray[np.complexfloating],
    sums: tuple[NDArray[np.float64], NDArray[np.float64]],
    shape: tuple[int, int],
) -> tuple[float, Window, Window]:
    """Best correlation at one size, its window in the whole, and what of the part was used."""
    from scipy.fft import irfft2, rfft2

    height, width = sums[0].shape[0] - 1, sums[0].shape[1] - 1
    shrunk = resized(part, tuple(max(4, round(side * factor)) for side in part.shape))
    rows, columns = min(height, shrunk.shape[0]), min(width, shrunk.shape[1])
    top, left = (shrunk.shape[0] - rows) // 2, (shrunk.shape[1] - columns) // 2
    template = shrunk[top : top + rows, left : left + columns]
    kept = _shares(top, left, rows, columns, shrunk.shape)
    template = template - template.mean()
    product = irfft2(spectrum * np.conj(rfft2(template, shape)), shape)
    product = product[: height - rows + 1, : width - columns + 1]
    area = rows * columns
    energy = _boxes(sums[1], rows, columns) - np.square(_boxes(sums[0], rows, columns)) / area
    norm = np.maximum(energy, 1e-4 * area) * max(float(np.square(template).sum()), 1e-4 * area)
    scores = product / np.sqrt(norm)
    y, x = np.unravel_index(int(scores.argmax()), scores.shape)
    return float(scores[y, x]), _shares(int(y), int(x), rows, columns, (height, width)), kept


def _shares(top: int, left: int, rows: int, columns: int, shape: tuple[int, ...]) -> Window:
    height, width = shape[:2]
    return top / height, left / width, (top + rows) / height, (left + columns) / width


def _integral(plane: Field) -> NDArray[np.float64]:
    sums = np.cumsum(np.cumsum(plane, axis=0, dtype=np.float64), axis=1)
    return np.pad(sums, ((1, 0), (1, 0)))


def _boxes(integral: NDArray[np.float64], rows: int, columns: int) -> NDArray[np.float64]:
    """Sums over every window of ``rows`` by ``columns``."""
    strips = integral[rows:] - integral[:-rows]
    return strips[:, columns:] - strips[:, :-columns]


def _peak(scores: NDArray[np.float64], index: int) -> float:
    """Octaves of a maximum; between the grid's steps where those around it are even."""
    if not 4 < index < len(scores) - 1:
        return float(OCTAVES[index])
    below, top, above = scores[index - 1 : index + 2]
    curvature = below - 2 * top + above
    shift = 0.5 * (below - above) / curvature if curvature < 0 else 0.0
    return float(OCTAVES[index] + shift * (OCTAVES[index + 1] - OCTAVES[index]))


def _alike(whole: Field, part: Field, seen: Window, kept: Window) -> float:
    """Correlation of where the edges are in two windows: holds when light turns upside down."""
    shape = tuple(round(side * (kept[n + 2] - kept[n])) for n, side in enumerate(part.shape))
    edges = [_edges(_windowed(*each, shape)) for each in ((whole, seen), (part, kept))]
    energies = [float(np.square(each).sum()) for each in edges]
    if max(energies) < FLAT:
        return 1.0
    norm = float(np.sqrt(max(energies[0] * energies[1], FLAT**2)))
    return float((edges[0] * edges[1]).sum()) / norm


def _windowed(plane: Field, window: Window, shape: tuple[int, ...]) -> Field:
    height, width = plane.shape
    top, left, bottom, right = window
    box = (left * width, top * height, right * width, bottom * height)
    size = (max(2, shape[1]), max(2, shape[0]))
    return np.asarray(Image.fromarray(plane).resize(size, Image.Resampling.BILINEAR, box=box))


def _edges(plane: Field) -> Field:
    from scipy.ndimage import gaussian_gradient_magnitude

    strength = np.sqrt(gaussian_gradient_magnitude(plane, 0.8, mode="nearest"))
    return np.asarray(strength - strength.mean(), dtype=np.float32)
