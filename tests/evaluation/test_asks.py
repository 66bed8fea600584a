"""What a painter is asked for: balanced, repeatable, comparable where it must be."""

from __future__ import annotations

from collections import Counter

import pytest

from sonolume.data.shards import read_sounds
from sonolume.evaluation import asks
from sonolume.pipelines.paint.settings import PaintSettings


@pytest.fixture
def heard(data, knowing):
    return asks.listen(knowing.hear, list(read_sounds(data, "validation")))


def test_words_are_the_name_alone() -> None:
    found = asks.from_words(["dog", "waves"], 2, seed=5)
    assert [(a.concept, a.request.sound, a.request.seed) for a in found] == [
        ("dog", None, 5), ("dog", None, 6), ("waves", None, 1005), ("waves", None, 1006)
    ]  # fmt: skip
    assert found[0].request.words == "dog"


def test_clips_of_a_concept_take_turns(heard) -> None:
    found = asks.from_sounds(heard, ["dog"], 3, seed=0)
    assert [heard.clips[a.clip].key for a in found] == ["dog-0", "dog-1", "dog-0"]
    assert all(a.request.words == "" for a in found)
    assert len({a.request.seed for a in found}) == 3


def test_silence_has_the_seeds_of_the_sounds(heard, world) -> None:
    loud, quiet = (
        asks.from_sounds(heard, world.PAIRED, 1, 3),
        asks.from_silence(heard, world.PAIRED, 3),
    )
    assert [a.request.seed for a in loud] == [a.request.seed for a in quiet]
    assert {a.request.sound is heard.silence for a in quiet} == {True}


def test_swaps_share_seed_and_words_and_every_concept_meets_every_scene(heard, world) -> None:
    found = asks.swaps(heard, world.PAIRED, 4, seed=2)
    met = {(a.concept, a.scene) for a in found}
    assert met == {(concept, scene) for concept in world.PAIRED for scene in asks.SCENES}
    rounds = Counter((a.request.words, a.request.seed) for a in found)
    assert set(rounds.values()) == {2}
    assert {seed for _, seed in rounds} == {2, 3, 4, 5}


def test_each_state_has_its_picture_without_sound(heard) -> None:
    found = asks.states(heard, 2, seed=0)
    quiet = {(a.scene, a.request.seed) for a in found if not a.state}
    assert len(quiet) == 8
    loud = [a for a in found if a.state]
    assert {a.state for a in loud} == {"thunder", "fire"}
    assert len(loud) == 4 * 2 * 2
    assert {(a.scene, a.request.seed) for a in loud} == quiet
    assert all(heard.clips[a.clip].concept == asks.STATE_SOUNDS[a.state] for a in loud)


def test_painting_goes_in_batches_and_tells_how_far_it_is(faithful) -> None:
    told = []
    wanted = asks.from_words(["dog"], asks.BATCH + 1, 0)
    pictures = asks.paint(faithful, wanted, PaintSettings(size=64), lambda *at: told.append(at))
    assert [p.shape for p in pictures] == [(64, 64, 3)] * len(wanted)
    assert faithful.requests == [a.request for a in wanted]
    assert told == [(asks.BATCH, len(wanted)), (len(wanted), len(wanted))]


def test_a_seed_at_the_end_of_its_range_is_taken(heard, world) -> None:
    assert asks.from_sounds(heard, world.PAIRED, 2, 2**63 - 1)[-1].request.seed == 3000
