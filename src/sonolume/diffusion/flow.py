"""Flow matching with a straight path: x_t = t · picture + (1 − t) · noise (Lipman et al. 2023)."""

from collections.abc import Callable
from itertools import pairwise

import torch
from torch import Tensor

# The velocity (picture − x_t) / (1 − t) is unbounded near t = 1; training and sampling share
# this floor so that they cannot drift apart.
SMALLEST_GAP = 0.05

Denoise = Callable[[Tensor, Tensor], Tensor]
Callback = Callable[[int, float, Tensor], None]


def mix(picture: Tensor, noise: Tensor, t: Tensor) -> Tensor:
    """x_t [B, C, H, W] at times t [B]."""
    t = t.view(-1, *[1] * (picture.ndim - 1))
    return t * picture + (1 - t) * noise


def velocity(clean: Tensor, x: Tensor, t: Tensor) -> Tensor:
    """dx/dt at x_t towards the predicted clean picture."""
    gap = (1 - t).clamp(min=SMALLEST_GAP).view(-1, *[1] * (x.ndim - 1))
    return (clean - x) / gap


def velocity_loss(clean: Tensor, picture: Tensor, t: Tensor) -> Tensor:
    """Squared error [B] of the velocity, from predicted and true clean pictures."""
    gap = (1 - t).clamp(min=SMALLEST_GAP)
    return (clean - picture).float().square().flatten(1).mean(1) / gap.square()


def logit_normal_times(count: int, mean: float, std: float = 1.0) -> Tensor:
    """`count` stratified times in 0..1, sigmoid of a normal (Esser et al. 2024); low is noisy."""
    u = (torch.arange(count) + torch.rand(count)) / count
    z = torch.special.ndtri(u.clamp(1e-6, 1 - 1e-6))[torch.randperm(count)]
    return torch.sigmoid(mean + std * z)


def times(steps: int, shift: float = 1.0) -> Tensor:
    """`steps` + 1 times from 0 (noise) to 1 (picture); shift > 1 dwells longer in the noise."""
    u = torch.linspace(0, 1, steps + 1)
    return u / (u + shift * (1 - u))


def sample_euler(
    denoise: Denoise, noise: Tensor, schedule: Tensor, callback: Callback | None = None
) -> Tensor:
    """Integrate from noise to picture, one prediction a step.

    `denoise(x [B, C, H, W], t [B]) → clean picture`; `schedule` holds rising times 0 … 1;
    `callback(step, t, clean)` sees every prediction. The last prediction is the result.
    """
    x, clean = noise, noise
    for step, (now, then) in enumerate(pairwise(schedule)):
        t = now.expand(len(x)).to(x)
        clean = denoise(x, t)
        x = x + (then - now).to(x) * velocity(clean, x, t)
        if callback is not None:
            callback(step, float(now), clean)
    return clean


def sample_heun(
    denoise: Denoise, noise: Tensor, schedule: Tensor, callback: Callback | None = None
) -> Tensor:
    """As `sample_euler`, second order: two predictions a step but for the last."""
    x, clean = noise, noise
    last = len(schedule) - 2
    for step, (now, then) in enumerate(pairwise(schedule)):
        t = now.expand(len(x)).to(x)
        clean = denoise(x, t)
        slope = velocity(clean, x, t)
        if step < last:
            ahead = x + (then - now).to(x) * slope
            t_ahead = then.expand(len(x)).to(x)
            clean = denoise(ahead, t_ahead)
            slope = (slope + velocity(clean, ahead, t_ahead)) / 2
        x = x + (then - now).to(x) * slope
        if callback is not None:
            callback(step, float(now), clean)
    return clean
