"""The latent denoiser against closed forms, and its steps against diffusers' DDIM.

Data are independent normal values of mean M and deviation S, for which the best prediction of the
noise is known exactly; a network that gives it stands where the U-Net stands.
"""

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from diffusers import DDIMScheduler
from diffusers.models.attention import BasicTransformerBlock
from torch import Tensor, nn

from sonolume.diffusion.flow import mix, sample_euler
from sonolume.errors import ModelError
from sonolume.models.full.denoiser import LatentDenoiser

M, S = 0.7, 0.4
SCHEDULE = {"beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear"}


class GaussianNet(nn.Module):
    """Predicts noise or velocity of normal data, at any fractional training step."""

    dtype = torch.float32
    config = SimpleNamespace(cross_attention_dim=8)

    def __init__(self, alphas_cumprod: Tensor, prediction: str) -> None:
        super().__init__()
        self.place = BasicTransformerBlock(8, 1, 8, cross_attention_dim=8)  # audio needs a place
        squares = alphas_cumprod.double().numpy()
        self.log_ratios = np.log((1 - squares) / squares) / 2
        self.prediction = prediction
        self.asked: list[Tensor] = []

    def forward(self, x: Tensor, step: Tensor, encoder_hidden_states: Tensor) -> SimpleNamespace:
        self.asked.append(step)
        log_ratio = np.interp(
            step.double().numpy(), np.arange(len(self.log_ratios)), self.log_ratios
        )
        alpha = torch.from_numpy((1 + np.exp(2 * log_ratio)) ** -0.5).view(-1, 1, 1, 1)
        sigma = (1 - alpha**2).sqrt()
        clean = posterior_mean(x.double(), alpha, sigma)
        noise = (x - alpha * clean) / sigma
        told = noise if self.prediction == "epsilon" else alpha * noise - sigma * clean
        return SimpleNamespace(sample=told.float())


def posterior_mean(x: Tensor, alpha: Tensor, sigma: Tensor) -> Tensor:
    """E[clean | alpha · clean + sigma · noise = x]."""
    gain = alpha * S**2 / (alpha**2 * S**2 + sigma**2)
    return M + gain * (x - alpha * M)


def toy(prediction: str = "epsilon", **changes) -> tuple[LatentDenoiser, DDIMScheduler]:
    scheduler = DDIMScheduler(
        **{**SCHEDULE, **changes}, clip_sample=False, steps_offset=1, prediction_type=prediction
    )
    alphas = scheduler.alphas_cumprod
    return LatentDenoiser(GaussianNet(alphas, prediction), alphas, prediction), scheduler


@pytest.fixture
def words() -> Tensor:
    return torch.zeros(1, 77, 8)


@pytest.mark.parametrize("prediction", ["epsilon", "v_prediction"])
def test_the_prediction_is_the_posterior_mean_at_every_time(prediction, words) -> None:
    denoiser, _ = toy(prediction)
    generator = torch.Generator().manual_seed(0)
    t = torch.linspace(0.07, 0.97, 31)
    clean = M + S * torch.randn(31, 4, 8, 8, generator=generator)
    x = mix(clean, torch.randn(31, 4, 8, 8, generator=generator), t)
    expected = posterior_mean(x, t.view(-1, 1, 1, 1), 1 - t.view(-1, 1, 1, 1))
    found = denoiser(x, t, words.expand(31, -1, -1))
    assert float((found - expected).abs().max()) < 2e-4


def test_whole_training_steps_are_found_again() -> None:
    denoiser, scheduler = toy()
    squares = scheduler.alphas_cumprod.double()
    steps = torch.tensor([0, 1, 17, 250, 500, 981, 999])
    ratios = ((1 - squares[steps]) / squares[steps]).sqrt()
    assert torch.allclose(denoiser.steps(ratios.float()), steps.float(), atol=0.02)


