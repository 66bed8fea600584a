"""Steering by energies: guidance as a function from denoiser to denoiser.

For the flow x = t · clean + (1 − t) · noise, Tweedie's formula reads
clean(x, t) = (x + (1 − t)² · ∇ log p_t(x)) / t. Tilting p_t by exp(−scale · E), with E taken at the
clean estimate (Chung et al. 2023, "Diffusion Posterior Sampling"), moves that estimate to

    clean − scale · (1 − t)² / t · ∇ₓ E(clean(x, t)),

exactly so when E is linear and the prior normal. Fast steering spares the gradient through the
denoiser: it takes ∂clean/∂x for that of a unit normal prior (Song et al. 2023, "ΠGDM"), t over
t² + (1 − t)², and moves the estimate to

    clean − scale · (1 − t)² / (t² + (1 − t)²) · ∇ E(clean).
"""

from dataclasses import dataclass
from typing import Literal, get_args

import torch
from torch import Tensor

from sonolume.diffusion.energies import Energy
from sonolume.diffusion.flow import Denoise
from sonolume.errors import OptionError

Gradient = Literal["unit", "clamped", "true"]
LARGEST_SCALE = 1e6
# At t = 0 there is no estimate to speak of, and 1 / t has no value.
EARLIEST = 0.02


@dataclass(frozen=True)
class Steering:
    """How an energy moves the clean estimate. Raises OptionError when a value is out of range.

    `gradient` says how far: "true" as the formulae above say; "clamped" the same, but never by
    more than `largest` (root mean square of the move); "unit" by exactly `scale` times `undecided`,
    whatever the length of the gradient, so that one scale fits every prior, encoder and prompt.
    `fast` leaves out the gradient through the denoiser. `start` and `stop` are the times between
    which guidance acts, 0 noise … 1 picture.
    """

    scale: float = 0.4
    fast: bool = False
    gradient: Gradient = "unit"
    largest: float = 0.2
    start: float = 0.0
    stop: float = 1.0

    def __post_init__(self) -> None:
        if self.gradient not in get_args(Gradient):
            known = ", ".join(get_args(Gradient))
            raise OptionError(f"gradient {self.gradient!r}: expected one of {known}")
        if not 0 <= self.scale <= LARGEST_SCALE:
            raise OptionError(f"guidance scale {self.scale}: expected 0 to {LARGEST_SCALE:g}")
        if not 0 < self.largest <= LARGEST_SCALE:
            raise OptionError(f"largest move {self.largest}: expected more than 0")
        if not 0 <= self.start < self.stop <= 1:
            raise OptionError(
                f"guidance from {self.start} to {self.stop}: expected two rising times in 0..1"
            )


def steer(denoise: Denoise, energy: Energy | None, steering: Steering) -> Denoise:
    """`denoise` with its clean estimate moved down the gradient of `energy`.

    `energy` takes clean estimates [B, C, H, W] to [B] and is differentiable. Without an energy, or
    at scale 0, `denoise` itself is returned: nothing changes in any bit. The same holds at times
    outside the interval. Works under `torch.no_grad`, not under inference mode.
    """
    if energy is None or steering.scale == 0:
        return denoise

    def steered(x: Tensor, t: Tensor) -> Tensor:
        if not steering.start <= float(t[0]) < steering.stop:
            return denoise(x, t)
        clean, slope = _slope(denoise, energy, x, t, fast=steering.fast)
        return clean - _limited(slope, float(t[0]), steering)

    return steered


def _slope(
    denoise: Denoise, energy: Energy, x: Tensor, t: Tensor, *, fast: bool
) -> tuple[Tensor, Tensor]:
    """The clean estimate, and how far it moves at scale 1 by the formulae above."""
    time = t.clamp(min=EARLIEST).view(-1, *[1] * (x.ndim - 1))
    if fast:
        with torch.no_grad():
            clean = denoise(x, t)
        slope = _gradient(energy, clean)
        return clean, slope * (1 - time).square() / (time.square() + (1 - time).square())
    with torch.enable_grad():
        start = x.detach().requires_grad_()
        clean = denoise(start, t)
        (slope,) = torch.autograd.grad(energy(clean).sum(), start)
    return clean.detach(), slope * (1 - time).square() / time


def _gradient(energy: Energy, clean: Tensor) -> Tensor:
    with torch.enable_grad():
        start = clean.detach().requires_grad_()
        (slope,) = torch.autograd.grad(energy(start).sum(), start)
    return slope


def undecided(t: float) -> float:
    """How far, as a share of all variation, a picture can still go at time t.

    The standard deviation (1 − t) / √(t² + (1 − t)²) of the clean picture given x, for a unit
    normal prior. Late moves are short: what changes then are single pixels, and an encoder is
    fooled by them long before an eye sees anything.
    """
    return float((1 - t) / (t**2 + (1 - t) ** 2) ** 0.5)


def _limited(slope: Tensor, t: float, steering: Steering) -> Tensor:
    """The move [B, C, H, W]."""
    length = slope.square().flatten(1).mean(1).sqrt().view(-1, *[1] * (slope.ndim - 1))
    tiny = torch.finfo(slope.dtype).tiny
    match steering.gradient:
        case "unit":
            return steering.scale * undecided(t) * slope / length.clamp(min=tiny)
        case "clamped":
            factor = steering.largest / (steering.scale * length).clamp(min=steering.largest)
            return steering.scale * slope * factor
        case "true":
            return steering.scale * slope
