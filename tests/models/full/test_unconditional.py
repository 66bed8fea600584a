"""Unconditional priors: the clean estimate, and where the variance lies."""

import pytest
import torch
from torch import Tensor

from sonolume.diffusion.ancestral import sample_ancestral
from sonolume.diffusion.flow import mix
from sonolume.hub.interop.guided_diffusion import alphas_cumprod
from sonolume.models.full.unconditional import UnconditionalDenoiser

M, S = 0.7, 0.4  # of the data: independent normal values


class GaussianNet(torch.nn.Module):
    """Predicts the noise of normal data at whole or fractional steps, and a fixed variance."""

    def __init__(self, extra: float | None) -> None:
        super().__init__()
        squares = alphas_cumprod()
        self.log_ratios = ((1 - squares) / squares).log() / 2
        self.extra = extra

    def forward(self, x: Tensor, steps: Tensor) -> Tensor:
        low = steps.long().clamp(max=998)
        part = steps.double() - low
        log_ratio = (1 - part) * self.log_ratios[low] + part * self.log_ratios[low + 1]
        alpha = (1 + (2 * log_ratio).exp()).pow(-0.5).view(-1, 1, 1, 1)
        sigma = (1 - alpha**2).sqrt()
        noise = (x - alpha * posterior_mean(x.double(), alpha, sigma)) / sigma
        rest = [] if self.extra is None else [torch.full_like(noise, self.extra)]
        return torch.cat([noise, *rest], dim=1).float()


def posterior_mean(x: Tensor, alpha: Tensor, sigma: Tensor) -> Tensor:
    return M + alpha * S**2 / (alpha**2 * S**2 + sigma**2) * (x - alpha * M)


def toy(extra: float | None = None) -> UnconditionalDenoiser:
    return UnconditionalDenoiser(GaussianNet(extra), alphas_cumprod())


@pytest.mark.parametrize("extra", [None, 0.5])
def test_the_estimate_is_the_posterior_mean(extra) -> None:
    generator = torch.Generator().manual_seed(0)
    t = torch.linspace(0.02, 0.97, 20)
    clean = M + S * torch.randn(20, 3, 8, 8, generator=generator)
    x = mix(clean, torch.randn(20, 3, 8, 8, generator=generator), t)
    wide = t.view(-1, 1, 1, 1)
    denoise = toy(extra)
    found, place = denoise.estimate(x, t)
    torch.testing.assert_close(found, posterior_mean(x, wide, 1 - wide), atol=1e-3, rtol=0)
    assert torch.equal(denoise(x, t), found)
    if extra is None:
        assert place is None
    else:
        torch.testing.assert_close(place, torch.full_like(x, 0.75))


@pytest.mark.parametrize("extra", [None, -1.0, 1.0])
def test_ancestral_sampling_gives_the_distribution_of_the_data(extra) -> None:
    denoise = toy(extra)
    generator = torch.Generator().manual_seed(2)
    noise = torch.randn(64, 3, 8, 8, generator=generator)
    seen: list[float] = []
    found = sample_ancestral(
        denoise.estimate,
        noise,
        torch.linspace(0, 1, 101),
        generator,
        lambda step, t, clean: seen.append(t),
    )
    assert len(seen) == 100
    assert float(found.mean()) == pytest.approx(M, abs=0.03)
    # The last step adds no noise, so a little of the deviation is missing.
    assert float(found.std()) == pytest.approx(S, abs=0.04)
