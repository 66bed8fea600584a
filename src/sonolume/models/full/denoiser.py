"""The U-Net of Stable Diffusion behind the denoiser contract."""

from typing import Any

from torch import Tensor, nn

from sonolume.models.full.attention import Blocks, audio_layers, install
from sonolume.models.full.ddpm import DdpmDenoiser, Prediction


class LatentDenoiser(DdpmDenoiser):
    """Predicts clean latents, as `Denoiser` says, with a U-Net that was trained on DDPM steps.

    Args:
        unet: a `UNet2DConditionModel`; it receives gated audio attention here.
        alphas_cumprod: [T] α² of each training step, falling.
        prediction: what the U-Net predicts.
        blocks: where audio attention goes, see `attention.install`.

    Raises:
        ModelError: as `DdpmDenoiser`.
    """

    unet: Any

    def __init__(
        self,
        unet: nn.Module,
        alphas_cumprod: Tensor,
        prediction: Prediction = "epsilon",
        blocks: Blocks = "all",
    ) -> None:
        super().__init__(alphas_cumprod, prediction)
        self.unet = unet
        self.blocks = blocks
        self.hearing = install(unet, int(self.unet.config.cross_attention_dim), blocks)

    def forward(self, x: Tensor, t: Tensor, words: Tensor, sound: Tensor | None = None) -> Tensor:
        self.hearing.tokens = sound
        dtype = self.unet.dtype

        def ask(state: Tensor, steps: Tensor) -> Tensor:
            told = self.unet(state.to(dtype), steps, encoder_hidden_states=words.to(dtype))
            out: Tensor = told.sample
            return out

        return self.clean(x, t, ask)

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
