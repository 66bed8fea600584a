"""Inversion against the sampler that it inverts, and against the exact flow of a Gaussian."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from sonolume.diffusion.flow import sample_euler, times
from sonolume.diffusion.inversion import invert, partly, renoise
from sonolume.errors import OptionError

MEAN, STD = 0.7, 0.6


def exact(x: Tensor, t: Tensor) -> Tensor:
    """E[state | x_t] when states are normal with MEAN and STD."""
    t = t.view(-1, *[1] * (x.ndim - 1))
    gain = t * STD**2 / (t**2 * STD**2 + (1 - t) ** 2)
    return MEAN + gain * (x - t * MEAN)


def states(count: int = 3) -> Tensor:
    draw = torch.Generator().manual_seed(1)
    return MEAN + STD * torch.randn(count, 8, 16, generator=draw)


@pytest.mark.parametrize("level", [0.3, 0.7, 1.0])
@pytest.mark.parametrize("steps", [5, 20])
def test_the_sampler_gives_back_what_was_inverted(level: float, steps: int) -> None:
    schedule = partly(steps, level)
    start = invert(exact, states(), schedule, rounds=50)
    torch.testing.assert_close(sample_euler(exact, start, schedule), states(), atol=1e-3, rtol=0)


def test_more_rounds_come_nearer() -> None:
    schedule = partly(8, 0.8)
    errors = []
    for rounds in (1, 4, 16):
        start = invert(exact, states(), schedule, rounds=rounds)
        errors.append(float((sample_euler(exact, start, schedule) - states()).abs().mean()))
    assert errors[0] > 2 * errors[1] > 4 * errors[2]


def test_all_of_the_way_back_is_the_noise_of_a_gaussian() -> None:
    found = invert(exact, states(), times(400), rounds=4)
    torch.testing.assert_close(found, (states() - MEAN) / STD, atol=0.1, rtol=0)


def test_another_condition_moves_the_state_by_what_is_asked() -> None:
    """Of Gaussians with another mean, the inverted state keeps its place and takes the new mean."""

    def brighter(x: Tensor, t: Tensor) -> Tensor:
        shift = 0.5
        return exact(x - t.view(-1, 1, 1) * shift, t) + shift

    schedule = times(100)
    moved = sample_euler(brighter, invert(exact, states(), schedule), schedule)
    torch.testing.assert_close(moved, states() + 0.5, atol=0.02, rtol=0)


def test_renoising_mixes_at_the_level_of_the_schedule() -> None:
    clean, noise = states(), torch.randn(3, 8, 16)
    torch.testing.assert_close(renoise(clean, noise, partly(10, 0.25)), 0.75 * clean + 0.25 * noise)
    torch.testing.assert_close(renoise(clean, noise, partly(10, 1.0)), noise)


@given(st.integers(1, 200), st.floats(1e-3, 1.0))
def test_schedules_rise_from_the_level_to_the_end(steps: int, level: float) -> None:
    schedule = partly(steps, level)
    assert schedule[0] == pytest.approx(1 - level, abs=1e-6)
    assert schedule[-1] == 1
    assert bool((schedule.diff() > 0).all())
    assert len(schedule) == 1 + max(1, round(steps * level))


@pytest.mark.parametrize("level", [0.0, -0.1, 1.01, float("nan")])
def test_levels_out_of_range_are_refused(level: float) -> None:
    with pytest.raises(OptionError, match="noise level"):
        partly(10, level)


@pytest.mark.parametrize("rounds", [0, 51])
def test_rounds_out_of_range_are_refused(rounds: int) -> None:
    with pytest.raises(OptionError, match="rounds"):
        invert(exact, states(), times(4), rounds=rounds)
