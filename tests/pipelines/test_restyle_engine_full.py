"""AudioLDM 2 and Stable Audio behind the diffusion engine, tiny and random."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest
import torch

import sonolume
from sonolume.correspondence.edits import edit
from sonolume.errors import ModelError
from sonolume.media import Audio, Picture
from sonolume.models.full.ddpm import DdpmDenoiser
from sonolume.models.full.voice_mel import voice_mel
from sonolume.pipelines import reproduce
from sonolume.pipelines.restyle.engine.draw import Drawer
from sonolume.pipelines.restyle.engine.full import load_full_generator, prompts
from sonolume.pipelines.restyle.engine.parts import Generator, style_of
from sonolume.pipelines.restyle.engine.settings import DiffusionSettings

# diffusers builds this autoencoder with what torch calls outdated.
pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore:.*weight_norm.*is deprecated:FutureWarning"),
]
RATE = 1000  # Hz of the tiny models
KINDS = ("audioldm2", "stable_audio")
DARK = style_of({"brightness": -2.0})


@pytest.fixture(params=KINDS)
def generator(request: pytest.FixtureRequest) -> Generator:
    found = load_full_generator(request.getfixturevalue(request.param))
    if request.param == "audioldm2":
        with torch.no_grad():  # a random vocoder whispers below the floor of log-mels
            for parameter in found.pipeline.vocoder.conv_post.parameters():
                parameter.mul_(30_000)
    return found


def hum(seconds: float, rate: int = RATE, channels: int = 1) -> Audio:
    time = np.arange(round(seconds * rate)) / rate
    voice = np.sin(2 * np.pi * 110 * time) * (1.2 + np.sin(2 * np.pi * 3 * time))
    return Audio(np.stack([0.1 * voice] * channels).astype(np.float32), rate)


def test_states_of_any_length_and_conditions_for_every_window(generator: Generator) -> None:
    for seconds in (0.01, 0.3, 2.3):
        samples = torch.from_numpy(hum(seconds).samples[0])
        with torch.inference_mode():
            state = generator.encode(samples)
            assert state.ndim == 3
            assert state.shape[-1] >= generator.window
            assert len(generator.decode(state)) >= len(samples) - 4
            assert generator.bands(state).shape[0] == 64
            source, target = generator.conditions(samples, DARK)
            count = len(source[0])
            x = torch.randn(count, state.shape[1], generator.window)
            made = [generator.predict(x, torch.full((count,), 0.4), c) for c in (source, target)]
        assert made[0].shape == x.shape
        assert not torch.allclose(made[0], made[1])
        assert bool(torch.isfinite(made[0]).all())


def test_an_amount_of_style_is_a_share_of_the_guidance(generator: Generator) -> None:
    shares = [generator.share(style_of({"warmth": value})) for value in (0.0, 0.5, 1.0, 4.0)]
    assert shares[0] == 0
    assert shares == sorted(shares)
    assert shares[-1] == 1


def test_prompts_say_the_plainest_words() -> None:
    assert prompts(DARK)[0] == "a sound"
    assert prompts(DARK)[1].startswith("a sound that is dark")
    assert prompts(style_of({})) == ["a sound", "a sound"]


def test_stable_audio_predicts_what_its_scheduler_says(stable_audio: Path) -> None:
    """The clean estimate at t is that of the scheduler at sigma = (1 - t) / t."""
    generator = load_full_generator(stable_audio)
    pipeline = generator.pipeline
    x, t = torch.randn(1, 3, generator.window), 0.4
    sigma = torch.tensor((1 - t) / t)
    with torch.inference_mode():
        (told, _) = generator.conditions(torch.zeros(300), DARK)
        made = generator.predict(x, torch.tensor([t]), told)
        noisy = x / t
        from diffusers.models.embeddings import get_1d_rotary_pos_embed

        turned = get_1d_rotary_pos_embed(
            pipeline.rotary_embed_dim, x.shape[-1] + 1, use_real=True, repeat_interleave_real=False
        )
        said = pipeline.transformer(
            pipeline.scheduler.precondition_inputs(noisy, sigma),
            pipeline.scheduler.precondition_noise(sigma).reshape(1),
            encoder_hidden_states=told[0],
            global_hidden_states=told[1],
            rotary_embedding=turned,
            return_dict=False,
        )[0]
        wanted = pipeline.scheduler.precondition_outputs(noisy, said, sigma)
    torch.testing.assert_close(made, wanted, atol=1e-4, rtol=1e-4)


def test_audioldm_predicts_what_its_scheduler_says(audioldm2: Path) -> None:
    """At the time that belongs to a training step, the original that DDIM predicts there."""
    generator = load_full_generator(audioldm2)
    scheduler, unet = generator.pipeline.scheduler, generator.pipeline.unet
    step = 600
    alpha = float(scheduler.alphas_cumprod[step]) ** 0.5
    sigma = math.sqrt(1 - alpha**2)
    t = alpha / (alpha + sigma)
    with torch.inference_mode():
        (told, _) = generator.conditions(torch.zeros(40), DARK)
        state = torch.randn(1, 16, generator.window)
        # Where noise and signal have the shares of that step.
        made = generator.predict(state * math.hypot(t, 1 - t), torch.tensor([t]), told)
        deep = generator._deep(state)
        noise = unet(
            deep,
            torch.tensor([float(step)]),
            encoder_hidden_states=told[0],
            encoder_hidden_states_1=told[1],
            encoder_attention_mask_1=told[2],
        ).sample
        scheduler.set_timesteps(10)
        wanted = scheduler.step(noise, step, deep).pred_original_sample
    assert isinstance(generator.denoiser, DdpmDenoiser)
    torch.testing.assert_close(generator._deep(made), wanted, atol=2e-3, rtol=2e-3)


def test_the_voice_mel_is_that_of_librosa() -> None:
    """As AudioLDM computes it, at its published sizes."""
    import librosa

    samples = np.random.default_rng(0).standard_normal(8000).astype(np.float32)
    found = voice_mel(torch.from_numpy(samples), 16_000, 160, 64)
    magnitude = np.abs(
        librosa.stft(samples, n_fft=1024, hop_length=160, window="hann", pad_mode="reflect")
    )
    filters = librosa.filters.mel(sr=16_000, n_fft=1024, n_mels=64, fmin=0, fmax=8000)
    wanted = np.log(np.maximum(filters @ magnitude, 1e-5)).T
    np.testing.assert_allclose(found.numpy(), wanted, atol=2e-3)


@pytest.mark.parametrize("start", ["inversion", "noise"])
@pytest.mark.parametrize("detail", ["sound", "generator"])
def test_a_sound_is_drawn_again(generator: Generator, start, detail) -> None:
    sound = hum(1.5, 8000, 2)
    settings = DiffusionSettings(start=start, detail=detail, steps=2, guidance=30.0)
    made = Drawer(generator, sound, DARK, settings, 0)(0.5)
    assert made.shape == sound.samples.shape
    assert np.isfinite(made).all()
    assert float(np.abs(made - sound.samples).max()) > 3e-6
    np.testing.assert_allclose(Drawer(generator, sound, DARK, settings, 0)(0.5), made, atol=1e-5)


@pytest.mark.parametrize("kind", KINDS)
def test_restyle_by_a_full_generator(
    kind: str, request: pytest.FixtureRequest, tiny_pocket: Path, tmp_path: Path
) -> None:
    folder = request.getfixturevalue(kind)
    rng = np.random.default_rng(3)
    day = Picture(rng.uniform(60, 190, (64, 64, 3)).astype(np.uint8))
    hum(1.0, 8000).save(tmp_path / "hum.wav")
    restyle = sonolume.load("restyle", model=tiny_pocket, sounds=folder)
    how = {"engine": "diffusion", "diffusion": DiffusionSettings(0.4, steps=3), "keep": ()}
    made = restyle(day, edit(day, "darken", 0.6), tmp_path / "hum.wav", **how)
    assert made.redrawn is not None
    assert made.redrawn.noise_level_used == 0.4
    made.save(tmp_path / "out.wav")
    json.dumps(made.provenance)
    reproduce(made.provenance).save(tmp_path / "again.wav")
    assert (tmp_path / "again.wav").read_bytes() == (tmp_path / "out.wav").read_bytes()


def test_folders_that_hold_no_sound_model(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="model_index.json"):
        load_full_generator(tmp_path)
    with pytest.raises(ModelError, match="no such model folder"):
        load_full_generator(tmp_path / "nothing")
