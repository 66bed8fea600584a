"""The networks of AudioLDM 2 and Stable Audio, asked at the times of the flow."""

from typing import Any

import torch
from torch import Tensor, nn

from sonolume.models.full.ddpm import DdpmDenoiser, Prediction

__all__ = ["AudioLdmDenoiser", "StableAudioDenoiser"]


class AudioLdmDenoiser(DdpmDenoiser):
    """Predicts clean latents [B, C, T, M] with the U-Net of AudioLDM 2 (Liu et al. 2024).

    Told are what its language model wrote [B, 8, D], and its other text states [B, L, E] with
    their mask [B, L].

    Raises ModelError as `DdpmDenoiser`.
    """

    def __init__(
        self, unet: nn.Module, alphas_cumprod: Tensor, prediction: Prediction = "epsilon"
    ) -> None:
        super().__init__(alphas_cumprod, prediction)
        self.unet: Any = unet

    def forward(self, x: Tensor, t: Tensor, written: Tensor, text: Tensor, mask: Tensor) -> Tensor:
        def ask(state: Tensor, steps: Tensor) -> Tensor:
            out: Tensor = self.unet(
                state.to(self.unet.dtype),
                steps,
                encoder_hidden_states=written,
                encoder_hidden_states_1=text,
                encoder_attention_mask_1=mask,
                return_dict=False,
            )[0]
            return out

        return self.clean(x, t, ask)


class StableAudioDenoiser(nn.Module):
    """Predicts clean latents [B, C, T] with the transformer of Stable Audio (Evans et al. 2024).

    x_t = t · clean + (1 − t) · noise is, divided by t, the state of Karras et al. 2022 with
    σ = (1 − t) / t, which the scheduler's own preconditioning knows; σ is held between the smallest
    and the largest of its training.

    Args:
        transformer: a StableAudioDiTModel.
        scheduler: with `precondition_inputs`, `precondition_noise` and `precondition_outputs`.
        turn: width of the rotary angles.
    """

    def __init__(self, transformer: nn.Module, scheduler: Any, turn: int) -> None:
        super().__init__()
        self.transformer: Any = transformer
        self.scheduler, self.turn = scheduler, turn

    def forward(self, x: Tensor, t: Tensor, text: Tensor, whole: Tensor) -> Tensor:
        """`text` [B, L, D] is what is said, `whole` [B, 1, E] of what length."""
        from diffusers.models.embeddings import get_1d_rotary_pos_embed

        limits = self.scheduler.config
        sigma = ((1 - t) / t.clamp(min=1e-9)).clamp(limits.sigma_min, limits.sigma_max)
        sigma = sigma[:, None, None]
        noisy = x * (1 + sigma)
        angles = get_1d_rotary_pos_embed(
            self.turn, x.shape[-1] + whole.shape[1], use_real=True, repeat_interleave_real=False
        )
        told = self.transformer(
            self.scheduler.precondition_inputs(noisy, sigma).to(self.transformer.dtype),
            self.scheduler.precondition_noise(sigma).flatten(),
            encoder_hidden_states=text,
            global_hidden_states=whole,
            rotary_embedding=tuple(torch.as_tensor(part, device=x.device) for part in angles),
            return_dict=False,
        )[0]
        clean: Tensor = self.scheduler.precondition_outputs(noisy, told.to(x.dtype), sigma)
        return clean
