from dataclasses import replace

import pytest
import torch

from sonolume.diffusion.schedule import emphasis
from sonolume.models.audio_tokens import AudioTokens, AudioTokensConfig, Hierarchy, frobenius

TINY = AudioTokensConfig(context=24, width=32, depth=2, heads=2)


def test_tokens_have_the_published_shape_and_norm() -> None:
    torch.manual_seed(0)
    tokens = AudioTokens(TINY).tokens(torch.nn.functional.normalize(torch.randn(3, 512), dim=1))
    assert tokens.shape == (3, 77, 24)
    torch.testing.assert_close(tokens.flatten(1).norm(dim=1), torch.full((3,), 60.0))


def test_frobenius_sixty_is_six_point_eight_four_a_token() -> None:
    tokens = frobenius(torch.ones(1, 77, 768), 60.0)
    assert tokens.norm(dim=2).mean().item() == pytest.approx(60 / 77**0.5, rel=1e-5)
    assert pytest.approx(6.84, abs=0.01) == 60 / 77**0.5


def test_assignment_starts_at_the_split_and_cools_towards_it() -> None:
    hierarchy = Hierarchy((0.7, 0.5, 0.3))
    warm = hierarchy.assignment()
    assert warm.argmax(1).bincount().tolist() == [35, 21, 21]
    torch.testing.assert_close(warm.sum(1), torch.ones(77))
    hierarchy.temperature.fill_(0.5)
    assert (hierarchy.assignment().amax(1) > warm.amax(1)).all()
    assert hierarchy.assignment().amax(1).min() > 0.99


def test_level_weights_scale_their_own_tokens() -> None:
    hierarchy = Hierarchy((0.7, 0.5, 0.3))
    hierarchy.temperature.fill_(0.05)
    mean = (35 * 0.7 + 21 * 0.5 + 21 * 0.3) / 77
    shares = mean * hierarchy.shares(torch.ones(3))
    torch.testing.assert_close(shares[:35], torch.full((35,), 0.7), atol=1e-4, rtol=0)
    torch.testing.assert_close(shares[35:56], torch.full((21,), 0.5), atol=1e-4, rtol=0)
    torch.testing.assert_close(shares[56:], torch.full((21,), 0.3), atol=1e-4, rtol=0)


def test_a_sound_is_as_loud_at_any_moment() -> None:
    hierarchy = Hierarchy((0.7, 0.5, 0.3))
    moments = emphasis(torch.linspace(0, 1, 51), "smooth")
    torch.testing.assert_close(hierarchy.shares(moments).mean(-1), torch.ones(51))
    hierarchy.temperature.fill_(0.05)
    first = hierarchy.shares(torch.tensor([0.0, 0.0, 1.0]))
    torch.testing.assert_close(first[56:], torch.full((21,), 77 / 21), atol=1e-3, rtol=0)


def test_different_sounds_give_different_tokens_and_gradients_reach_all() -> None:
    torch.manual_seed(0)
    hear = AudioTokens(TINY)
    tokens = hear.at(hear.tokens(torch.randn(2, 512)), torch.ones(2, 3))
    assert not torch.allclose(tokens[0], tokens[1])
    (tokens * torch.randn_like(tokens)).sum().backward()
    assert all(p.grad is not None and p.grad.abs().sum() > 0 for p in hear.parameters())


def test_what_is_spoken_is_as_loud_as_words_and_ends() -> None:
    tokens = AudioTokens(replace(TINY, speaks=5))
    made = tokens.tokens(torch.nn.functional.normalize(torch.randn(3, 512), dim=1))
    said = tokens.spoken(made)
    assert said.shape == (3, 77, 24)
    assert not said[:, 5:].any()
    torch.testing.assert_close(said[:, :5] * TINY.loudness, made[:, :5])
    everything = AudioTokens(replace(TINY, speaks=77)).spoken(made)
    torch.testing.assert_close(everything.square().mean((1, 2)), torch.ones(3))
    assert not AudioTokens(TINY).spoken(made).any()
