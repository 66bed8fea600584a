"""Priors and encoders of guidance at full size, over tiny random parts of the real classes."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from diffusers import DDIMScheduler, UNet2DModel
from torch import Tensor

from sonolume.diffusion.energies import spherical_distance
from sonolume.diffusion.flow import mix, sample_euler, times
from sonolume.diffusion.steering import Steering, steer
from sonolume.errors import InteropError, ModelError
from sonolume.hub.interop.guided_diffusion import alphas_cumprod, read_adm
from sonolume.hub.spreads import NAME as SPREADS
from sonolume.hub.spreads import Spreads, write_spreads
from sonolume.media import Audio, Picture
from sonolume.models.full.unconditional import UnconditionalDenoiser
from sonolume.pipelines.describe.word_lists import WordList
from sonolume.pipelines.guide.again import guide_again
from sonolume.pipelines.guide.choose import choose_guide_parts
from sonolume.pipelines.guide.full import full_prior
from sonolume.pipelines.guide.full_encoders import ClipClapEncoder, full_encoder, split_name
from sonolume.pipelines.guide.parts import GuideEncoder, GuidePrior
from sonolume.pipelines.guide.pipeline import GuidePipeline

PRIORS = ("tiny_adm", "tiny_unconditional", "tiny_diffusion")
ENCODERS = ("tiny_audioclip", "clip+clap")
SIDES = {"tiny_adm": 32, "tiny_unconditional": 16, "tiny_diffusion": 16}
FEW = WordList.of("few", ("beach", "thunder", "rain", "forest"))


@pytest.fixture(params=PRIORS)
def prior(request: pytest.FixtureRequest) -> GuidePrior:
    return full_prior(request.getfixturevalue(request.param))


@pytest.fixture(params=ENCODERS)
def encoder(request: pytest.FixtureRequest, tiny_clip: Path, tiny_clap: Path) -> GuideEncoder:
    if request.param == "clip+clap":
        name, device = f"{tiny_clip}+{tiny_clap}", torch.device("cpu")
        return ClipClapEncoder(name, str(tiny_clip), str(tiny_clap), device, FEW)
    return full_encoder(request.getfixturevalue(request.param))


def noisy(prior: GuidePrior, t: float, seed: int = 0) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    clean, noise = torch.randn(2, 1, *prior.shape, generator=generator)
    times = torch.full((1,), t)
    return mix(clean, noise, times), times


@pytest.mark.parametrize("name", PRIORS)
def test_every_prior_keeps_the_contract(name, request) -> None:
    path = request.getfixturevalue(name)
    prior = full_prior(path)
    assert prior.name == str(path)
    assert prior.native == prior.side == SIDES[name]
    clean = prior.denoise(*noisy(prior, 0.5))
    assert clean.shape == (1, *prior.shape)
    assert prior.look(clean).shape == (1, 3, prior.native, prior.native)
    finished = prior.decode(clean, 24)
    assert finished.shape == (1, 3, 24, 24)
    assert float(finished.abs().max()) <= 1
    assert prior.state(torch.zeros(1, 3, prior.native, prior.native)).shape == (1, *prior.shape)
    assert prior.hashes()
    assert all(len(value) == 64 for value in prior.hashes().values())


def test_every_prior_can_be_steered(prior) -> None:
    """Guidance towards black makes darker pictures, through the prior and through `look` alone."""
    noise = torch.randn(1, *prior.shape, generator=torch.Generator().manual_seed(0))

    def dark(clean: Tensor) -> Tensor:
        return (prior.look(clean) + 1).square().flatten(1).mean(1)

    def run(steering: Steering | None) -> float:
        energy = dark if steering else None
        guided = steer(prior.denoise, energy, steering or Steering())
        with torch.no_grad():
            clean = sample_euler(guided, noise, times(4))
            return float(dark(clean))

    plain = run(None)
    assert run(Steering(scale=0.2)) < plain
    assert run(Steering(scale=0.2, fast=True)) < plain


def test_pictures_come_back_from_pixels(tiny_adm) -> None:
    prior = full_prior(tiny_adm)
    pictures = torch.rand(1, 3, 32, 32) * 2 - 1
    assert torch.equal(prior.look(prior.state(pictures)), pictures)


def test_adm_drops_its_variance(tiny_adm) -> None:
    prior = full_prior(tiny_adm)
    x, t = noisy(prior, 0.4)
    denoiser = UnconditionalDenoiser(read_adm(tiny_adm), alphas_cumprod())
    assert torch.equal(prior.denoise(x, t), denoiser(x, t))
    assert denoiser.estimate(x, t)[1].shape == x.shape


def test_a_diffusers_prior_predicts_what_its_scheduler_says(tiny_unconditional) -> None:
    prior = full_prior(tiny_unconditional)
    unet = UNet2DModel.from_pretrained(tiny_unconditional / "unet")
    scheduler = DDIMScheduler(beta_schedule="linear", clip_sample=False)
    scheduler.set_timesteps(1000)
    square = scheduler.alphas_cumprod[400].double()
    t = (1 / (1 + ((1 - square) / square).sqrt())).float()[None]
    state = torch.randn(1, 3, 16, 16, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        told = unet(state, 400).sample
        expected = scheduler.step(told, 400, state).pred_original_sample
        found = prior.denoise(state * torch.hypot(t, 1 - t), t)
    torch.testing.assert_close(found, expected, atol=1e-3, rtol=1e-3)


def test_older_flat_folders_are_read(tiny_unconditional, tmp_path) -> None:
    for part in ("unet", "scheduler"):
        for path in (tiny_unconditional / part).iterdir():
            shutil.copy(path, tmp_path)
    flat, parted = full_prior(tmp_path), full_prior(tiny_unconditional)
    x, t = noisy(flat, 0.5)
    assert torch.equal(flat.denoise(x, t), parted.denoise(x, t))


def test_latents_are_seen_through_the_decoder(tiny_diffusion) -> None:
    prior = full_prior(tiny_diffusion)
    clean = torch.randn(1, *prior.shape, generator=torch.Generator().manual_seed(0))
    vae = prior.parts.vae
    expected = vae.decode(clean / vae.config.scaling_factor).sample
    assert torch.equal(prior.look(clean), expected)
    start = clean.clone().requires_grad_()
    prior.look(start).mean().backward()
    assert float(start.grad.abs().sum()) > 0


def test_every_encoder_keeps_the_contract(encoder, noise) -> None:
    words = encoder.embed_words(["a beach", "thunder rolls"])
    samples = noise(0.5, encoder.rate)
    sound = encoder.embed_sound(np.array_split(samples, 3))
    pictures = torch.rand(2, 3, encoder.side, encoder.side) * 2 - 1
    seen = encoder.embed_pictures(pictures)
    assert words.shape == seen.shape == (2, len(sound))
    for found in (*words, sound, *seen):
        assert float(found.norm()) == pytest.approx(1, abs=1e-5)
    torch.testing.assert_close(words[1], encoder.embed_words(["thunder rolls"])[0])
    assert encoder.knows("a beach")
    assert not encoder.knows("海辺")
    assert encoder.hashes()


def test_every_encoder_guides_by_words_and_sounds(encoder, noise) -> None:
    """One step down the gradient comes nearer to the prompt."""
    places = [encoder.embed_words(["a beach"])[0], encoder.embed_sound([noise(0.3, encoder.rate)])]
    for place in places:
        pictures = torch.zeros(1, 3, encoder.side, encoder.side, requires_grad=True)
        distance = spherical_distance(encoder.embed_pictures(pictures), place).sum()
        distance.backward()
        moved = pictures.detach() - 0.05 * pictures.grad / pictures.grad.square().mean().sqrt()
        with torch.no_grad():
            nearer = spherical_distance(encoder.embed_pictures(moved), place).sum()
        assert float(nearer) < float(distance.detach())


def test_a_sound_stands_where_its_words_do(tiny_clip, tiny_clap, noise) -> None:
    name = f"{tiny_clip}+{tiny_clap}"
    whole = full_encoder(name)
    few = ClipClapEncoder(name, str(tiny_clip), str(tiny_clap), torch.device("cpu"), FEW)
    samples = noise(0.5, few.rate)
    cosines = few.clap.embed_words([f"the sound of {w}" for w in FEW.terms]) @ (
        few.clap.embed_sound(samples)
    )
    weights = (float(few.clap.model.logit_scale_a.exp()) * cosines).softmax(0)
    seen = few.embed_words([f"a photo of {w}" for w in FEW.terms])
    expected = F.normalize(weights.clone() @ seen, dim=0)
    torch.testing.assert_close(few.embed_sound([samples]), expected, atol=1e-5, rtol=0)
    assert len(whole.vocabulary.terms) > 500


def test_spreads_beside_a_model_are_used(tiny_audioclip, tmp_path) -> None:
    shutil.copytree(tiny_audioclip.parent, tmp_path / "model")
    assert full_encoder(tmp_path / "model" / tiny_audioclip.name).spreads == {}
    measured = {"words": 0.2, "sound": 0.1}
    write_spreads(Spreads(measured), tmp_path / "model" / SPREADS)
    assert full_encoder(tmp_path / "model" / tiny_audioclip.name).spreads == measured


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("clip+clap", ("openai/clip-vit-base-patch32", "laion/clap-htsat-unfused")),
        ("some/clip", ("some/clip", "laion/clap-htsat-unfused")),
        ("some/clip+other/clap", ("some/clip", "other/clap")),
        ("+other/clap", ("openai/clip-vit-base-patch32", "other/clap")),
    ],
)
def test_names_of_two_models(name, expected) -> None:
    assert split_name(name) == expected


def test_a_folder_with_a_plus_in_its_name_is_one_model(tmp_path) -> None:
    (tmp_path / "clip+mine").mkdir()
    assert split_name(tmp_path / "clip+mine")[0] == str(tmp_path / "clip+mine")


@pytest.mark.parametrize(
    ("name", "error", "message"),
    [
        ("missing.pt", InteropError, "missing.pt: no such file; give a checkpoint file"),
        ("nowhere", ModelError, "nowhere: no such model; give a checkpoint, a folder"),
        (".", ModelError, "give a whole model folder"),
    ],
)
def test_priors_that_are_not_there(name, error, message, tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(error, match=message) as told:
        full_prior(name)
    assert "\n" not in str(told.value)


@pytest.mark.parametrize(
    ("file", "changes", "message"),
    [
        ("unet/config.json", {"in_channels": 4}, "4 channels in, 3 out"),
        ("unet/config.json", {"num_class_embeds": 10}, "cannot be loaded|conditional on classes"),
        ("unet/config.json", {"sample_size": [16, 32]}, "expected square RGB pictures"),
        ("scheduler/scheduler_config.json", None, "cannot be loaded|not a configuration"),
    ],
)
def test_broken_unconditional_folders(tiny_unconditional, tmp_path, file, changes, message) -> None:
    folder = tmp_path / "model"
    shutil.copytree(tiny_unconditional, folder)
    path = folder / file
    table = {**json.loads(path.read_text()), **changes} if changes else []
    path.write_text(json.dumps(table))
    if "in_channels" in (changes or {}):
        UNet2DModel.from_config({**json.loads(path.read_text())}).save_pretrained(folder / "unet")
    with pytest.raises(ModelError, match=message) as told:
        full_prior(folder)
    assert "\n" not in str(told.value)


def test_schedules_without_betas_are_refused(tiny_unconditional, tmp_path) -> None:
    folder = tmp_path / "model"
    shutil.copytree(tiny_unconditional, folder)
    table = {"_class_name": "ScoreSdeVeScheduler", "sigma_max": 1348}
    (folder / "scheduler" / "scheduler_config.json").write_text(json.dumps(table))
    with pytest.raises(ModelError, match="ScoreSdeVeScheduler has no betas"):
        full_prior(folder)


def test_pickles_of_diffusers_are_refused(tiny_unconditional, tmp_path) -> None:
    folder = tmp_path / "model"
    shutil.copytree(tiny_unconditional, folder)
    weights = folder / "unet" / "diffusion_pytorch_model.safetensors"
    torch.save({}, weights.with_suffix(".bin"))
    weights.unlink()
    with pytest.raises(ModelError, match=r"no unet/diffusion_pytorch_model\.safetensors in it"):
        full_prior(folder)


@pytest.mark.parametrize(
    ("name", "error", "message"),
    [
        ("missing.pt", InteropError, "missing.pt: no such file"),
        ("nowhere", ModelError, "nowhere: no such model folder"),
        (".", ModelError, "no config.json in it"),
    ],
)
def test_encoders_that_are_not_there(name, error, message, tmp_path, monkeypatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(error, match=message) as told:
        full_encoder(name)
    assert "\n" not in str(told.value)


def test_clap_in_the_place_of_clip_is_refused(tiny_clap) -> None:
    with pytest.raises(ModelError, match="clap"):
        full_encoder(f"{tiny_clap}+{tiny_clap}")


def test_a_vocabulary_of_another_size_is_refused(tiny_audioclip, tmp_path) -> None:
    shutil.copytree(tiny_audioclip.parent, tmp_path / "model")
    path = tmp_path / "model" / "vocab.json"
    table = json.loads(path.read_text())
    path.write_text(json.dumps({**table, "extra</w>": len(table)}))
    with pytest.raises(ModelError, match=r"\d+ pieces of words; the model has \d+"):
        full_encoder(tmp_path / "model" / tiny_audioclip.name)


def test_everything_works_together(prior, encoder, noise) -> None:
    guide = GuidePipeline(prior, encoder)
    sound = Audio(noise(0.3, 16_000)[None], 16_000)
    options = {"steps": 2, "cutouts": 2, "seed": 3}
    picture = guide([("a beach", 1.0)], [(sound, 0.5)], **options)
    assert picture.pixels.shape == (prior.native, prior.native, 3)
    assert picture.provenance["weights"] == {**prior.hashes(), **encoder.hashes()}
    np.testing.assert_array_equal(
        guide([("a beach", 1.0)], [(sound, 0.5)], **options).pixels, picture.pixels
    )
    free = guide([("a beach", 1.0)], scale=0.0, **options)
    assert not np.array_equal(free.pixels, picture.pixels)


def test_adm_is_drawn_with_the_variance_that_it_learnt(tiny_adm, tiny_audioclip) -> None:
    """The same noise in every step, other spread of it."""
    guide = GuidePipeline(full_prior(tiny_adm), full_encoder(tiny_audioclip))
    options = {"steps": 3, "cutouts": 1, "sampler": "ancestral", "fast": True}
    learnt = guide("a beach", **options)
    estimate = guide.prior.denoiser.estimate
    guide.prior.denoiser.estimate = lambda x, t: (estimate(x, t)[0], None)
    assert not np.array_equal(guide("a beach", **options).pixels, learnt.pixels)


def test_an_initial_picture_is_kept(prior, tiny_audioclip) -> None:
    guide = GuidePipeline(prior, full_encoder(tiny_audioclip))
    initial = Picture(np.full((40, 40, 3), 200, np.uint8))
    picture = guide("a beach", initial=initial, skip=1, steps=2, cutouts=1)
    assert picture.pixels.shape == (prior.native, prior.native, 3)


def test_sizes_can_be_mixed(tiny_pocket, tiny_audioclip, tiny_adm, tiny_clip, tiny_clap) -> None:
    first = choose_guide_parts(tiny_pocket, tiny_audioclip)
    second = choose_guide_parts(tiny_adm, tiny_pocket)
    third = choose_guide_parts(tiny_pocket, f"{tiny_clip}+{tiny_clap}")
    assert [type(p).__name__ for p in first[:2]] == ["PocketPrior", "AudioClipEncoder"]
    assert [type(p).__name__ for p in second[:2]] == ["PixelPrior", "PocketEncoder"]
    assert [type(p).__name__ for p in third[:2]] == ["PocketPrior", "ClipClapEncoder"]


def test_a_picture_starts_no_download(tiny_adm, tiny_clip, tiny_clap) -> None:
    device = torch.device("cpu")
    encoder = ClipClapEncoder("own", str(tiny_clip), str(tiny_clap), device, FEW)
    made = GuidePipeline(full_prior(tiny_adm), encoder)("a beach", steps=1, cutouts=1).provenance
    for name in ("someone/clip+other/clap", "someone/clip", "+someone/clap"):
        with pytest.raises(ModelError, match="which is not here: load it and give the pipeline"):
            guide_again({**made, "encoder": name})
