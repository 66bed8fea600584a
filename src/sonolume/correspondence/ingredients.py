"""What descriptors are made of: fields whose means, over a picture or a region, describe it.

Every field is float32 [h, w] and is only ever averaged, over the whole picture or around each
place; so a descriptor and its map are one formula (`descriptors.formulas`). Widths of filters count
in 1/256 of the longer side (`View.unit`).
"""

from __future__ import annotations

from typing import Final

import numpy as np

from sonolume.correspondence.views import Field, View, resized

__all__ = ["BANDS", "ingredients"]

# Octave bands of the spatial spectrum; the finest is centred at a period of about 6/256.
BANDS: Final = 6
FINE, COARSE = 0.8, 6.0
MIDDLE = 3.0
CORNER_WINDOW = 2.5
COARSE_SIDE: Final = 64
# Mean of |x|^(1/2) of a normal deviate, squared: 2^(1/2) Γ(3/4)² / π.
ROOT_MEAN: Final = 0.67598
# Gain of the mask of Immerkær (1996), eq. 3, on white noise: the root of its summed squares.
IMMERKAER_GAIN: Final = 6.0


def ingredients(view: View) -> dict[str, Field]:
    """Fields of a view, by name; those of coarse bands are smaller than the view."""
    tones, edges = _tones(view), _edges(view) | _contours(view)
    return tones | edges | _grain(view) | _bands(view) | _layout(view)


def _tones(view: View) -> dict[str, Field]:
    chroma = np.hypot(view.a, view.b)
    return {
        "lightness": view.lightness,
        "lightness_squared": np.square(view.lightness),
        "chroma": chroma,
        "a": view.a,
        "b": view.b,
        "luminance": view.luminance,
    }


def _edges(view: View) -> dict[str, Field]:
    """Gradients at two scales, by direction; fourth powers let the strongest edges speak."""
    fine = _gradient(view.lightness, FINE * view.unit)
    quarter = resized(view.lightness, _reduced(view.lightness.shape, 4))
    coarse = _gradient(quarter, COARSE * view.unit / 4)
    # A gradient per pixel is four times as steep on a quarter of the pixels.
    return {
        "fine_down": np.square(np.square(fine[0])),
        "fine_across": np.square(np.square(fine[1])),
        "coarse_down": np.square(np.square(coarse[0] / 4)),
        "coarse_across": np.square(np.square(coarse[1] / 4)),
    }


def _contours(view: View) -> dict[str, Field]:
    """The structure tensor of lightness: where edges are, and where they turn."""
    from scipy.ndimage import gaussian_filter

    down, across = _gradient(view.lightness, MIDDLE * view.unit)
    products = np.stack([down * down, across * across, down * across])
    window = max(CORNER_WINDOW * view.unit, 1.0)
    dd, aa, da = gaussian_filter(products, (0, window, window), mode="nearest", truncate=3.0)
    # An edge of about a third of the picture's deviation, seen at this scale, counts half.
    spread = max(float(view.lightness.var()), 1e-4)
    threshold = np.float32(spread * np.square(0.08 / view.unit))
    return {
        "edge_energy": np.square(dd + aa),
        "corner_energy": 4 * np.maximum(dd * aa - da * da, 0),
        "edge_cover": (dd + aa) / (dd + aa + threshold),
    }


def _gradient(plane: Field, width: float) -> tuple[Field, Field]:
    """Derivatives of Gaussian down and across, per pixel; ``width`` is at least 0.7."""
    from scipy.ndimage import gaussian_filter

    smooth = gaussian_filter(plane, max(width, 0.7), mode="nearest", truncate=3.0)
    down, across = np.gradient(smooth)
    return down, across


def _grain(view: View) -> dict[str, Field]:
    """Square root of the response to Immerkær's mask: unlike its mean, blind to single edges.

    Immerkær (1996), "Fast noise variance estimation", Computer Vision and Image Understanding 64:
    a difference of two Laplacians, which flat areas, ramps and straight edges leave at zero.
    """
    padded = np.pad(view.lightness, 1, mode="edge")
    down = padded[2:] - 2 * padded[1:-1] + padded[:-2]
    response = down[:, 2:] - 2 * down[:, 1:-1] + down[:, :-2]
    return {"root_grain": np.sqrt(np.abs(response) / (ROOT_MEAN * IMMERKAER_GAIN))}


def _bands(view: View) -> dict[str, Field]:
    """Energy of octave bands of lightness (a Laplacian pyramid), finest first."""
    from scipy.ndimage import gaussian_filter

    fields: dict[str, Field] = {}
    level = view.lightness
    for index in range(BANDS):
        smooth = gaussian_filter(level, 1.2, mode="reflect", truncate=3.0)
        fields[f"band_{index}"] = np.square(level - smooth)
        level = resized(smooth, _reduced(level.shape, 2))
    return fields


def _reduced(shape: tuple[int, ...], factor: int) -> tuple[int, int]:
    return max(2, shape[0] // factor), max(2, shape[1] // factor)


def _layout(view: View) -> dict[str, Field]:
    """Salience and coarse texture, on at most 64 places a side.

    Salience is the squared distance of the colour from the picture's mean colour, after Achanta et
    al. (2009), "Frequency-tuned salient region detection", CVPR.
    """
    factor = min(1.0, COARSE_SIDE / max(view.lightness.shape))
    height, width = (max(4, round(side * factor)) for side in view.lightness.shape)
    shape = height, width
    planes = [resized(plane, shape) for plane in (view.lightness, view.a, view.b)]
    distances = [np.square(plane - plane.mean()) for plane in planes]
    texture = np.hypot(*_gradient(planes[0], 1.0))
    return {"salience": distances[0] + distances[1] + distances[2], "texture": texture}
