"""Ancestral sampling of DDPM (Ho et al. 2020), in the times of the flow."""

from collections.abc import Callable
from itertools import pairwise

import torch
from torch import Tensor

from sonolume.diffusion.flow import Callback

Estimate = Callable[[Tensor, Tensor], tuple[Tensor, Tensor | None]]


def sample_ancestral(
    estimate: Estimate,
    noise: Tensor,
    schedule: Tensor,
    generator: torch.Generator | None = None,
    callback: Callback | None = None,
) -> Tensor:
    """From noise to picture with fresh noise in every step but the last.

    `estimate(x [B, C, H, W], t [B])` gives the clean picture, and where the variance lies between
    its bounds, as `posterior` takes it. `schedule` holds rising times 0 … 1;
    `callback(step, t, clean)` sees every estimate.
    """
    x = noise
    for step, (now, then) in enumerate(pairwise(schedule)):
        clean, place = estimate(x, now.expand(len(x)).to(x))
        mean, deviation = posterior(x, clean, float(now), float(then), place)
        fresh = torch.randn(x.shape, generator=generator, dtype=x.dtype).to(x.device)
        x = mean + deviation * fresh
        if callback is not None:
            callback(step, float(now), clean)
    return x


def posterior(
    x: Tensor, clean: Tensor, now: float, then: float, place: Tensor | None = None
) -> tuple[Tensor, Tensor]:
    """Mean and standard deviation [B, C, H, W] of x at the later time `then`, given x at `now`.

    In the variance-preserving state with α² = t² / (t² + (1 − t)²) and β = 1 − α²(now) / α²(then)
    these are equations 6 and 7 of Ho et al. The variance lies between
    β (1 − α²(then)) / (1 − α²(now)) and β, interpolated in the logarithm by `place` (Nichol &
    Dhariwal 2021, equation 15); None is the lower bound. At `then` = 1 nothing is left to draw.
    """
    if then >= 1:
        return clean, torch.zeros_like(clean)
    kept_now, kept_then = _square(now), _square(then)
    beta = 1 - kept_now / kept_then
    lower = beta * (1 - kept_then) / (1 - kept_now)
    to_clean = kept_then**0.5 * beta / (1 - kept_now)
    to_state = (1 - beta) ** 0.5 * (1 - kept_then) / (1 - kept_now)
    radius_now, radius_then = _radius(now), _radius(then)
    mean = to_clean * clean + to_state * x / radius_now
    place = torch.zeros_like(clean) if place is None else place
    log_variance = place * torch.tensor(beta).log() + (1 - place) * torch.tensor(lower).log()
    return radius_then * mean, radius_then * (log_variance / 2).exp()


def _radius(t: float) -> float:
    return float((t**2 + (1 - t) ** 2) ** 0.5)


def _square(t: float) -> float:
    return t**2 / (t**2 + (1 - t) ** 2)
