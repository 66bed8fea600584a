"""The U-Net of Stable Diffusion behind the denoiser contract."""

from typing import Any, Literal, get_args

import torch
from torch import Tensor, nn

from sonolume.errors import ModelError
from sonolume.models.full.attention import Blocks, audio_layers, install

Prediction = Literal["epsilon", "v_prediction", "sample"]


class LatentDenoiser(nn.Module):
    """Predicts clean latents, as `Denoiser` says, with a U-Net that was trained on DDPM steps.

    x_t = t · clean + (1 − t) · noise is, divided by √(t² + (1 − t)²), the variance-preserving
    state α · clean + σ · noise of DDPM (Ho et al. 2020) with α² = t² / (t² + (1 − t)²). The U-Net
    is asked at the training step of equal log(σ / α), interpolated between whole steps. Noisier
    states than any it was trained on are taken for its noisiest: t below 0.064 in Stable
    Diffusion 1.5.

    One Euler step of the flow is then one DDIM step (Song et al. 2021, η = 0).

    Args:
        unet: a `UNet2DConditionModel`; it receives gated audio attention here.
        alphas_cumprod: [T] α² of each training step, falling.
        prediction: what the U-Net predicts.
        blocks: where audio attention goes, see `attention.install`.

    Raises:
        ModelError: a noise schedule or prediction that this cannot work with.
    """

    unet: Any
    log_ratios: Tensor

    def __init__(
        self,
        unet: nn.Module,
        alphas_cumprod: Tensor,
        prediction: Prediction = "epsilon",
        blocks: Blocks = "all",
    ) -> None:
        super().__init__()
        _check(alphas_cumprod, prediction)
        self.unet = unet
        self.prediction = prediction
        self.blocks = blocks
        self.hearing = install(unet, int(self.unet.config.cross_attention_dim), blocks)
        squares = alphas_cumprod.double()
        self.least_alpha = float(squares[-1].sqrt())
        self.most_sigma = float((1 - squares[-1]).sqrt())
        ratios = ((1 - squares) / squares.clamp(min=1e-12)).log() / 2
        self.register_buffer("log_ratios", ratios.float(), persistent=False)

    def forward(self, x: Tensor, t: Tensor, words: Tensor, sound: Tensor | None = None) -> Tensor:
        radius = torch.hypot(t, 1 - t)
        alpha = (t / radius).clamp(min=self.least_alpha)
        sigma = ((1 - t) / radius).clamp(max=self.most_sigma)
        state = x / _wide(radius)
        self.hearing.tokens = sound
        dtype = self.unet.dtype
        told = self.unet(
            state.to(dtype), self.steps(sigma / alpha), encoder_hidden_states=words.to(dtype)
        )
        return self._clean(state, told.sample.to(x.dtype), _wide(alpha), _wide(sigma))

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

    def base_parameters(self) -> dict[str, nn.Parameter]:
        """Everything but the audio attention."""
        return {k: p for k, p in self.named_parameters() if ".audio." not in k}

    def audio_parameters(self) -> dict[str, nn.Parameter]:
        """The audio attention of every block."""
        return {k: p for k, p in self.named_parameters() if ".audio." in k}

    @property
    def deaf(self) -> bool:
        """Whether every gate is still at 0, so that sound changes nothing."""
        return not any(bool(layer.gate) for layer in audio_layers(self.unet).values())


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
