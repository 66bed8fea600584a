"""The controller in `restyle`: what it may propose, whatever it has learnt."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
import torch

from sonolume.correspondence.delta import Delta, delta
from sonolume.correspondence.edits import edit
from sonolume.errors import ModelError, OptionError
from sonolume.hub import weights
from sonolume.hub.joint import load_joint
from sonolume.hub.style import CONTROLLER, MAP
from sonolume.media import Audio, Picture
from sonolume.models.effect_controller import EffectController, EffectControllerConfig
from sonolume.models.style_map import StyleMap, StyleMapConfig
from sonolume.pipelines.restyle.chains.palette import palette
from sonolume.pipelines.restyle.chains.propose import Proposer, load_proposer
from sonolume.pipelines.restyle.chains.search import nearer, proposed, search
from sonolume.pipelines.restyle.listened import Listened
from sonolume.pipelines.restyle.pipeline import RestylePipeline
from sonolume.pipelines.restyle.recording import Recording
from sonolume.signal.cues import CUES

RATE = 16_000
WAYS = ("controller", "both")


@pytest.fixture(scope="module")
def picture() -> Picture:
    grid = np.indices((64, 64)).sum(0) * 2
    return Picture(np.stack([grid, grid[::-1], grid // 2], -1).astype(np.uint8))


@pytest.fixture(scope="module")
def change(picture: Picture) -> Delta:
    return delta(picture, edit(picture, "darken", 0.8), with_maps=False)


@pytest.fixture(scope="module")
def sound() -> Audio:
    time = np.arange(2 * RATE) / RATE
    rng = np.random.default_rng(0)
    beats = np.exp(-8 * (time % 0.5)) * (
        np.sin(2 * np.pi * 440 * time) + rng.normal(0, 0.3, 2 * RATE)
    )
    return Audio(0.2 * beats[None].astype(np.float32), RATE)


@pytest.fixture(scope="module")
def proposer() -> Proposer:
    """Untrained, with every move more likely than not."""
    torch.manual_seed(0)
    items = len(palette("moves").items)
    controller = EffectController(EffectControllerConfig("moves", items, items))
    controller.mapped_thresholds.fill_(0.3)
    return Proposer(load_joint(), StyleMap(StyleMapConfig()).eval(), controller.eval())


@pytest.fixture(scope="module")
def pipeline(proposer: Proposer) -> RestylePipeline:
    return RestylePipeline(proposer=proposer)


def targets(value: float = 1.0) -> dict[str, float]:
    return {name: value * (-1) ** place for place, name in enumerate(CUES)}


@pytest.mark.parametrize("most", [1, 4, 8])
def test_each_effect_once_and_at_most_so_many(
    proposer: Proposer, change: Delta, sound: Audio, most: int
) -> None:
    samples = torch.from_numpy(sound.samples[None])
    found = proposer(samples, RATE, change, targets(), most)
    names = [palette("moves").items[place].effect.name for place, _ in found]
    assert 0 < len(found) <= most
    assert len(set(names)) == len(names)
    assert all(0 <= amount <= 1 for _, amount in found)
    assert found == proposer(samples, RATE, change, targets(), most)


def test_the_level_of_a_sound_does_not_matter(
    proposer: Proposer, change: Delta, sound: Audio
) -> None:
    samples = torch.from_numpy(sound.samples[None])
    first = proposer(samples, RATE, change, targets(), 4)
    second = proposer(0.25 * samples, RATE, change, targets(), 4)
    assert [place for place, _ in first] == [place for place, _ in second]
    assert [a for _, a in first] == pytest.approx([a for _, a in second], abs=1e-3)


@pytest.mark.parametrize("by", WAYS)
def test_nothing_changes_where_the_picture_did_not(
    pipeline: RestylePipeline, picture: Picture, sound: Audio, by: str
) -> None:
    made = pipeline(picture, picture, sound, by=by)  # type: ignore[arg-type]
    assert np.array_equal(made.audio().samples, sound.samples)
    assert made.effects == ()


def test_more_strength_is_more_of_the_same(
    pipeline: RestylePipeline, picture: Picture, sound: Audio
) -> None:
    after = edit(picture, "darken", 0.8)
    amounts = []
    for strength in (0.4, 0.8):
        made = pipeline(picture, after, sound, strength=strength, keep=(), by="controller")
        amounts.append({e.name: e.amount for e in made.effects if e.name != "gain"})
    assert amounts[0]
    assert amounts[0].keys() <= amounts[1].keys()
    assert all(amounts[1][name] >= amount - 1e-6 for name, amount in amounts[0].items())


def test_both_is_never_further_than_the_search(
    proposer: Proposer, change: Delta, sound: Audio
) -> None:
    heard = Listened(Recording.open(sound), 0)
    asked = {**targets(0.0), "brightness": -1.5, "warmth": 1.0}
    alone = search(heard.probed, asked, effects=3)
    path = heard.path(
        asked, 3, by="both",
        propose=lambda s, unit, most: proposer(s.samples, s.rate, change, unit, most),
    )  # fmt: skip
    assert nearer(heard.probed, path.found, alone, asked) is path.found
    # A proposal that is what the search found, refined anew, loses nothing either.
    same = [
        (heard.probed.possible.index(m), a)
        for m, a in zip(alone.chosen, alone.amounts, strict=True)
    ]
    again = proposed(heard.probed, asked, same, refined=False)
    assert np.allclose(again.moved, alone.moved, atol=1e-4)
    assert proposed(heard.probed, asked, [], refined=True).chosen == ()


def test_without_a_controller_it_is_asked_in_vain(
    picture: Picture, sound: Audio, tmp_path: Path
) -> None:
    after = edit(picture, "darken", 0.8)
    with pytest.raises(ModelError, match="holds no controller"):
        RestylePipeline()(picture, after, sound, by="controller")
    with pytest.raises(OptionError, match="expected search, controller, both"):
        RestylePipeline()(picture, after, sound, by="luck")  # type: ignore[arg-type]
    assert load_proposer(load_joint(), tmp_path) is None


def test_a_controller_of_other_moves_is_refused(proposer: Proposer, tmp_path: Path) -> None:
    config = {"config": asdict(proposer.map.config)}
    weights.save(MAP, proposer.map.state_dict(), config, tmp_path)
    names = [item.name for item in palette("moves").items]
    config = {"config": asdict(proposer.controller.config)}
    for known in (names, names[1:]):
        facts = {**config, "names": known}
        weights.save(CONTROLLER, proposer.controller.state_dict(), facts, tmp_path)
        if known == names:
            assert load_proposer(proposer.joint, tmp_path) is not None
            continue
        with pytest.raises(ModelError, match="knows other moves"):
            load_proposer(proposer.joint, tmp_path)
