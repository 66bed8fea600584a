"""The sound generator: what its shapes and zero starts promise, with any weights."""

from __future__ import annotations

import itertools

import pytest
import torch
from torch import Tensor

from sonolume.diffusion.sounds import HIGHEST, LOWEST, draw_mels, guide_sound
from sonolume.errors import OptionError
from sonolume.models.sound_generator import (
    SoundGenerator,
    SoundGeneratorConfig,
    from_mel,
    to_mel,
)
from sonolume.models.vocoder import Vocoder, VocoderConfig

TINY = SoundGeneratorConfig(
    frames=48, patch=8, width=32, depth=2, heads=2, tokens=2, rank=16, seams=4
)
ROOM = 4_300_000  # parameters of both networks that the package has room for


@pytest.fixture
def noisy() -> SoundGenerator:
    """Random weights everywhere, so that nothing holds by being zero."""
    torch.manual_seed(0)
    model = SoundGenerator(TINY).eval()
    for parameter in model.parameters():
        if not bool((parameter == 1).all()):  # norms stay, or attention would be even
            torch.nn.init.normal_(parameter, std=0.2)
    return model


def told(count: int, seed: int = 0) -> Tensor:
    made = torch.randn(count, 512, generator=torch.Generator().manual_seed(seed))
    return torch.nn.functional.normalize(made, dim=-1)


def test_a_fresh_generator_answers_the_mean() -> None:
    x = torch.randn(2, 64, 48)
    assert torch.equal(SoundGenerator(TINY)(x, torch.rand(2), told(2)), torch.zeros(2, 64, 48))


def test_patches_hold_whole_frames_in_their_order(noisy: SoundGenerator) -> None:
    x = torch.randn(3, 64, 48)
    patches = noisy._patches(x)
    assert patches.shape == (3, 6, 512)
    assert torch.equal(patches[1, 2, 64:128], x[1, :, 17])


def test_batch_equals_single(noisy: SoundGenerator) -> None:
    x, t, said = torch.randn(3, 64, 48), torch.rand(3), told(3)
    together = noisy(x, t, said)
    for i in range(3):
        alone = noisy(x[i : i + 1], t[i : i + 1], said[i : i + 1])
        torch.testing.assert_close(together[i : i + 1], alone, atol=1e-4, rtol=1e-3)


def test_frames_are_told_apart_by_their_place(noisy: SoundGenerator) -> None:
    x, t = torch.randn(1, 64, 48), torch.full((1,), 0.5)
    moved = noisy(x.roll(16, 2), t, told(1)).roll(-16, 2)
    assert not torch.allclose(moved[..., 8:24], noisy(x, t, told(1))[..., 8:24], atol=1e-3)


def test_the_embedding_is_heard(noisy: SoundGenerator) -> None:
    x, t = torch.randn(1, 64, 48), torch.full((1,), 0.5)
    one, other, none = (noisy(x, t, e) for e in (told(1), told(1, 1), torch.zeros(1, 512)))
    assert min((one - other).abs().max(), (one - none).abs().max()) > 1e-3


def test_mels_and_back() -> None:
    mel = torch.linspace(-13.8, 5, 100)
    torch.testing.assert_close(to_mel(from_mel(mel)), mel)
    assert -1.6 < float(from_mel(mel).min()) < -1.4


def test_generator_and_vocoder_fit_the_package() -> None:
    networks = SoundGenerator(SoundGeneratorConfig()), Vocoder(VocoderConfig())
    assert sum(p.numel() for network in networks for p in network.parameters()) <= ROOM


def test_guidance_is_the_formula(noisy: SoundGenerator) -> None:
    x, t, said = torch.randn(2, 64, 48), torch.rand(2), told(2)
    with_words, without = noisy(x, t, said), noisy(x, t, torch.zeros(2, 512))
    for scale in (0.0, 1.0, 3.5):
        expected = without + scale * (with_words - without)
        found = guide_sound(noisy, said, scale)(x, t)
        torch.testing.assert_close(found, expected, atol=1e-4, rtol=1e-4)


def test_a_seed_is_the_same_sound_in_any_batch(noisy: SoundGenerator) -> None:
    both = draw_mels(noisy, told(1).repeat(3, 1), [5, 9, 5], steps=3)
    alone = draw_mels(noisy, told(1), [9], steps=3)
    torch.testing.assert_close(both[1:2], alone, atol=1e-3, rtol=1e-3)
    torch.testing.assert_close(both[0], both[2], atol=1e-3, rtol=1e-3)
    assert not torch.allclose(both[0], both[1], atol=0.1)
    assert float(both.min()) >= LOWEST


def test_a_shift_moves_the_steps_into_the_noise(noisy: SoundGenerator) -> None:
    """Beside Euler's steps, written out."""
    shift, steps = 4.0, 3
    found = draw_mels(noisy, told(1), [9], steps=steps, scale=3.0, shift=shift)
    denoise = guide_sound(noisy, told(1), 3.0)
    x = torch.randn(1, 64, 48, generator=torch.Generator().manual_seed(9))
    even = torch.linspace(0, 1, steps + 1)
    moments = even / (even + shift * (1 - even))
    with torch.no_grad():
        for now, then in itertools.pairwise(moments):
            clean = denoise(x, now.expand(1))
            x = x + (then - now) * (clean - x) / (1 - now)
    expected = to_mel(x).clamp(LOWEST, HIGHEST)
    torch.testing.assert_close(found, expected, atol=1e-3, rtol=1e-3)


@pytest.mark.parametrize(
    ("seeds", "steps", "scale", "said"),
    [
        ([1], 3, 3.0, "1 seeds for 2 sounds"),
        ([1, 2], 0, 3.0, "0 steps"),
        ([1, 2], 1001, 3.0, "1001 steps"),
        ([1, 2], 3, -1.0, "scale -1.0"),
    ],
)
def test_what_cannot_be_drawn(
    noisy: SoundGenerator, seeds: list[int], steps: int, scale: float, said: str
) -> None:
    with pytest.raises(OptionError, match=said):
        draw_mels(noisy, told(2), seeds, steps=steps, scale=scale)
