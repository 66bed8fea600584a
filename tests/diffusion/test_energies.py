"""Energies against closed forms."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor
from torch.nn.functional import normalize

from sonolume.diffusion.cutouts import Cutouts, CutoutSettings
from sonolume.diffusion.energies import (
    Target,
    distance_to,
    out_of_range,
    prompts_energy,
    spherical_distance,
    total_variation,
    weigh,
)

WHOLE = CutoutSettings(count=1, smallest=1.0, flips=False, jitter=0.0)


def whole(count: int = 1) -> Cutouts:
    return Cutouts(8, WHOLE, [torch.Generator().manual_seed(i) for i in range(count)])


def embed(pictures: Tensor) -> Tensor:
    return normalize(pictures.flatten(1), dim=-1)


@pytest.mark.parametrize("angle", [0.0, 0.1, 1.0, math.pi / 2, 3.0, math.pi])
def test_the_distance_is_half_the_squared_angle(angle: float) -> None:
    a = torch.tensor([1.0, 0, 0], dtype=torch.float64)
    b = torch.tensor([math.cos(angle), math.sin(angle), 0], dtype=torch.float64)
    assert float(spherical_distance(a, b)) == pytest.approx(angle**2 / 2, abs=1e-2)
    if 0.01 < angle < 3.1:
        assert float(spherical_distance(a, b)) == pytest.approx(angle**2 / 2, rel=1e-9)


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_slopes_stay_finite_at_the_same_and_at_the_opposite_place(sign: float) -> None:
    a = normalize(torch.randn(5, 16, generator=torch.Generator().manual_seed(0)), dim=-1)
    a.requires_grad_()
    (slope,) = torch.autograd.grad(spherical_distance(a, sign * a.detach()).sum(), a)
    assert torch.isfinite(slope).all()


def test_each_prompt_counts_by_its_own_weight_and_spread() -> None:
    pictures = torch.randn(2, 3, 8, 8, generator=torch.Generator().manual_seed(1))
    places = normalize(torch.randn(3, 192, generator=torch.Generator().manual_seed(2)), dim=-1)
    weights, spreads = (2.0, -0.5, 1.0), (0.1, 0.2, 0.5)
    targets = [Target(*row) for row in zip(places, weights, spreads, strict=True)]
    found = prompts_energy(embed, whole(2), targets)(pictures)
    angles = torch.acos(embed(pictures) @ places.T)
    terms = [
        w / s * angles[:, i] ** 2 / 2 for i, (w, s) in enumerate(zip(weights, spreads, strict=True))
    ]
    torch.testing.assert_close(found, sum(terms) / 3.5)


@pytest.mark.parametrize("weights", [(1.0, -1.0), (-2.0, 1.0), (-1.0, -1.0)])
def test_signs_hold_when_the_weights_sum_to_nothing_or_less(weights: tuple[float, float]) -> None:
    """The source divided by |sum| of all texts' weights and scaled the sound by them."""
    here = torch.randn(1, 3, 8, 8, generator=torch.Generator().manual_seed(3))
    places = normalize(torch.randn(2, 192, generator=torch.Generator().manual_seed(4)), dim=-1)
    for row, weight in enumerate(weights):
        alone = [Target(places[row], weight), Target(places[1 - row], 0.0)]
        energy = prompts_energy(embed, whole(), alone)
        nearer = here + 0.5 * places[row].view(1, 3, 8, 8)
        change = float(energy(nearer) - energy(here))
        assert math.copysign(1, change) == -math.copysign(1, weight)


def test_common_factors_of_the_weights_change_nothing() -> None:
    pictures = torch.randn(1, 3, 8, 8, generator=torch.Generator().manual_seed(5))
    places = normalize(torch.randn(2, 192, generator=torch.Generator().manual_seed(6)), dim=-1)
    one, ten = (
        prompts_energy(embed, whole(), [Target(places[0], k), Target(places[1], -0.3 * k)])(
            pictures
        )
        for k in (1.0, 10.0)
    )
    torch.testing.assert_close(one, ten)


def test_total_variation_of_a_ramp() -> None:
    """A slope of s has squared differences s² but for the last column, which is repeated."""
    ramp = 0.25 * torch.arange(8.0).expand(1, 3, 8, 8)
    assert float(total_variation(ramp)) == pytest.approx(0.25**2 * 7 / 8)
    assert float(total_variation(ramp.transpose(2, 3))) == pytest.approx(0.25**2 * 7 / 8)
    assert float(total_variation(torch.full((1, 3, 4, 4), 7.0))) == 0


def test_out_of_range() -> None:
    assert float(out_of_range(torch.full((1, 3, 4, 4), -1.5))) == pytest.approx(0.25)
    assert float(out_of_range(torch.linspace(-1, 1, 48).view(1, 3, 4, 4))) == 0


def test_the_distance_to_a_picture_grows_with_coarseness() -> None:
    initial = torch.rand(3, 16, 16, generator=torch.Generator().manual_seed(7))
    chessboard = (-1.0) ** (torch.arange(16)[:, None] + torch.arange(16))
    energy = distance_to(initial)
    assert float(energy(initial[None])) == 0
    assert float(energy(initial[None] + 0.5)) == pytest.approx(0.25)
    assert float(energy(initial[None] + 0.5 * chessboard)) == pytest.approx(0.25 / 3)


def test_weighing_adds_and_leaves_out_what_weighs_nothing() -> None:
    def forbidden(_: Tensor) -> Tensor:
        raise AssertionError("computed for nothing")

    pictures = torch.full((2, 3, 4, 4), 2.0)
    energy = weigh([(0.5, out_of_range), (0.0, forbidden), (-3.0, out_of_range)])
    assert energy is not None
    torch.testing.assert_close(energy(pictures), torch.full((2,), -2.5))
    assert weigh([(0.0, forbidden)]) is None
