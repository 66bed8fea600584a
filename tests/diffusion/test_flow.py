"""Samplers against the exact flow of a Gaussian, times and losses against closed forms."""

import pytest
import torch
from torch import Tensor

from sonolume.diffusion.flow import (
    logit_normal_times,
    mix,
    sample_euler,
    sample_heun,
    times,
    velocity,
    velocity_loss,
)

MEAN, STD = 0.7, 0.3


def exact(x: Tensor, t: Tensor) -> Tensor:
    """E[picture | x_t] when pictures are normal with MEAN and STD."""
    t = t.view(-1, 1, 1, 1)
    gain = t * STD**2 / (t**2 * STD**2 + (1 - t) ** 2)
    return MEAN + gain * (x - t * MEAN)


def noise(count: int = 64) -> Tensor:
    return torch.randn(count, 1, 8, 8, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("sample", [sample_euler, sample_heun])
def test_samplers_reach_the_distribution(sample: object) -> None:
    start = noise()
    end = sample(exact, start, times(200))
    torch.testing.assert_close(end, MEAN + STD * start, atol=0.05, rtol=0)


def test_heun_is_more_exact_than_euler_with_as_many_steps() -> None:
    start = noise()
    truth = MEAN + STD * start
    errors = [
        (s(exact, start, times(12)) - truth).abs().mean() for s in (sample_heun, sample_euler)
    ]
    assert errors[0] < 0.5 * errors[1]


def test_callback_sees_every_step() -> None:
    seen: list[tuple[int, float]] = []
    sample_euler(exact, noise(2), times(5), lambda step, t, clean: seen.append((step, t)))
    assert [step for step, _ in seen] == list(range(5))
    assert [t for _, t in seen] == pytest.approx([0, 0.2, 0.4, 0.6, 0.8])


def test_velocity_is_picture_minus_noise() -> None:
    picture, grain = torch.rand(3, 1, 4, 4), torch.randn(3, 1, 4, 4)
    t = torch.tensor([0.0, 0.3, 0.9])
    torch.testing.assert_close(velocity(picture, mix(picture, grain, t), t), picture - grain)


def test_velocity_loss_is_zero_for_the_truth_and_grows_with_lateness() -> None:
    picture = torch.rand(2, 1, 4, 4)
    t = torch.tensor([0.0, 0.8])
    assert velocity_loss(picture, picture, t).abs().max() == 0
    off = velocity_loss(picture + 0.1, picture, t)
    torch.testing.assert_close(off, torch.tensor([0.01, 0.25]))


def test_times_rise_from_noise_to_picture() -> None:
    for shift in (1.0, 3.0):
        schedule = times(10, shift)
        assert schedule[0] == 0
        assert schedule[-1] == 1
        assert (schedule.diff() > 0).all()
    assert times(10, 3.0)[5] < times(10)[5]


def test_logit_normal_times_are_stratified() -> None:
    torch.manual_seed(0)
    t = logit_normal_times(4000, mean=-0.4)
    z = torch.logit(t)
    assert z.mean() == pytest.approx(-0.4, abs=0.01)
    assert z.std() == pytest.approx(1.0, abs=0.02)
