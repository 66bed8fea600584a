"""Networks that were trained on DDPM steps, asked at the times of the flow."""

from collections.abc import Callable
from typing import Literal, get_args

import torch
from torch import Tensor, nn

from sonolume.errors import ModelError

Prediction = Literal["epsilon", "v_prediction", "sample"]
Ask = Callable[[Tensor, Tensor], Tensor]


class DdpmDenoiser(nn.Module):
    """Turns what a network predicts at training steps into the clean estimate at times t.

    x_t = t · clean + (1 − t) · noise is, divided by √(t² + (1 − t)²), the variance-preserving
    state α · clean + σ · noise of DDPM (Ho et al. 2020) with α² = t² / (t² + (1 − t)²). The network
    is asked at the training step of equal log(σ / α), interpolated between whole steps. Noisier
    states than any it was trained on are taken for its noisiest: t below 0.064 in Stable
    Diffusion 1.5, below 0.0064 in ADM.

    One Euler step of the flow is then one DDIM step (Song et al. 2021, η = 0).

    Args:
        alphas_cumprod: [T] α² of each training step, falling.
        prediction: what the network predicts.

    Raises:
        ModelError: a noise schedule or prediction that this cannot work with.
    """

    log_ratios: Tensor

    def __init__(self, alphas_cumprod: Tensor, prediction: Prediction = "epsilon") -> None:
        super().__init__()
        _check(alphas_cumprod, prediction)
        self.prediction = prediction
        squares = alphas_cumprod.double()
        self.least_alpha = float(squares[-1].sqrt())
        self.most_sigma = float((1 - squares[-1]).sqrt())
        ratios = ((1 - squares) / squares.clamp(min=1e-12)).log() / 2
        self.register_buffer("log_ratios", ratios.float(), persistent=False)

    def clean(self, x: Tensor, t: Tensor, ask: Ask) -> Tensor:
        """The clean estimate of x [B, C, H, W] at t [B]; `ask(state, steps [B])` is the network."""
        radius = torch.hypot(t, 1 - t)
        alpha = (t / radius).clamp(min=self.least_alpha)
        sigma = ((1 - t) / radius).clamp(max=self.most_sigma)
        state = x / _wide(radius)
        told = ask(state, self.steps(sigma / alpha)).to(x.dtype)
        return self._clean(state, told, _wide(alpha), _wide(sigma))

    def steps(self, ratio: Tensor) -> Tensor:
        """Training steps [B], fractional, of noise-to-signal ratios σ / α [B]."""
        table = self.log_ratios
        value = ratio.log().to(table).clamp(min=table[0], max=table[-1])
        above = torch.searchsorted(table, value).clamp(1, len(table) - 1)
        low, high = table[above - 1], table[above]
        return above - 1 + (value - low) / (high - low)

    def _clean(self, state: Tensor, told: Tensor, alpha: Tensor, sigma: Tensor) -> Tensor:
        if self.prediction == "epsilon":
            return (state - sigma * told) / alpha
        if self.prediction == "v_prediction":  # v = α · noise − σ · clean (Salimans & Ho 2022)
            return alpha * state - sigma * told
        return told


def _check(alphas_cumprod: Tensor, prediction: str) -> None:
    if prediction not in get_args(Prediction):
        known = ", ".join(get_args(Prediction))
        raise ModelError(f"the U-Net predicts {prediction!r}; expected one of {known}")
    falling = bool((alphas_cumprod.diff() < 0).all())
    if alphas_cumprod.ndim != 1 or len(alphas_cumprod) < 2 or not falling:
        raise ModelError("the noise schedule does not fall from step to step; expected one of DDPM")
    if prediction == "epsilon" and float(alphas_cumprod[-1]) <= 0:
        raise ModelError(
            "a U-Net that predicts noise cannot start from zero signal: use v_prediction"
        )


def _wide(values: Tensor) -> Tensor:
    return values.view(-1, 1, 1, 1)
