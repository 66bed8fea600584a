"""CLIP's and CLAP's halves, from tiny folders."""

import numpy as np
import pytest
import torch
from transformers import ClapFeatureExtractor, ClapModel

from sonolume.errors import MediaError
from sonolume.hub.clap import load_clap
from sonolume.hub.stable_diffusion import load_stable_diffusion
from sonolume.models.full.encoders import CLAP_RATE, clap_windows

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def clap(tiny_clap):
    return load_clap(tiny_clap, CPU)


@pytest.fixture(scope="module")
def clip(tiny_diffusion):
    return load_stable_diffusion(tiny_diffusion, CPU, torch.float32).words


def test_words_become_77_states(clip) -> None:
    states = clip.states(["a beach", "", "thunder rolls"])
    assert states.shape == (3, 77, 32)
    torch.testing.assert_close(states[0], clip.states(["a beach"])[0])
    assert not torch.equal(states[0], states[1])


def test_long_words_are_cut_and_told(clip) -> None:
    assert clip.fits("beach " * 75)
    assert not clip.fits("beach " * 76)
    long, longer = clip.states(["beach " * 75, "beach " * 90])
    torch.testing.assert_close(long, longer)


def test_a_short_sound_is_heard_as_transformers_hears_it(clap, tiny_clap, noise) -> None:
    samples = noise(3, CLAP_RATE)
    model = ClapModel.from_pretrained(tiny_clap)
    extractor = ClapFeatureExtractor.from_pretrained(tiny_clap)
    heard = extractor(samples, sampling_rate=CLAP_RATE, return_tensors="pt")
    with torch.inference_mode():
        expected = model.get_audio_features(**heard).pooler_output[0]
    found = clap.embed_sound(samples)
    assert found.shape == (512,)
    assert float(found.norm()) == pytest.approx(1, abs=1e-5)
    # The int16 round trip moves samples by 3e-5.
    torch.testing.assert_close(found, expected, atol=2e-3, rtol=0)


def test_a_long_sound_is_heard_alike_every_time(clap, noise) -> None:
    samples = noise(23, CLAP_RATE) * np.linspace(0, 1, 23 * CLAP_RATE, dtype=np.float32)
    windows = list(clap_windows([samples]))
    assert [len(window) for window in windows] == [10 * CLAP_RATE] * 3
    np.testing.assert_allclose(windows[2], samples[-10 * CLAP_RATE :], atol=1e-4)
    found = clap.embed_sound(samples)
    assert torch.equal(found, clap.embed_sound(samples))
    parts = torch.stack([clap.embed_sound(window) for window in windows]).mean(0)
    torch.testing.assert_close(found, parts / parts.norm(), atol=1e-5, rtol=0)


def test_fused_models_are_heard_alike_every_time(clap, tiny_clap, noise, tmp_path) -> None:
    config = ClapModel.from_pretrained(tiny_clap).config
    config.audio_config.enable_fusion = True
    config.audio_config.fusion_type = "aff_2d"
    torch.manual_seed(0)
    ClapModel(config).save_pretrained(tmp_path)
    ClapFeatureExtractor(truncation="fusion", padding="repeatpad").save_pretrained(tmp_path)
    for name in ("vocab.json", "merges.txt", "tokenizer_config.json"):
        (tmp_path / name).write_bytes((tiny_clap / name).read_bytes())
    fused = load_clap(tmp_path, CPU)
    samples = noise(12, CLAP_RATE)
    found = fused.embed_sound(samples)
    assert all(torch.equal(found, fused.embed_sound(samples)) for _ in range(3))


def test_loud_and_tiny_sounds_are_heard(clap) -> None:
    assert torch.isfinite(clap.embed_sound(np.full(1, 0.5, np.float32))).all()
    loud = 30 * np.sin(np.arange(CLAP_RATE, dtype=np.float32))
    torch.testing.assert_close(clap.embed_sound(loud), clap.embed_sound(np.clip(loud, -1, 1)))


def test_an_empty_sound_is_refused(clap) -> None:
    with pytest.raises(MediaError, match="empty sound: no samples; give at least one"):
        clap.embed_sound(np.zeros(0, np.float32))


def test_clap_reads_words_too(clap) -> None:
    found = clap.embed_words(["thunder rolls", "a beach"])
    assert found.shape == (2, 512)
    torch.testing.assert_close(found.norm(dim=1), torch.ones(2))
    torch.testing.assert_close(found[1], clap.embed_words(["a beach"])[0], atol=1e-5, rtol=0)
    assert not torch.equal(found[0], found[1])
