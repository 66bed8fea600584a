"""The soft prior, its confidence, and both priors together."""

from __future__ import annotations

import json
import re
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from sonolume.correspondence.confidence import (
    Confidence,
    as_json,
    confidence_of,
    fit_confidence,
    fitted,
)
from sonolume.correspondence.delta import Delta, delta
from sonolume.correspondence.descriptors import DESCRIPTORS
from sonolume.correspondence.edits import edit
from sonolume.correspondence.hard_prior import LIMIT, hard_targets
from sonolume.correspondence.rules import read_rules
from sonolume.correspondence.soft_prior import (
    SoftPrior,
    embedding_change,
    soft_targets,
    style_scores,
)
from sonolume.correspondence.style_words import StyleSpace, embed_style_words, style_table
from sonolume.correspondence.targets import targets
from sonolume.errors import DataError, ModelError, OptionError
from sonolume.media import Picture
from sonolume.signal.cues import CUES

WORDS = [word for pair in style_table().pairs for word in (pair.low, pair.high)]
SURE = Confidence(0.0, 1e-6)
RULES = read_rules()


def axes(phrases: list[str]) -> NDArray[np.float64]:
    """An encoder that knows the words and nothing else: every word has an axis of its own.

    The last axis is what all phrases share.
    """
    vectors = np.zeros((len(phrases), len(WORDS) + 1))
    vectors[:, -1] = 1.0
    for row, phrase in enumerate(phrases):
        found = [n for n, word in enumerate(WORDS) if re.search(rf"\b{word}\b", phrase)]
        vectors[row, found] = 1.0
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


@pytest.fixture(scope="module")
def space() -> StyleSpace:
    return embed_style_words(axes)


def change_towards(word: str, length: float = 1.0) -> NDArray[np.float64]:
    change = np.zeros(len(WORDS) + 1)
    change[WORDS.index(word)] = length
    return change


def test_the_words_are_told_apart_in_their_space(space: StyleSpace) -> None:
    vectors = space.words.reshape(-1, space.words.shape[-1])
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1)
    likeness = vectors @ vectors.T - np.eye(len(vectors))
    assert np.abs(likeness).max() < 0.1
    assert len(set(WORDS)) == len(WORDS)
    for pair in style_table().pairs:
        assert set(pair.cues) <= set(CUES)
        assert all(0 < abs(tie) <= 1 for tie in pair.cues.values())
    assert {cue for pair in style_table().pairs for cue in pair.cues} == set(CUES)


@pytest.mark.parametrize("pair", style_table().pairs, ids=lambda pair: pair.name)
def test_a_change_towards_a_word_moves_the_cues_of_its_pair(pair: Any, space: StyleSpace) -> None:
    for word, way in ((pair.high, 1), (pair.low, -1)):
        scores = style_scores(change_towards(word), space, SURE)
        found = soft_targets(scores, space).targets
        for cue, tie in pair.cues.items():
            assert np.sign(found[cue].value) == way * np.sign(tie)
            first = found[cue].contributions[0]
            assert (first.source, first.cause) == (pair.name, f"more {word}")


def test_scores_are_the_softmax_mixed_with_uniform(space: StyleSpace) -> None:
    change = np.random.default_rng(0).normal(0, 1, len(WORDS) + 1)
    length = float(np.linalg.norm(change))
    half = Confidence(length, 0.1)
    logits = torch.from_numpy(space.words.reshape(-1, len(change)) @ change / length / 0.2)
    expected = 0.5 * torch.softmax(logits, 0).numpy() + 0.5 / len(WORDS)
    scores = style_scores(change, space, half, temperature=0.2)
    np.testing.assert_allclose(scores.shares.ravel(), expected, rtol=1e-9)
    assert scores.confidence == pytest.approx(0.5)


