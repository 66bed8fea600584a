"""Photos to training pictures."""

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st

from sonolume.models.teachers.pixels import crop_corner, five_crops
from sonolume.training.pixels import TREMBLE, corner


@given(number=st.integers(0, 4), side=st.integers(14, 300))
def test_five_crops_lie_inside_and_are_those_that_are_told(number: int, side: int) -> None:
    left, top, size = crop_corner(number, side)
    assert 0 <= left <= side - size
    assert 0 <= top <= side - size
    cells = torch.arange(side * side).reshape(1, 1, side, side)
    crops = five_crops(cells)
    assert crops.shape == (1, 5, 1, size, size)
    assert crops[0, number, 0, 0, 0] == top * side + left


def test_a_corner_is_seen_where_it_lies() -> None:
    """Reds tell columns, greens rows: a cut shows the square of the crop, or a little less."""
    ramp = np.arange(128, dtype=np.uint8)
    pixels = np.stack(np.broadcast_arrays(ramp[None], ramp[:, None], np.uint8(0)), axis=-1)
    rng, sides = np.random.default_rng(0), []
    for number in (0, 1, 2, 3, 4) * 8:
        left, top, size = crop_corner(number, 128)
        shown = corner(pixels, number, 64, rng).astype(float)
        columns, rows = shown[:, :, 0].mean(0), shown[:, :, 1].mean(1)
        sides.append(columns[-1] > columns[0])
        for values, start in ((np.sort(columns), left), (rows, top)):
            assert start - 2 <= values[0]
            assert values[-1] <= start + size + 2
            assert values[-1] - values[0] >= size * (1 - TREMBLE) - 4
    assert 0 < sum(sides) < len(sides)
