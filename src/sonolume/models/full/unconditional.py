"""Priors that know pictures but no words, asked in the manner of the flow."""

from collections.abc import Callable

from torch import Tensor, nn

from sonolume.models.full.ddpm import DdpmDenoiser, Prediction


class UnconditionalDenoiser(DdpmDenoiser):
    """x [B, C, H, W], t [B] → clean [B, C, H, W], by a network that was trained on DDPM steps.

    Args:
        network: (state [B, C, H, W], steps [B], fractional) → [B, C or 2 C, H, W]. The second half,
            where there is one, says where the variance of an ancestral step lies between its bounds
            (Nichol & Dhariwal 2021); `forward` drops it, `estimate` returns it.
        alphas_cumprod: [T] α² of each training step, falling.
        prediction: what the first half predicts.

    Raises:
        ModelError: as `DdpmDenoiser`.
    """

    def __init__(
        self,
        network: Callable[[Tensor, Tensor], Tensor],
        alphas_cumprod: Tensor,
        prediction: Prediction = "epsilon",
    ) -> None:
        super().__init__(alphas_cumprod, prediction)
        self.network = network

    def forward(self, x: Tensor, t: Tensor) -> Tensor:
        return self.estimate(x, t)[0]

    def estimate(self, x: Tensor, t: Tensor) -> tuple[Tensor, Tensor | None]:
        """The clean estimate, and the place [B, C, H, W] of the variance between its bounds.

        0 is the lower bound, 1 the upper one; None where the network does not tell. For
        `diffusion.ancestral`.
        """
        channels = x.shape[1]
        rest: list[Tensor] = []

        def ask(state: Tensor, steps: Tensor) -> Tensor:
            told = self.network(state, steps)
            rest.append(told[:, channels:])
            return told[:, :channels]

        clean = self.clean(x, t, ask)
        (variance,) = rest
        return clean, (variance.to(x.dtype) + 1) / 2 if variance.shape[1] else None


class Sampled(nn.Module):
    """A diffusers network, whose answer is wrapped, as a plain one."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, state: Tensor, steps: Tensor) -> Tensor:
        out: Tensor = self.network(state.to(self.network.dtype), steps).sample  # type: ignore[arg-type]
        return out
