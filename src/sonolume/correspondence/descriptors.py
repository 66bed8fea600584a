"""The visual descriptors: what is measured of a picture, in which unit, in what just clear step."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sonolume.correspondence.ingredients import BANDS
from sonolume.correspondence.views import Field

__all__ = ["DESCRIPTORS", "Descriptor", "formulas", "hue_change", "layout"]

Pool = Callable[[Field], NDArray[np.float64]]
Values = NDArray[np.float64]


@dataclass(frozen=True)
class Descriptor:
    """A visual descriptor.

    Attributes:
        name: as rules and edits call it.
        unit: of its measure.
        step: how much of the unit is one just clear step: plainly seen side by side, and at least
            four times what a resize, a crop of 5 % or JPEG at quality 75 cause.
        more, less: how a rise and a fall look, as adjectives.
        doc: what is measured.
    """

    name: str
    unit: str
    step: float
    more: str
    less: str
    doc: str


DESCRIPTORS: Final[dict[str, Descriptor]] = {
    item.name: item
    for item in (
        Descriptor("brightness", "% lightness", 6.0, "brighter", "darker", "mean OKLab lightness"),
        Descriptor(
            "contrast",
            "octaves",
            0.3,
            "more contrasty",
            "flatter",
            "deviation of lightness against its mean, log2",
        ),
        Descriptor("saturation", "% chroma", 1.5, "more colourful", "greyer", "mean OKLab chroma"),
        Descriptor(
            "warmth",
            "% chroma",
            1.5,
            "warmer",
            "cooler",
            "mean OKLab colour along the axis from azure to orange",
        ),
        Descriptor(
            "hue",
            "degrees",
            25.0,
            "turned from red towards yellow, green and blue",
            "turned from blue towards green, yellow and red",
            "circular mean of hue, weighted by chroma; its change fades where colour does",
        ),
        Descriptor(
            "sharpness",
            "octaves",
            0.4,
            "sharper",
            "blurrier",
            "strong edges at the finest scale against a coarse one",
        ),
        Descriptor(
            "grain",
            "% lightness",
            1.0,
            "grainier",
            "cleaner",
            "deviation of unstructured fine detail (Immerkær's mask)",
        ),
        Descriptor(
            "angularity",
            "% of edges",
            5.0,
            "more angular",
            "rounder",
            "share of edge energy at corners (structure tensor)",
        ),
        Descriptor(
            "spatial_frequency",
            "octaves",
            0.4,
            "finer in structure",
            "coarser in structure",
            "centroid of the amplitudes of octave bands of lightness",
        ),
        Descriptor(
            "scale",
            "octaves",
            0.4,
            "closer",
            "further away",
            "size at which the one picture is found in the other (template matching)",
        ),
        Descriptor(
            "openness",
            "octaves",
            0.7,
            "more open above",
            "more closed above",
            "coarse texture of the lower half against the upper",
        ),
        Descriptor(
            "vertical_weight",
            "% of height",
            12.0,
            "higher in weight",
            "lower in weight",
            "height above the lower border of what stands out in colour and lightness",
        ),
        Descriptor(
            "density",
            "% of area",
            6.0,
            "denser",
            "sparser",
            "area covered by edges of middle scale",
        ),
        Descriptor(
            "vignette",
            "stops",
            0.5,
            "darker at the borders",
            "lighter at the borders",
            "luminance of the centre against the corners, log2",
        ),
    )
}

# OKLab hue of orange, the warm pole between red and yellow, in degrees.
WARM_HUE: Final = 60.0


def formulas(pool: Pool, fields: Mapping[str, Field]) -> dict[str, Values]:
    """Descriptors that hold for a picture and for any region of it, as ``pool`` averages.

    ``pool`` takes a field to its mean, () or one value a place [m, n]. Hue comes as the two parts
    ``hue_a``, ``hue_b`` of its mean vector.
    """
    mean = {name: pool(field) for name, field in fields.items()}
    variance = np.maximum(mean["lightness_squared"] - np.square(mean["lightness"]), 0)
    warm = np.deg2rad(WARM_HUE)
    # Fourth roots, as the fields are fourth powers; the mean of both directions.
    sharp = [
        np.log2((mean[f"fine_{way}"] + 1e-12) / (mean[f"coarse_{way}"] + 1e-12)) / 4
        for way in ("down", "across")
    ]
    # Amplitudes, because the energy of natural pictures falls with frequency: fine detail counts.
    bands = np.sqrt(np.stack([mean[f"band_{index}"] for index in range(BANDS)]) + 1e-8)
    octave = -np.arange(BANDS).reshape(-1, *[1] * (bands.ndim - 1))
    return {
        "brightness": 100 * mean["lightness"],
        "contrast": np.log2((np.sqrt(variance) + 0.02) / (mean["lightness"] + 0.02)),
        "saturation": 100 * mean["chroma"],
        "warmth": 100 * (np.cos(warm) * mean["a"] + np.sin(warm) * mean["b"]),
        "hue_a": mean["a"],
        "hue_b": mean["b"],
        "sharpness": (sharp[0] + sharp[1]) / 2,
        "grain": 100 * np.square(mean["root_grain"]),
        "angularity": 100 * mean["corner_energy"] / (mean["edge_energy"] + 1e-10),
        "spatial_frequency": (bands * octave).sum(axis=0) / bands.sum(axis=0),
        "density": 100 * mean["edge_cover"],
    }


def layout(fields: Mapping[str, Field]) -> dict[str, float]:
    """Descriptors of the arrangement, which only a whole picture has."""
    texture, salience, light = fields["texture"], fields["salience"], fields["luminance"]
    upper, lower = halves(texture.shape)
    centre, border = rings(light.shape)
    height = heights(salience.shape)
    total = salience.sum(dtype=np.float64)
    weight = (salience * height).sum(dtype=np.float64) / total if total > 1e-4 else 0.5
    return {
        "openness": _octaves((texture * lower).mean(), (texture * upper).mean(), 0.002),
        "vertical_weight": 100 * float(weight),
        "vignette": _octaves((light * centre).mean(), (light * border).mean(), 0.005),
    }


def _octaves(above: np.floating, below: np.floating, floor: float) -> float:
    return float(np.log2((float(above) + floor) / (float(below) + floor)))


def heights(shape: tuple[int, ...]) -> Field:
    """Height of each row [h, 1] above the lower border, 0..1: row 0 is the top of a picture."""
    return (1 - (np.arange(shape[0]) + 0.5) / shape[0]).astype(np.float32)[:, None]


def halves(shape: tuple[int, ...]) -> tuple[Field, Field]:
    """Weights [h, 1] of mean 1 that favour the top and the bottom; each fades to the middle."""
    height = heights(shape)
    upper, lower = np.maximum(height - 0.5, 0), np.maximum(0.5 - height, 0)
    return upper / upper.mean(), lower / lower.mean()


def rings(shape: tuple[int, ...]) -> tuple[Field, Field]:
    """Weights [h, w] of mean 1 for the centre and for the corners."""
    down = 2 * heights(shape) - 1
    across = 2 * heights(shape[1:])[:, 0][None, :] - 1
    radius = np.sqrt((np.square(down) + np.square(across)) / 2)
    centre = np.square(np.maximum(1 - 1.6 * radius, 0))
    border = np.square(np.maximum((radius - 0.55) / 0.45, 0))
    return centre / centre.mean(), border / border.mean()


def hue_change(before: Values, after: Values) -> Values:
    """Turn of the mean hue in degrees, -180..180, from vectors (a, b) [2, ...].

    It is scaled by r / (r + 0.02) with r the shorter vector: grey has no hue to turn.
    """
    cross = before[0] * after[1] - before[1] * after[0]
    dot = before[0] * after[0] + before[1] * after[1]
    turn = np.degrees(np.arctan2(cross, dot))
    shorter = np.minimum(np.hypot(*before), np.hypot(*after))
    return np.asarray(turn * shorter / (shorter + 0.02))