def test_no_change_is_uniform_and_moves_nothing(space: StyleSpace) -> None:
    scores = style_scores(np.zeros(len(WORDS) + 1), space, SURE)
    assert set(scores.shares.ravel().tolist()) == {1 / len(WORDS)}
    prior = soft_targets(scores, space)
    assert prior.confidence == 0.0
    assert {target.value for target in prior.targets.values()} == {0.0}
    assert all(target.contributions == () for target in prior.targets.values())


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.floats(1e-9, 2.0), st.floats(0.005, 3.0))
def test_soft_targets_stay_within_the_limit(
    space: StyleSpace, seed: int, length: float, temperature: float
) -> None:
    change = np.random.default_rng(seed).normal(0, 1, len(WORDS) + 1)
    change *= length / np.linalg.norm(change)
    curve = Confidence(0.5, 0.1, 0.8)
    scores = style_scores(change, space, curve, temperature=temperature)
    assert scores.shares.sum() == pytest.approx(1)
    assert 0 < scores.confidence <= 0.8
    values = [target.value for target in soft_targets(scores, space).targets.values()]
    assert max(map(abs, values)) <= LIMIT


def test_wrong_embeddings_are_told(space: StyleSpace) -> None:
    with pytest.raises(OptionError, match="expected two vectors of one joint space"):
        embedding_change([1.0, 0.0], [1.0])
    with pytest.raises(OptionError, match="expected unit vectors"):
        embedding_change([0.0, 0.0], [1.0, 0.0])
    with pytest.raises(OptionError, match="use one joint space for both"):
        style_scores(np.ones(3), space, SURE)
    with pytest.raises(OptionError, match="a temperature of 0"):
        style_scores(change_towards("dark"), space, SURE, temperature=0)
    with pytest.raises(ModelError, match="expected finite vectors"):
        embed_style_words(lambda phrases: np.ones(len(phrases)))
    np.testing.assert_allclose(embedding_change([2.0, 0.0], [0.0, 3.0]), [-1.0, 1.0])


def test_tensors_of_an_encoder_are_taken() -> None:
    found = embed_style_words(lambda phrases: torch.from_numpy(axes(phrases)).float())
    np.testing.assert_allclose(found.words, embed_style_words(axes).words, atol=1e-6)


def test_the_fitted_curve_lies_between_accidents_and_edits() -> None:
    """Normal classes of one deviation s: the log odds are a line of slope (m2 - m1) / s²."""
    rng = np.random.default_rng(0)
    accidents, edits = rng.normal(0.3, 0.05, 4000), rng.normal(0.45, 0.05, 1000)
    curve = fit_confidence(np.abs(accidents), edits)
    assert curve.midpoint == pytest.approx(0.375, abs=0.005)
    assert curve.width == pytest.approx(0.05**2 / 0.15, rel=0.3)
    assert confidence_of(0.375, curve) == pytest.approx(0.5, abs=0.1)
    assert confidence_of(0.0, curve) == 0.0
    assert confidence_of(1e9, curve) == curve.ceiling == 1.0


def test_the_ceiling_is_the_mean_agreement() -> None:
    kinds = [0.1, 0.1, 0.2, 0.2], [0.5, 0.6, 0.5, 0.6]
    assert fit_confidence(*kinds, [0.4, 0.8, 0.0]).ceiling == pytest.approx(0.4)
    assert fit_confidence(*kinds, [-0.4, 0.1]).ceiling == 0.0
    assert confidence_of(9.0, Confidence(0.3, 0.1, 0.4)) == pytest.approx(0.4)


@pytest.mark.parametrize(
    ("accidents", "edits", "message"),
    [
        ([0.1] * 3, [0.5] * 9, "accidents of shape (3,)"),
        ([0.1] * 9, [0.5, -1, 0.5, 0.5], "edits hold lengths that are negative"),
        ([0.5] * 9, [0.1] * 9, "edits move this encoder no further than accidents"),
    ],
)
def test_what_cannot_be_fitted_is_told(accidents: Any, edits: Any, message: str) -> None:
    with pytest.raises(DataError, match=re.escape(message)):
        fit_confidence(accidents, edits)


def test_the_shipped_curve_is_found_by_name() -> None:
    curve = fitted("pocket")
    assert 0 < curve.midpoint < 2
    assert curve.width > 0
    assert 0 <= curve.ceiling <= 1
    written = json.loads(as_json({"pocket": curve}, "some command"))
    assert Confidence(**written["curves"]["pocket"]) == curve
    with pytest.raises(DataError, match="no confidence is fitted for the encoder 'other'"):
        fitted("other")


def lone(**steps: float) -> Delta:
    zero = dict.fromkeys(DESCRIPTORS, 0.0)
    return Delta(zero, zero, zero | steps, {}, 0.0, False)


