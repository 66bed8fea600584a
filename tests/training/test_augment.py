"""Augmentation against turns, shifts and colours that are known exactly."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from sonolume.training.augment import LABELS, LUMA, _matrices, _moved, _recoloured, augment


def pictures(count: int = 4, side: int = 16) -> Tensor:
    return torch.rand(count, 3, side, side, generator=torch.Generator().manual_seed(2)) * 2 - 1


def move(
    given: Tensor, scale: float = 0, turn: float = 0, stretch: float = 0, shift: tuple = (0, 0)
) -> Tensor:
    count = len(given)
    matrices = _matrices(
        torch.full((count,), float(scale)),
        torch.full((count,), float(turn)),
        torch.full((count,), float(stretch)),
        torch.tensor(shift, dtype=torch.float32).expand(count, 2),
    )
    return _moved(given, matrices)


def recolour(given: Tensor, *colour: float) -> Tensor:
    return _recoloured(given, torch.tensor(colour).expand(len(given), 3))


def test_no_chance_leaves_every_bit_and_says_nothing() -> None:
    same, labels = augment(pictures(), 0.0)
    assert torch.equal(same, pictures())
    assert torch.equal(labels, torch.zeros(4, LABELS))


def test_a_label_of_zeros_is_a_picture_as_it_was() -> None:
    torch.manual_seed(0)
    given = pictures(400)
    changed, labels = augment(given, 0.12)
    still = (labels == 0).all(1)
    assert torch.equal(changed[still], given[still])
    assert bool((changed[~still] != given[~still]).flatten(1).any(1).all())
    assert pytest.approx(float(still.float().mean()), abs=0.06) == 0.88**7


def test_equal_seeds_change_alike() -> None:
    runs = []
    for _ in range(2):
        torch.manual_seed(3)
        runs.append(augment(pictures(), 1.0))
    torch.testing.assert_close(runs[0], runs[1], rtol=0, atol=0)


@pytest.mark.parametrize("quarter", [1, 2, 3])
def test_quarter_turns(quarter: int) -> None:
    turned = move(pictures(), turn=quarter * math.pi / 2)
    expected = pictures().rot90(quarter, (2, 3))
    torch.testing.assert_close(turned, expected, atol=1e-4, rtol=0)


def test_shifts_mirror_what_comes_in() -> None:
    shifted = move(pictures(), shift=(0.25, 0.0))
    torch.testing.assert_close(shifted[..., 4:], pictures()[..., :-4], atol=1e-5, rtol=0)
    torch.testing.assert_close(shifted[..., :4], pictures()[..., :4].flip(-1), atol=1e-5, rtol=0)


def test_an_octave_of_scale_shows_the_middle_twice_as_large() -> None:
    ramp = torch.linspace(-1, 1, 16).expand(1, 3, 16, 16)
    larger = move(ramp, scale=1.0)
    slopes = [float(x.diff(dim=-1)[..., 4:-4].mean()) for x in (ramp, larger)]
    assert slopes[1] == pytest.approx(slopes[0] / 2, rel=1e-3)


def test_stretch_widens_one_way_and_narrows_the_other() -> None:
    along = torch.linspace(-1, 1, 16).expand(1, 3, 16, 16)
    wide = move(along, stretch=1.0)
    high = move(along.transpose(2, 3), stretch=1.0)
    middle = slice(6, 10)
    assert float(wide.diff(dim=3)[..., middle].mean()) == pytest.approx(1 / 15, rel=1e-3)
    assert float(high.diff(dim=2)[..., middle, :].mean()) == pytest.approx(4 / 15, rel=1e-3)


def test_colours() -> None:
    given = pictures()
    torch.testing.assert_close(recolour(given, 0.3, 0, 0), given + 0.3)
    torch.testing.assert_close(recolour(given, 0, 1, 0), 2 * given)
    luma = (given * torch.tensor(LUMA)[:, None, None]).sum(1)
    grey = recolour(given, 0, 0, -40)
    for channel in grey.unbind(1):
        torch.testing.assert_close(channel, luma)
    vivid = recolour(given, 0, 0, 1)
    torch.testing.assert_close((vivid * torch.tensor(LUMA)[:, None, None]).sum(1), luma)


def test_gradients_pass_through() -> None:
    torch.manual_seed(0)
    given = pictures().requires_grad_()
    changed, _ = augment(given, 1.0)
    changed.sum().backward()
    assert given.grad is not None
    assert float(given.grad.abs().sum()) > 0
