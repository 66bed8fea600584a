"""Where a picture changed: every descriptor's change around each place."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sonolume.correspondence.descriptors import (
    DESCRIPTORS,
    formulas,
    halves,
    heights,
    hue_change,
    rings,
)
from sonolume.correspondence.views import Field, resized

__all__ = ["region_maps"]

LONGEST: Final = 64
# Standard deviation of the region that counts as around a place, in the map's cells.
AROUND: Final = 3.0

Fields = Mapping[str, Field]


def region_maps(before: Fields, after: Fields, scale: float) -> dict[str, Field]:
    """Change of each of `DESCRIPTORS` in its steps, float32 [h, w], at most 64 by 64.

    A map of openness, vertical weight or vignette holds each place's share in the whole picture's
    change; the map of scale is ``scale`` (octaves, in steps) everywhere.
    """
    shape = _grid(before["lightness"].shape)

    def around(plane: Field) -> NDArray[np.float64]:
        from scipy.ndimage import gaussian_filter

        cells = resized(plane, shape, average=plane.size >= shape[0] * shape[1])
        return np.asarray(gaussian_filter(cells, AROUND, mode="nearest"), dtype=np.float64)

    first, second = formulas(around, before), formulas(around, after)
    changes = {name: second[name] - first[name] for name in first if not name.startswith("hue_")}
    vectors = [np.stack([each["hue_a"], each["hue_b"]]) for each in (first, second)]
    changes["hue"] = hue_change(vectors[0], vectors[1])
    changes["scale"] = np.full(shape, scale)
    changes["openness"] = _openness(around(before["texture"]), around(after["texture"]))
    changes["vignette"] = _vignette(around(before["luminance"]), around(after["luminance"]))
    changes["vertical_weight"] = _weight(around(before["salience"]), around(after["salience"]))
    return {
        name: (changes[name] / item.step).astype(np.float32) for name, item in DESCRIPTORS.items()
    }


def _grid(shape: tuple[int, ...]) -> tuple[int, int]:
    factor = min(1.0, LONGEST / max(shape))
    return max(2, round(shape[0] * factor)), max(2, round(shape[1] * factor))


def _openness(before: NDArray[np.float64], after: NDArray[np.float64]) -> NDArray[np.float64]:
    upper, lower = halves(before.shape)
    return np.asarray(np.log2((after + 0.002) / (before + 0.002)) * (lower - upper))


def _vignette(before: NDArray[np.float64], after: NDArray[np.float64]) -> NDArray[np.float64]:
    centre, border = rings(before.shape)
    return np.asarray(np.log2((after + 0.005) / (before + 0.005)) * (centre - border))


def _weight(before: NDArray[np.float64], after: NDArray[np.float64]) -> NDArray[np.float64]:
    """Gain of salience in the upper half, and loss in the lower, count upwards."""
    height = heights(before.shape)
    shares = [each / max(float(each.mean()), 1e-6) for each in (before, after)]
    return np.asarray(100 * (shares[1] - shares[0]) * (height - 0.5))