def soft_towards(word: str, space: StyleSpace) -> SoftPrior:
    return soft_targets(style_scores(change_towards(word), space, SURE), space)


def test_priors_combine_by_head(space: StyleSpace) -> None:
    change, soft = lone(brightness=2.0), soft_towards("bright", space)
    hard = hard_targets(change, RULES)
    both = targets(change, RULES, soft, soft_shares={"timbre": 0.25})
    mixed = 0.75 * hard["brightness"].value + 0.25 * soft.targets["brightness"].value
    assert both.values["brightness"] == pytest.approx(mixed)
    assert both.values["loudness"] == hard["loudness"].value
    alone = targets(change, RULES, soft, prior="soft")
    assert alone.values == {name: soft.targets[name].value for name in CUES}
    assert alone.agreement is None
    only = targets(change, RULES, soft, prior="hard")
    assert only.values == {name: hard[name].value for name in CUES}
    assert targets(change, RULES).values == only.values


def test_an_unsure_soft_prior_leaves_the_rules_whole(space: StyleSpace) -> None:
    change = lone(brightness=2.0)
    unsure = soft_targets(style_scores(np.zeros(len(WORDS) + 1), space, SURE), space)
    assert targets(change, RULES, unsure).values == targets(change, RULES).values


def test_agreement_is_the_correlation_over_cues(space: StyleSpace) -> None:
    change = lone(brightness=2.0)
    found = targets(change, RULES, soft_towards("bright", space))
    rows = [[side[name].value for name in CUES] for side in (found.hard, found.soft)]
    assert found.agreement == pytest.approx(np.corrcoef(rows)[0, 1])
    assert found.agreement > 0.8
    against = targets(change, RULES, soft_towards("dark", space)).agreement
    assert against is not None
    assert against < -0.8


@settings(max_examples=40, deadline=None)
@given(st.floats(0, 2), st.lists(st.floats(-9, 9), min_size=14, max_size=14))
def test_strength_scales(strength: float, steps: list[float]) -> None:
    change = lone(**dict(zip(DESCRIPTORS, steps, strict=True)))
    full, scaled = targets(change, RULES), targets(change, RULES, strength=strength)
    for name in CUES:
        assert scaled.values[name] == pytest.approx(strength * full.values[name])
        assert abs(scaled.values[name]) <= 2 * LIMIT


def test_identical_pictures_ask_for_nothing_whatever_the_embedding_says(
    space: StyleSpace, scenes: dict[str, Picture]
) -> None:
    change = delta(scenes["beach"], Picture(scenes["beach"].pixels.copy()))
    for prior in ("hard", "soft", "both"):
        found = targets(change, RULES, soft_towards("bright", space), prior=prior, strength=2)
        assert set(found.values.values()) == {0.0}
        assert found.explanations == ()
        assert found.agreement is None


def test_explanations_name_what_was_seen(space: StyleSpace, scenes: dict[str, Picture]) -> None:
    change = delta(scenes["beach"], edit(scenes["beach"], "darken", 0.8))
    found = targets(change, RULES, soft_towards("dark", space))
    (line,) = [each for each in found.explanations if each.startswith("brightness")]
    assert re.match(r"brightness -\d\.\d steps: ", line)
    assert "darker (brightness-brightness -" in line
    assert "more dark (dark/bright -" in line
    sizes = [abs(float(each.split()[1])) for each in found.explanations]
    assert sizes == sorted(sizes, reverse=True)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"prior": "none"}, "a prior called 'none'; use one of hard, soft, both"),
        ({"prior": "soft"}, "the soft prior needs a joint space"),
        ({"strength": 2.5}, "a strength of 2.5; expected a number from 0 to 2"),
        ({"strength": float("nan")}, "a strength of nan"),
        ({"soft_shares": {"colour": 0.5}}, "a soft share of 0.5 for 'colour'"),
        ({"soft_shares": {"space": 1.5}}, "a soft share of 1.5 for 'space'"),
    ],
)
def test_wrong_options_are_told(options: dict[str, Any], message: str) -> None:
    with pytest.raises(OptionError, match=re.escape(message)):
        targets(lone(), RULES, **options)
