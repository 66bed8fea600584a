"""Losses and figures of restyle's controllers, heads and map, against closed forms."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from sonolume.training.activity import active_rmse, fit_thresholds, gated, macro_f1
from sonolume.training.controller_losses import activity_loss, owned, settings_loss
from sonolume.training.map_losses import (
    identity_loss,
    manifold_loss,
    monotonic_loss,
    pseudo_loss,
)
from sonolume.training.stages.restyle_heads import contrast
from sonolume.training.style_facts import COUNTS, facts_of, moved_of

OWNERS = [0, 1, 1]
BYPASS = np.array([1.0, 0.0, 0.0], np.float32)


def test_settings_count_only_where_their_effect_is_active() -> None:
    truth = torch.rand(8, 3)
    active = torch.tensor([[True, False]] * 8)
    counted = owned(active, OWNERS)
    assert counted.tolist() == [[True, False, False]] * 8
    wrong = truth.clone()
    wrong[:, 1:] += 0.5
    ones = torch.ones(3)
    assert settings_loss(wrong, truth, counted, ones) == 0
    wrong[:, 0] += 0.5
    # Smooth L1 beyond beta: |x| - beta / 2.
    assert float(settings_loss(wrong, truth, counted, ones)) == pytest.approx(0.49, abs=1e-6)
    assert settings_loss(wrong, truth, torch.zeros_like(counted), ones) == 0


def test_weights_of_controls_are_shares_of_the_mean() -> None:
    truth, told = torch.zeros(1, 2), torch.tensor([[0.11, 0.51]])
    counted = torch.ones(1, 2, dtype=torch.bool)
    weighed = float(settings_loss(told, truth, counted, torch.tensor([3.0, 1.0])))
    assert weighed == pytest.approx((3 * 0.1 + 0.5) / 4, abs=1e-6)


def test_activity_is_asymmetric() -> None:
    logit = torch.tensor([[math.log(0.3 / 0.7)]])
    missed = float(activity_loss(logit, torch.tensor([[True]])))
    false = float(activity_loss(logit, torch.tensor([[False]])))
    assert missed == pytest.approx(-math.log(0.3) * (1 + 2 * 0.7**2), rel=1e-4)
    assert false == pytest.approx(-(0.25**5) * math.log(0.75) * (1 + 2 * 0.25**2), rel=1e-3)
    sure = torch.tensor([[-4.0]])
    assert float(activity_loss(sure, torch.tensor([[False]]))) == pytest.approx(0, abs=1e-7)


def test_gating_and_error_against_hand_computed_ones() -> None:
    shares = np.array([[0.2, 0.5, 0.6], [0.3, 0.5, 0.6]], np.float32)
    on = np.array([[True, False], [False, True]])
    kept = gated(shares, on, OWNERS, BYPASS)
    assert kept.tolist() == np.array([[0.2, 0, 0], [1, 0.5, 0.6]], np.float32).tolist()
    truth = np.array([[0.2, 0.4, 0.3], [0.5, 0.5, 0.6]], np.float32)
    active = np.array([[True, True], [False, True]])
    expected = math.sqrt((0 + 0.16 + 0.09 + 0 + 0) / 5)
    assert active_rmse(kept, truth, active, OWNERS) == pytest.approx(expected, abs=1e-6)


def test_macro_f1_is_the_mean_over_effects() -> None:
    active = np.array([[1, 1], [1, 0], [0, 0], [0, 1]], bool)
    on = np.array([[1, 0], [1, 0], [1, 0], [0, 0]], bool)
    assert macro_f1(on, active) == pytest.approx((0.8 + 0) / 2)
    assert macro_f1(active, active) == 1


def test_thresholds_part_what_can_be_parted_and_do_not_turn_all_on() -> None:
    rng = np.random.default_rng(0)
    active = rng.random((400, 2)) < 0.3
    # The first item's probabilities lie too low, the second's too high.
    probabilities = np.where(active, [0.3, 0.9], [0.1, 0.7]).astype(np.float32)
    truth = rng.random((400, 3)).astype(np.float32)
    truth = gated(truth, active, OWNERS, BYPASS)
    thresholds = fit_thresholds(probabilities, truth, truth, active, OWNERS, BYPASS)
    on = probabilities > thresholds
    assert active_rmse(gated(truth, on, OWNERS, BYPASS), truth, active, OWNERS) == 0
    assert macro_f1(on, active) >= 0.88 * macro_f1(probabilities > 0.5, active)


def test_facts_have_the_size_of_their_changes_and_gains_grow_with_them() -> None:
    steps, lost = torch.zeros(3, 10), torch.zeros(3, 3)
    steps[1], steps[2] = 0.5, 2.0
    facts = facts_of(steps, lost)
    assert facts.shape == (3, sum(COUNTS))
    assert (facts[0] == 0).all()
    gains = moved_of(facts)
    assert (gains[0] == 0).all()
    assert (gains[2] >= gains[1]).all()
    # Rhythm and harmony have no cue: nothing was lost, so neither moved.
    assert (gains[:, :2] == 0).all()
    lost[1, 1] = 0.2
    moved = moved_of(facts_of(steps, lost))
    assert moved[1, 0] == pytest.approx(math.tanh(10 * math.tanh(0.2) / 3), abs=1e-5)
    assert moved[1, 1] == 0


def test_contrast_is_least_where_equal_settings_lie_together() -> None:
    numbers = torch.tensor([1, 2, 3, 1, 2, 3])
    basis = torch.eye(3).repeat(2, 1)
    together = float(contrast(basis, numbers, 0.1))
    expected = -math.log(math.exp(10) / (math.exp(10) + 4))
    assert together == pytest.approx(expected, abs=1e-5)
    apart = float(contrast(basis[[0, 1, 2, 1, 2, 0]], numbers, 0.1))
    assert apart > together + 5


def test_pseudo_is_zero_where_the_map_says_what_is_heard_and_grows_beside_it() -> None:
    tokens, gains = torch.randn(4, 6, 8), torch.rand(4, 6)
    assert pseudo_loss(tokens, gains, tokens, gains) == 0
    near = pseudo_loss(tokens + 0.1, gains, tokens, gains)
    far = pseudo_loss(tokens + 0.2, gains, tokens, gains)
    assert 0 < near < far
    assert pseudo_loss(tokens, gains * 0.5, tokens, gains) > 0


def test_manifold_is_zero_on_the_statistics_and_grows_off_them() -> None:
    tokens = torch.randn(64, 6, 8)
    mean, deviation = tokens.mean(0), tokens.std(0, correction=0)
    assert float(manifold_loss(tokens, mean, deviation)) == pytest.approx(0, abs=1e-9)
    shifted = float(manifold_loss(tokens + deviation, mean, deviation))
    assert shifted == pytest.approx(1, abs=1e-4)
    wider = float(manifold_loss(mean + 3 * (tokens - mean), mean, deviation))
    assert wider == pytest.approx(4, abs=1e-3)


def test_identity_is_zero_without_gains() -> None:
    assert identity_loss(torch.zeros(3, 6)) == 0
    assert identity_loss(torch.full((3, 6), 0.5)) == 0.25


def test_monotonic_is_zero_unless_a_gain_falls() -> None:
    less = torch.full((2, 6), 0.4)
    assert monotonic_loss(less, less) == 0
    assert monotonic_loss(less, less + 0.1) == 0
    assert float(monotonic_loss(less, less - 0.1)) == pytest.approx(0.1)
    assert F.relu(less - (less - 0.2)).mean() > monotonic_loss(less, less - 0.1)


def test_no_other_thresholds_keep_as_much_and_err_less() -> None:
    rng = np.random.default_rng(1)
    active = rng.random((300, 2)) < 0.4
    noise = rng.normal(0, 0.25, active.shape)
    probabilities = np.clip(0.3 + 0.4 * active + noise, 0, 1).astype(np.float32)
    truth = gated(rng.random((300, 3)).astype(np.float32), active, OWNERS, BYPASS)
    shares = np.clip(truth + rng.normal(0, 0.1, truth.shape), 0, 1).astype(np.float32)

    def figures(thresholds: np.ndarray) -> tuple[float, float]:
        on = probabilities > thresholds
        kept = gated(shares, on, OWNERS, BYPASS)
        return active_rmse(kept, truth, active, OWNERS), macro_f1(on, active)

    fitted = fit_thresholds(probabilities, shares, truth, active, OWNERS, BYPASS)
    error, f1 = figures(fitted)
    grid = np.linspace(0.05, 0.95, 37, dtype=np.float32)
    others = [figures(np.array([a, b], np.float32)) for a in grid for b in grid]
    assert f1 >= 0.88 * figures(np.array([0.5, 0.5], np.float32))[1]
    # On the hull: none is better in both.
    assert not any(e < error - 1e-9 and f > f1 + 1e-9 for e, f in others)
    assert error <= figures(np.array([0.5, 0.5], np.float32))[0]
