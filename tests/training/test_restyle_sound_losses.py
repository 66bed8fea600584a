"""Losses of restyled sounds: zero where they must be, and growing where they must."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from sonolume.training.restyle_losses import (
    along,
    coherence_loss,
    consistency_loss,
    preserve_loss,
    rank_loss,
)
from sonolume.training.spectra import stft_distance

RATE = 16_000


def tune(beat: float = 0.25, hertz: float = 330.0) -> Tensor:
    """Two seconds of struck notes, one up and one down."""
    time = np.arange(2 * RATE) / RATE
    pitch = hertz * 2 ** (4 * ((time / beat).astype(int) % 2) / 12)
    sound = sum(np.sin(2 * np.pi * pitch * k * time) / k for k in range(1, 5))
    return torch.from_numpy(0.1 * sound * np.exp(-6 * (time % beat))).float()[None]


def test_the_spectral_distance_is_zero_for_itself_and_grows_with_what_is_added() -> None:
    sound, noise = tune(), torch.randn(1, 2 * RATE, generator=torch.Generator().manual_seed(0))
    assert stft_distance(sound, sound) == 0
    apart = [float(stft_distance(sound + level * noise, sound)) for level in (0.001, 0.01, 0.1)]
    assert 0 < apart[0] < apart[1] < apart[2]
    # Every magnitude doubled: convergence 1, and ln 2 where the sound is above the floor.
    assert 1 < float(stft_distance(2 * sound, sound)) <= 1 + math.log(2) + 1e-3


def test_structure_is_kept_at_any_level_and_lost_by_other_rhythms_and_notes() -> None:
    sound = tune()
    assert float(preserve_loss(sound, sound, RATE)) == pytest.approx(0, abs=1e-6)
    # Pitches are weighed by amplitude, beside a variance of its own that quiet sounds share.
    assert float(preserve_loss(sound, 0.3 * sound, RATE)) < 0.03
    slower, higher = (
        preserve_loss(sound, tune(0.4), RATE),
        preserve_loss(sound, tune(0.25, 415), RATE),
    )
    assert float(slower) > 0.1
    assert float(higher) > 0.05
    noise = torch.randn(sound.shape, generator=torch.Generator().manual_seed(0))
    hidden = [float(preserve_loss(sound, sound + a * noise, RATE)) for a in (0.01, 0.05, 0.3)]
    assert 0 < hidden[0] < hidden[1] < hidden[2]


def test_what_keeps_structure_can_be_learnt() -> None:
    """The slope leads back: a sound that lost its beats finds them."""
    sound = tune()
    gains = torch.ones(1, 40, requires_grad=True)
    flat = sound / sound.abs().reshape(1, 40, -1).amax(2).repeat_interleave(800, 1).clamp(min=1e-3)
    losses = []
    optimizer = torch.optim.Adam([gains], 0.1)
    for _ in range(30):
        loss = preserve_loss(sound, flat * gains.repeat_interleave(800, 1), RATE)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(float(loss.detach()))
    assert losses[-1] < 0.7 * losses[0]


@given(st.integers(0, 1000), st.floats(0.1, 10))
def test_coherence_is_of_the_direction_alone(seed: int, factor: float) -> None:
    wanted = torch.randn(4, 8, generator=torch.Generator().manual_seed(seed))
    assert float(coherence_loss(factor * wanted, wanted)) == pytest.approx(0, abs=1e-5)
    assert float(coherence_loss(-factor * wanted, wanted)) == pytest.approx(2, abs=1e-5)
    assert float(coherence_loss(torch.zeros_like(wanted), wanted)) == pytest.approx(1, abs=1e-5)


def test_coherence_grows_as_a_change_turns_away_and_counts_by_what_is_wanted() -> None:
    wanted = torch.tensor([[2.0, 0.0], [0.0, 0.0]])
    turned = [torch.tensor([[math.cos(a), math.sin(a)], [9.0, 9.0]]) for a in (0.0, 0.5, 1.5, 3.0)]
    losses = [float(coherence_loss(each, wanted)) for each in turned]
    assert losses == pytest.approx([1 - math.cos(a) for a in (0.0, 0.5, 1.5, 3.0)], abs=1e-5)
    assert coherence_loss(torch.randn(2, 2), torch.zeros(2, 2)) == 0


def test_consistency_is_the_variance_over_draws() -> None:
    once = torch.randn(5, 8)
    assert consistency_loss(torch.stack([once, once, once])) == 0
    spread = torch.stack([once - 0.5, once + 0.5])
    assert float(consistency_loss(spread)) == pytest.approx(0.25, abs=1e-5)
    assert float(consistency_loss(torch.stack([once - 1, once + 1]))) == pytest.approx(1, abs=1e-5)


def test_more_must_move_further_by_a_tenth_of_what_it_asks_more() -> None:
    wanted = torch.tensor([[3.0, 4.0]])
    strengths = torch.tensor([[0.0], [0.5], [1.0]])

    def moves(*shares: float) -> Tensor:
        return torch.stack([share * wanted for share in shares])

    assert rank_loss(moves(0, 0.5, 1), wanted, strengths) == 0
    assert rank_loss(moves(0, 0.05, 0.1), wanted, strengths) == pytest.approx(0, abs=1e-6)
    # Nothing moves: each step lacks 0.1 * 0.5 * 5.
    assert float(rank_loss(moves(0, 0, 0), wanted, strengths)) == pytest.approx(0.25, abs=1e-6)
    back = float(rank_loss(moves(0, 0.5, 0.3), wanted, strengths))
    assert back == pytest.approx((0.25 + 0.2 * 5) / 2, abs=1e-6)
    # What is across the target does not count.
    across = torch.tensor([[-4.0, 3.0]])
    assert rank_loss(moves(0, 0.5, 1) + across, wanted, strengths) == pytest.approx(0, abs=1e-6)


def test_how_far_along() -> None:
    assert float(along(torch.tensor([6.0, 1.0]), torch.tensor([2.0, 0.0]))) == pytest.approx(6)
    assert float(along(torch.tensor([6.0, 1.0]), torch.tensor([0.0, 0.0]))) == 0
