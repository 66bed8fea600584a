"""What edits draw with: luma, blends, coordinates and sizes that hold at every resolution."""

from __future__ import annotations

from typing import Final

import numpy as np

from sonolume.correspondence.views import Field

__all__ = ["luma", "mix", "pixels", "places", "radius"]

LUMA: Final = np.array([0.2126, 0.7152, 0.0722], dtype=np.float32)


def luma(picture: Field) -> Field:
    """Rec. 709 weighting of the gamma-coded channels, [H, W]."""
    return picture @ LUMA


def mix(first: Field, second: Field, amount: Field | float) -> Field:
    """Linear blend from the first (amount 0) to the second (amount 1), and beyond."""
    return first + (second - first) * np.asarray(amount, dtype=np.float32)


def pixels(picture: Field, share: float) -> float:
    """A length given in 1/256 of the longer side, in pixels."""
    return share * float(max(picture.shape[:2])) / 256


def places(height: int, width: int) -> tuple[Field, Field]:
    """Coordinates of pixel centres, -1..1: down [H, 1] and right [1, W]."""
    down, right = (
        ((2 * np.arange(count) + 1) / count - 1).astype(np.float32) for count in (height, width)
    )
    return down[:, None], right[None, :]


def radius(height: int, width: int) -> Field:
    """Distance from the centre [H, W]: 1 in the corners."""
    down, right = places(height, width)
    return np.sqrt((np.square(down) + np.square(right)) / 2)
