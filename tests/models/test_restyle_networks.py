"""Restyle's networks: shapes, ranges, and what they may not do whatever their weights."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from sonolume.models.effect_controller import (
    EffectController,
    EffectControllerConfig,
    StyleController,
    StyleControllerConfig,
)
from sonolume.models.style_heads import COUNT, StyleHeads, StyleHeadsConfig
from sonolume.models.style_map import StyleMap, StyleMapConfig

TOKEN = 8
HEADS = StyleHeadsConfig(widths=(8, 8, 8), hidden=16, token=TOKEN)
MAP = StyleMapConfig(token=TOKEN, width=16)


@pytest.fixture(autouse=True)
def _seeded() -> None:
    torch.manual_seed(0)


@pytest.mark.parametrize("frames", [20, 250, 333])
def test_heads_of_a_pair(frames: int) -> None:
    heads = StyleHeads(HEADS)
    tokens, gains = heads(torch.randn(3, 64, frames), torch.randn(3, 64, frames))
    assert tokens.shape == (3, COUNT, TOKEN)
    assert gains.shape == (3, COUNT)
    assert (gains > 0).all()
    assert (gains < 1).all()
    assert heads.facts(tokens).shape == (3, sum(HEADS.facts))


def test_a_sound_beside_itself_has_no_gain_whatever_was_learnt() -> None:
    heads, mel = StyleHeads(HEADS), torch.randn(4, 64, 50) - 6
    assert (heads(mel, mel)[1] == 0).all()


def test_a_head_tells_only_its_own_facts() -> None:
    heads, tokens = StyleHeads(HEADS), torch.randn(1, COUNT, TOKEN)
    other = tokens.clone()
    other[:, 3] += 1
    moved = (heads.facts(other) != heads.facts(tokens))[0]
    first = sum(HEADS.facts[:3])
    assert moved[first : first + HEADS.facts[3]].all()
    assert int(moved.sum()) == HEADS.facts[3]


def test_where_nothing_is_asked_the_map_gives_no_gain() -> None:
    nothing = torch.zeros(2, 14), torch.zeros(2, 10), torch.zeros(2, 10)
    for inertia in (True, False):
        for gain in (True, False):
            network = StyleMap(replace(MAP, inertia=inertia, gain=gain))
            tokens, gains = network(*nothing)
            assert (gains == 0).all()
            assert torch.isfinite(tokens).all()


def test_the_projection_gives_tokens_the_statistics_of_sounds() -> None:
    network = StyleMap(MAP)
    network.mean.copy_(torch.randn(COUNT, TOKEN))
    network.deviation.copy_(torch.rand(COUNT, TOKEN) + 0.1)
    asked = torch.randn(5, 14), torch.randn(5, 10), torch.randn(5, 10)
    tokens = network(*asked)[0]
    unit = (tokens - network.mean) / network.deviation
    assert torch.allclose(unit.mean(-1), torch.zeros(5, COUNT), atol=1e-4)
    assert torch.allclose(unit.std(-1, correction=0), torch.ones(5, COUNT), atol=1e-3)
    plain = StyleMap(replace(MAP, projection=False))
    plain.load_state_dict(network.state_dict())
    assert not torch.allclose(plain(*asked)[0], tokens)


def test_every_term_of_the_map_can_be_left_out() -> None:
    whole = StyleMap(replace(MAP, projection=False))
    asked = torch.randn(5, 14), torch.randn(5, 10), torch.randn(5, 10)
    for term in ("inertia", "gain"):
        less = StyleMap(replace(MAP, projection=False, **{term: False}))
        less.load_state_dict(whole.state_dict())
        changed = [
            not torch.allclose(a, b) for a, b in zip(whole(*asked), less(*asked), strict=True)
        ]
        assert changed == [term == "inertia", term == "gain"]


def test_the_controller_answers_for_its_palette() -> None:
    config = EffectControllerConfig(items=3, controls=5, token=TOKEN, width=16, sound=8)
    controller = EffectController(config).eval()
    read = torch.randn(4, COUNT, TOKEN), torch.rand(4, COUNT), torch.randn(4, 10)
    shares, logits = controller(*read, torch.randn(4, 512))
    assert shares.shape == (4, 5)
    assert logits.shape == (4, 3)
    assert (shares >= 0).all()
    assert (shares <= 1).all()


def test_the_published_design_has_its_size() -> None:
    # 191,251 parameters with 12 controls of 7 effects, as counted in the source.
    network = StyleController(StyleControllerConfig(items=7, controls=12))
    assert sum(p.numel() for p in network.parameters()) == 191_251
    shares, logits = network.eval()(torch.rand(2, 24).softmax(1), torch.randn(2, 512))
    assert shares.shape == (2, 12)
    assert logits.shape == (2, 7)
