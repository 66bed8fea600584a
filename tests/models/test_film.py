"""Modulation by heads and low-rank changes, on networks of both sizes."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from sonolume.errors import ModelError
from sonolume.models.film import Film, FilmConfig, film_layers, installed, shares
from sonolume.models.lora import add_lora, lora_state, merge_lora
from sonolume.models.sound_generator import SoundGenerator, SoundGeneratorConfig

CONFIG = SoundGeneratorConfig(
    frames=48, patch=8, width=32, depth=5, heads=2, tokens=2, rank=16, seams=4
)
OUTDATED = "ignore:.*weight_norm.*is deprecated:FutureWarning"


def loud(network: nn.Module) -> nn.Module:
    torch.manual_seed(0)
    for parameter in network.parameters():
        nn.init.normal_(parameter, std=0.3)
    return network


@pytest.fixture
def generator() -> SoundGenerator:
    made = loud(SoundGenerator(CONFIG))
    assert isinstance(made, SoundGenerator)
    return made


def asked(network: SoundGenerator) -> Tensor:
    draw = torch.Generator().manual_seed(1)
    x = torch.randn(2, 64, 48, generator=draw)
    told = nn.functional.normalize(torch.randn(2, 512, generator=draw), dim=-1)
    out: Tensor = network(x, torch.tensor([0.3, 0.8]), told)
    return out


def filmed(network: SoundGenerator) -> Film:
    layers = film_layers(network)
    film = Film(FilmConfig(tuple(width for _, width in layers), token=8))
    installed(film, [layer for layer, _ in layers])
    return film


def test_the_shares_of_the_plan_and_between() -> None:
    plan = shares(5)
    assert plan[0].tolist() == pytest.approx([0, 0, 0, 0.7, 0, 0.6])
    assert plan[2].tolist() == pytest.approx([0, 0, 0, 0, 0.9, 0])
    assert plan[4].tolist() == pytest.approx([0.1, 0.1, 0.2, 0, 0, 0])
    assert torch.allclose(shares(9)[1], (plan[0] + plan[1]) / 2)
    for layers in (1, 2, 3, 12):
        assert shares(layers).shape == (layers, 6)
        assert bool((shares(layers) >= 0).all())


def test_a_layer_against_the_formula() -> None:
    film = loud(Film(FilmConfig((6, 4), token=3)))
    film.mean.fill_(0.5)
    film.deviation.fill_(2.0)
    h, tokens, gains = torch.randn(2, 7, 4), torch.randn(2, 6, 3), torch.rand(2, 6)
    gamma, beta = torch.zeros(2, 4), torch.zeros(2, 4)
    for k in range(6):
        said = film.layers[1][k]((tokens[:, k] - 0.5) / 2)
        weight = film.shares[1, k] * gains[:, k, None]
        gamma, beta = gamma + weight * said[:, :4], beta + weight * said[:, 4:]
    wanted = h * (1 + gamma[:, None]) + beta[:, None]
    torch.testing.assert_close(film(1, h, tokens, gains), wanted)
    picture = h.transpose(1, 2)[..., None]
    seen = film(1, picture, tokens, gains)
    torch.testing.assert_close(seen[..., 0].transpose(1, 2), wanted)


def test_without_gains_and_at_first_a_network_is_itself(generator: SoundGenerator) -> None:
    before = asked(generator)
    film = filmed(generator)
    tokens = torch.randn(2, 6, 8)
    with film.telling(tokens, torch.ones(2, 6)):
        assert torch.equal(asked(generator), before)
    loud(film)
    with film.telling(tokens, torch.zeros(2, 6)):
        assert torch.equal(asked(generator), before)
    with film.telling(tokens, torch.tensor([[0.0] * 6, [1.0] * 6])):
        moved = asked(generator)
    assert torch.allclose(moved[0], before[0], atol=1e-5)
    assert not torch.allclose(moved[1], before[1], atol=1e-2)
    assert torch.equal(asked(generator), before)


def test_every_layer_and_head_that_counts_is_taught(generator: SoundGenerator) -> None:
    film = filmed(generator)
    with film.telling(torch.randn(2, 6, 8), torch.ones(2, 6)):
        asked(generator).square().mean().backward()
    for place, heads in enumerate(film.layers):
        for head, layer in enumerate(heads):
            assert bool(layer.weight.grad.any()) == (film.shares[place, head] > 0)


def test_low_rank_changes_start_as_none_are_trained_alone_and_merge(
    generator: SoundGenerator,
) -> None:
    before = asked(generator)
    add_lora(generator, 3)
    trained = [p for p in generator.parameters() if p.requires_grad]
    assert torch.allclose(asked(generator), before, atol=1e-6)
    for parameter in trained:
        nn.init.normal_(parameter, std=0.3)
    changed, state = asked(generator), lora_state(generator)
    assert len(state) == len(trained) == 4 * CONFIG.depth
    assert not torch.allclose(changed, before, atol=1e-2)
    plain = loud(SoundGenerator(CONFIG))
    merge_lora(plain, state)
    torch.testing.assert_close(asked(plain), changed, atol=1e-4, rtol=1e-4)


def test_changes_of_another_network_are_refused(generator: SoundGenerator) -> None:
    add_lora(generator, 2)
    state = lora_state(generator)
    with pytest.raises(ModelError, match="does not fit"):
        merge_lora(nn.Linear(3, 3), state)
    del state["blocks.0.attention.q.A"]
    with pytest.raises(ModelError, match="does not fit"):
        merge_lora(loud(SoundGenerator(CONFIG)), state)
    with pytest.raises(ModelError, match="no attention"):
        add_lora(nn.Sequential(nn.Linear(3, 3)), 2)


@pytest.mark.slow
@pytest.mark.filterwarnings(OUTDATED)
@pytest.mark.parametrize("kind", ["audioldm2", "stable_audio"])
def test_full_networks_are_moved_alike(kind: str, request: pytest.FixtureRequest) -> None:
    from sonolume.pipelines.restyle.engine.full import load_full_generator
    from sonolume.pipelines.restyle.engine.parts import style_of

    folder: Path = request.getfixturevalue(kind)
    found = load_full_generator(folder)
    network = getattr(found.pipeline, "unet", None) or found.pipeline.transformer
    layers = film_layers(network)
    film = Film(FilmConfig(tuple(width for _, width in layers), token=8))
    installed(film, [layer for layer, _ in layers])
    loud(film)
    samples = torch.zeros(40)
    with torch.no_grad():
        (told, _) = found.conditions(samples, style_of({"warmth": 2.0}))
        x = torch.randn(1, found.encode(samples).shape[1], found.window)
        before = found.predict(x, torch.tensor([0.5]), told)
        for gains, same in ((torch.zeros(1, 6), True), (torch.ones(1, 6), False)):
            with film.telling(torch.randn(1, 6, 8), gains):
                made = found.predict(x, torch.tensor([0.5]), told)
            assert torch.allclose(made, before, atol=1e-5) == same
    add_lora(network, 2)
    assert len(lora_state(network)) > 0
