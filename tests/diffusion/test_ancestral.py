"""Ancestral steps against those of diffusers."""

import pytest
import torch
from diffusers import DDPMScheduler
from torch import Tensor

from sonolume.diffusion.ancestral import posterior


@pytest.mark.parametrize("step", [999, 500, 20, 1])
@pytest.mark.parametrize("variance", [-1.0, 0.3, 1.0])
def test_an_ancestral_step_is_that_of_diffusers(step, variance) -> None:
    scheduler = DDPMScheduler(
        beta_schedule="linear", variance_type="learned_range", clip_sample=False
    )
    scheduler.set_timesteps(1000)
    generator = torch.Generator().manual_seed(step)
    state, noise = torch.randn(2, 1, 3, 4, 4, generator=generator, dtype=torch.float64)
    told = torch.cat([noise, torch.full_like(noise, variance)], dim=1)
    drawn = torch.Generator().manual_seed(1)
    taken = scheduler.step(told, step, state, generator=drawn)
    fresh = torch.randn(noise.shape, generator=drawn.manual_seed(1), dtype=noise.dtype)
    now, then = (time(scheduler.alphas_cumprod[s]) for s in (step, step - 1))
    mean, deviation = posterior(
        state * radius(now),
        taken.pred_original_sample,
        now,
        then,
        torch.full_like(noise, (variance + 1) / 2),
    )
    found = (mean + deviation * fresh) / radius(then)
    torch.testing.assert_close(found, taken.prev_sample, atol=2e-4, rtol=1e-4)


def time(square: Tensor) -> float:
    return float(1 / (1 + ((1 - square.double()) / square.double()).sqrt()))


def radius(t: float) -> float:
    return (t**2 + (1 - t) ** 2) ** 0.5


def test_without_a_place_the_lower_variance_is_taken() -> None:
    x = torch.randn(1, 3, 4, 4, generator=torch.Generator().manual_seed(0))
    lower = posterior(x, x, 0.3, 0.4)[1]
    torch.testing.assert_close(lower, posterior(x, x, 0.3, 0.4, torch.zeros_like(x))[1])
    upper = posterior(x, x, 0.3, 0.4, torch.ones_like(x))[1]
    assert bool((upper > lower).all())


def test_the_last_step_is_the_estimate() -> None:
    clean = torch.randn(1, 3, 4, 4, generator=torch.Generator().manual_seed(0))
    mean, deviation = posterior(torch.zeros_like(clean), clean, 0.9, 1.0)
    assert torch.equal(mean, clean)
    assert not deviation.any()
