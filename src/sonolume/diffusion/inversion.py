"""From a clean state back to the noise it could have come from.

Sampling from where an inversion ends gives the state back when the condition is the same, and its
neighbour when it is another one. That is how an editor keeps what it was not asked to change.
"""

from itertools import pairwise

import torch
from torch import Tensor

from sonolume.diffusion.flow import Denoise, mix, times, velocity
from sonolume.errors import OptionError

__all__ = ["invert", "partly", "renoise"]

MOST_ROUNDS = 50


def partly(steps: int, noise_level: float) -> Tensor:
    """Rising times from 1 − `noise_level` to 1: at least one step, as dense as `steps` for all.

    Raises OptionError unless 0 < noise_level ≤ 1.
    """
    if not 0 < noise_level <= 1:
        raise OptionError(f"a noise level of {noise_level}; expected more than 0, up to 1")
    count = max(1, round(steps * noise_level))
    return 1 - noise_level * (1 - times(count))


def renoise(clean: Tensor, noise: Tensor, schedule: Tensor) -> Tensor:
    """Where a sampler starts along `schedule` when noise covers what is finer than its level.

    SDEdit (Meng et al. 2022, section 3): clean states [B, ...] and noise of that shape.
    """
    return mix(clean, noise, schedule[:1].to(clean).expand(len(clean)))


def invert(denoise: Denoise, clean: Tensor, schedule: Tensor, *, rounds: int = 4) -> Tensor:
    """The state at ``schedule[0]`` from which `flow.sample_euler` ends at `clean`.

    Each step of the sampler, x' = x + h · v(x, t), is solved for x by fixed-point rounds (Pan et
    al. 2023, "Effective Real Image Editing with Accelerated Iterative Diffusion Inversion"); one
    round is the usual inversion of DDIM (Song et al. 2021), which takes v at x' instead.

    Args:
        denoise: (x [B, ...], t [B]) → the clean state.
        clean: states [B, ...].
        schedule: rising times … 1, as the sampler takes.
        rounds: 1 to 50.

    Raises:
        OptionError: rounds out of range.
    """
    if not 1 <= rounds <= MOST_ROUNDS:
        raise OptionError(f"{rounds} rounds of inversion; expected 1 to {MOST_ROUNDS}")
    x = clean
    for now, then in reversed(list(pairwise(schedule.tolist()))):
        t = torch.full((len(x),), now).to(x)
        ahead, x = x, x
        for _ in range(rounds):
            x = ahead - (then - now) * velocity(denoise(x, t), x, t)
    return x
