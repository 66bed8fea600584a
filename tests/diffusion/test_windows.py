"""Long states through networks of short ones."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from sonolume.diffusion.windows import over_windows, starts
from sonolume.errors import OptionError


@given(st.integers(1, 40), st.integers(0, 200))
def test_windows_cover_the_whole_and_nothing_else(window: int, more: int) -> None:
    length = window + more
    found = starts(length, window)
    covered = {frame for at in found for frame in range(at, at + window)}
    assert covered == set(range(length))
    assert found == sorted(set(found))


def test_what_needs_no_neighbours_is_as_without_windows() -> None:
    x, t = torch.randn(1, 3, 77), torch.tensor([0.4])

    def halved(parts: Tensor, at: Tensor, some: slice) -> Tensor:
        return parts / 2 + at[:, None, None]

    for length in (10, 11, 77):
        made = over_windows(halved, length, 10)(x[..., :length], t)
        torch.testing.assert_close(made, x[..., :length] / 2 + 0.4)


def test_each_window_is_told_which_it_is() -> None:
    """Windows that say their own number: the mean rises without a leap, ends are the ends'."""
    window, length = 20, 400
    places = starts(length, window)
    numbers = torch.arange(len(places)).float()

    def numbered(parts: Tensor, t: Tensor, some: slice) -> Tensor:
        return numbers[some][:, None, None].expand_as(parts)

    made = over_windows(numbered, length, window)(torch.zeros(1, 2, length), torch.tensor([0.5]))
    rises = made[0, 0].diff()
    assert made[0, 0, 0] == 0
    assert made[0, 1, -1] == len(places) - 1
    assert float(rises.min()) >= -1e-5
    assert float(rises.max()) < 0.2


def test_a_state_shorter_than_a_window_is_refused() -> None:
    with pytest.raises(OptionError, match="pad it"):
        over_windows(lambda x, t, some: x, 9, 10)
