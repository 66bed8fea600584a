"""The perceptual loss beside what its nets say themselves."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor

from sonolume.models.teachers import load_teacher
from sonolume.training.perceptual import PerceptualLoss


@pytest.fixture(name="pictures")
def two_pairs() -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(0)
    painted, true = 2 * torch.rand(2, 2, 3, 64, 64, generator=generator) - 1
    return painted, true


def test_it_is_the_sum_of_both_nets_distances(tiny: Any, pictures: tuple[Tensor, Tensor]) -> None:
    loss = PerceptualLoss(tiny.teachers)(*pictures)
    a, b = ((picture + 1) / 2 for picture in pictures)
    near = load_teacher("imagenet_squeezenet11", tiny.teachers).perceptual_distance(a, b)
    far = load_teacher("imagenet_mobilenet_v2", tiny.teachers).perceptual_distance(a, b)
    torch.testing.assert_close(loss, (near + far).mean(), rtol=1e-4, atol=1e-5)


def test_equal_pictures_are_no_distance_apart(tiny: Any, pictures: tuple[Tensor, Tensor]) -> None:
    painted, _ = pictures
    assert float(PerceptualLoss(tiny.teachers)(painted, painted)) == pytest.approx(0)


def test_what_lies_a_little_outside_is_drawn_back(
    tiny: Any, pictures: tuple[Tensor, Tensor]
) -> None:
    painted = (pictures[0] * 1.15).requires_grad_()
    PerceptualLoss(tiny.teachers)(painted, pictures[1]).backward()
    assert painted.grad is not None
    outside = painted.detach().abs() > 1
    assert float(painted.grad[outside].abs().sum()) > 0