def test_times_beyond_the_training_are_asked_at_its_ends(words) -> None:
    denoiser, scheduler = toy()
    x = torch.randn(3, 4, 8, 8, generator=torch.Generator().manual_seed(0))
    found = denoiser(x, torch.tensor([0.0, 0.03, 1.0]), words.expand(3, -1, -1))
    assert torch.isfinite(found).all()
    assert denoiser.unet.asked[-1].tolist() == [999.0, 999.0, 0.0]
    torch.testing.assert_close(found[2], x[2])  # nothing is left to predict
    # Pure noise is what every sampler hands to the noisiest step.
    least = scheduler.alphas_cumprod[-1].sqrt()
    expected = posterior_mean(x[0], least, (1 - least**2).sqrt())
    torch.testing.assert_close(found[0], expected, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("prediction", ["epsilon", "v_prediction"])
@pytest.mark.parametrize("steps", [5, 20, 50])
def test_an_euler_step_of_the_flow_is_a_ddim_step(prediction, steps, words) -> None:
    denoiser, scheduler = toy(prediction)
    net = denoiser.unet
    noise = torch.randn(1, 4, 8, 8, generator=torch.Generator().manual_seed(1))
    scheduler.set_timesteps(steps)
    squares = scheduler.alphas_cumprod[scheduler.timesteps].double()
    flow = 1 / (1 + ((1 - squares) / squares).sqrt())
    # Closer to the picture than 0.05 our sampler holds its pace, unlike DDIM.
    flow = flow[flow < 0.95]
    state, expected = noise, []
    for step in scheduler.timesteps[: len(flow)]:
        taken = scheduler.step(net(state, step[None], words).sample, step, state)
        state = taken.prev_sample
        expected.append(taken.pred_original_sample)
    found: list[Tensor] = []
    sample_euler(
        lambda x, t: denoiser(x, t, words),
        noise * torch.hypot(flow[0], 1 - flow[0]).float(),
        torch.cat([flow, torch.ones(1)]).float(),
        lambda step, t, clean: found.append(clean),
    )
    assert len(found) == len(expected) >= steps - 3
    torch.testing.assert_close(torch.stack(found), torch.stack(expected), atol=5e-4, rtol=0)


def test_sampling_gives_the_distribution_of_the_data(words) -> None:
    denoiser, _ = toy()
    noise = torch.randn(64, 4, 8, 8, generator=torch.Generator().manual_seed(2))
    many = words.expand(64, -1, -1)
    found = sample_euler(lambda x, t: denoiser(x, t, many), noise, torch.linspace(0, 1, 101))
    assert float(found.mean()) == pytest.approx(M, abs=0.03)
    assert float(found.std()) == pytest.approx(S, abs=0.03)


def test_zero_terminal_signal_needs_no_division() -> None:
    denoiser, _ = toy("v_prediction")
    zero = DDIMScheduler(**SCHEDULE, rescale_betas_zero_snr=True).alphas_cumprod
    assert float(zero[-1]) == 0
    rescaled = LatentDenoiser(
        denoiser.unet.__class__(zero[:-1], "v_prediction"), zero, "v_prediction"
    )
    x = torch.randn(2, 4, 8, 8, generator=torch.Generator().manual_seed(3))
    found = rescaled(x, torch.tensor([0.0, 0.5]), torch.zeros(2, 77, 8))
    assert torch.isfinite(found).all()
    expected = posterior_mean(x[1], torch.tensor(0.5), torch.tensor(0.5))
    torch.testing.assert_close(found[1], expected, atol=1e-3, rtol=0)


@pytest.mark.parametrize(
    ("alphas", "prediction", "message"),
    [
        (torch.linspace(0.9, 0.1, 9), "flow", "the U-Net predicts 'flow'; expected one of epsilon"),
        (torch.linspace(0.1, 0.9, 9), "epsilon", "the noise schedule does not fall"),
        (torch.tensor([0.5]), "epsilon", "the noise schedule does not fall"),
        (torch.linspace(0.9, 0.0, 9), "epsilon", "cannot start from zero signal: use v_prediction"),
    ],
)
def test_schedules_that_cannot_work_are_refused(alphas, prediction, message) -> None:
    net = GaussianNet(torch.linspace(0.9, 0.1, 9), "epsilon")
    with pytest.raises(ModelError, match=message):
        LatentDenoiser(net, alphas, prediction)
