"""Steering against normal priors, for which everything has a closed form."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from sonolume.diffusion.flow import sample_euler, sample_heun, times
from sonolume.diffusion.steering import Steering, steer
from sonolume.errors import OptionError


def normal(x: Tensor, t: Tensor) -> Tensor:
    """The best clean estimate when pictures are unit normal noise."""
    t = t.view(-1, 1, 1, 1)
    return t * x / (t**2 + (1 - t) ** 2)


def quadratic(clean: Tensor) -> Tensor:
    return (clean - 2).square().flatten(1).sum(1) / 2


def linear(clean: Tensor) -> Tensor:
    return -clean.flatten(1).sum(1)


def at(t: float, count: int = 2) -> tuple[Tensor, Tensor]:
    x = torch.randn(count, 3, 4, 4, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    return x, torch.full((count,), t, dtype=torch.float64)


@pytest.mark.parametrize("t", [0.1, 0.5, 0.9])
@pytest.mark.parametrize("fast", [False, True])
def test_a_quadratic_energy_on_a_linear_denoiser(t: float, *, fast: bool) -> None:
    """Fast steering assumes the normal prior, so that here both ways agree."""
    x, time = at(t)
    found = steer(normal, quadratic, Steering(0.7, fast=fast, gradient="true"))(x, time)
    clean = normal(x, time)
    expected = clean - 0.7 * (1 - t) ** 2 / (t**2 + (1 - t) ** 2) * (clean - 2)
    torch.testing.assert_close(found, expected)


@pytest.mark.parametrize("fast", [False, True])
@pytest.mark.parametrize("sample", [sample_euler, sample_heun])
def test_samples_of_a_tilted_normal_prior(sample, *, fast: bool) -> None:
    """Unit normal pictures tilted by exp(s · x) are normal with mean s and the same variance."""
    draw = torch.Generator().manual_seed(1)
    noise = torch.randn(4, 3, 40, 40, generator=draw, dtype=torch.float64)
    denoise = steer(normal, linear, Steering(0.8, fast=fast, gradient="true"))
    plain = sample(normal, noise, times(200).double())
    found = sample(denoise, noise, times(200).double())
    assert float((found - plain).mean()) == pytest.approx(0.8, abs=0.03)
    assert float((found - plain).std()) < 1e-6  # every sample is moved alike
    assert float(found.std()) == pytest.approx(1, abs=0.03)


@pytest.mark.parametrize("fast", [False, True])
def test_nothing_changes_in_any_bit_at_scale_0_or_without_energy(*, fast: bool) -> None:
    assert steer(normal, quadratic, Steering(0.0, fast=fast)) is normal
    assert steer(normal, None, Steering(1.0, fast=fast)) is normal


def test_guidance_acts_within_its_interval_only() -> None:
    steered = steer(normal, quadratic, Steering(0.5, start=0.2, stop=0.6))
    for t, acts in ((0.0, False), (0.1, False), (0.2, True), (0.5, True), (0.6, False)):
        x, time = at(t)
        assert torch.equal(steered(x, time), normal(x, time)) is not acts


@pytest.mark.parametrize(("t", "share"), [(0.25, 0.9**0.5), (0.5, 0.5**0.5), (0.75, 0.1**0.5)])
def test_unit_moves_have_the_length_of_the_scale_whatever_the_energy(t, share) -> None:
    for factor in (1e-6, 1.0, 1e6):
        x, time = at(t)
        steered = steer(normal, lambda c, k=factor: k * quadratic(c), Steering(0.25))
        move = steered(x, time) - normal(x, time)
        torch.testing.assert_close(
            move.square().flatten(1).mean(1).sqrt(), torch.full((2,), 0.25 * share).double()
        )


def test_a_flat_energy_moves_nothing() -> None:
    x, time = at(0.4)
    found = steer(normal, lambda c: 0 * c.flatten(1).sum(1), Steering(0.25))(x, time)
    assert torch.equal(found, normal(x, time))


def test_clamped_moves_keep_their_direction_and_short_ones_their_length() -> None:
    x, time = at(0.4)
    true = steer(normal, quadratic, Steering(0.01, gradient="true"))(x, time) - normal(x, time)
    short = steer(normal, quadratic, Steering(0.01, gradient="clamped", largest=1.0))(x, time)
    torch.testing.assert_close(short - normal(x, time), true)
    long = steer(normal, quadratic, Steering(100.0, gradient="clamped", largest=0.3))(x, time)
    move = long - normal(x, time)
    length = move.square().flatten(1).mean(1).sqrt()
    torch.testing.assert_close(length, torch.full_like(length, 0.3))
    cosine = torch.cosine_similarity(move.flatten(1), true.flatten(1))
    torch.testing.assert_close(cosine, torch.ones_like(cosine))


def test_each_picture_of_a_batch_is_steered_by_itself() -> None:
    x, time = at(0.3, 3)
    steered = steer(normal, quadratic, Steering(0.2))
    together = steered(x, time)
    for row in range(3):
        torch.testing.assert_close(together[row : row + 1], steered(x[row : row + 1], time[:1]))


def test_the_earliest_moment_is_finite() -> None:
    x, time = at(0.0)
    for fast in (False, True):
        steered = steer(normal, quadratic, Steering(0.1, fast=fast, gradient="true"))
        assert torch.isfinite(steered(x, time)).all()


@pytest.mark.parametrize(
    "odd",
    [
        {"scale": -1.0},
        {"scale": float("nan")},
        {"gradient": "some"},
        {"largest": 0.0},
        {"start": 0.5, "stop": 0.5},
        {"start": -0.1},
        {"stop": 1.5},
    ],
)
def test_values_out_of_range_are_refused(odd: dict[str, float]) -> None:
    with pytest.raises(OptionError, match="expected"):
        Steering(**odd)  # type: ignore[arg-type]
