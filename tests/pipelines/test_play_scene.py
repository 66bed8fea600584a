"""Pictures to scenes through a joint space."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from sonolume.errors import OptionError
from sonolume.media import Picture
from sonolume.music.scene import MOODS
from sonolume.music.scene_table import ROLES, places, roles_of, things
from sonolume.pipelines.describe.captions import sentence
from sonolume.pipelines.describe.keywords import Kind
from sonolume.pipelines.describe.word_lists import WordList
from sonolume.pipelines.play.mood import MOOD_WORDS, colour_affect, mood_of
from sonolume.pipelines.play.scene import JointSceneReader, load_scene_reader


def plain(red: int, green: int, blue: int) -> Picture:
    return Picture(np.full((20, 30, 3), (red, green, blue), np.uint8))


class Scripted:
    """Parts of `describe` that are sure of what they are told; other terms are equally likely."""

    name, rate, window, hop, usual = "scripted", 16000, 5.0, 5.0, "concepts"

    def __init__(self, sure: dict[str, float], said: str | None = None) -> None:
        self.sure, self.said = sure, said

    def word_list(self, name: str) -> WordList:
        return WordList.of(name, tuple(sorted(things())))

    def embed_windows(self, windows: object) -> Tensor:
        raise AssertionError("a scene hears nothing")

    def embed_picture(self, picture: Picture) -> Tensor:
        return torch.zeros(1, 4)

    def chances(self, embeddings: Tensor, kind: Kind, words: WordList) -> Tensor:
        assert kind == "picture"
        given = [self.sure.get(term) for term in words.terms]
        rest = (1 - sum(filter(None, given))) / max(1, given.count(None))
        return torch.tensor([[rest if chance is None else chance for chance in given]])

    def temperature(self, kind: Kind) -> float:
        return 1.0

    def captions(self, embeddings: Tensor, kind: Kind) -> list[str] | None:
        return None if self.said is None else [self.said]

    def hashes(self) -> dict[str, str]:
        return {}

    def save(self, folder: Path) -> None:
        raise AssertionError("nothing to save")


def test_what_is_likeliest_comes_first() -> None:
    reader = JointSceneReader(Scripted({"cow": 0.6, "horse": 0.25, "field": 0.5, "farm": 0.3}))
    scene = reader.read(plain(90, 140, 60), sources=12)
    assert scene.sources[0].name == "mooing cow"
    assert {"cow", "horse", ""} == {source.concept for source in scene.sources}
    field, farm = (next(p for p in places() if p.name == name) for name in ("field", "farm"))
    names = {source.name for source in scene.sources}
    assert names & {source.name for source in field.sources}
    assert names & {source.name for source in farm.sources} - {s.name for s in field.sources}
    assert len(scene.sources) == 12
    assert scene.description == "Green field or meadow."


def test_what_is_not_likely_enough_does_not_count() -> None:
    scene = JointSceneReader(Scripted({"cow": 0.19, "beach": 0.4})).read(plain(1, 2, 3))
    beach = next(place for place in places() if place.name == "beach")
    assert set(scene.sources) <= set(beach.sources)


def test_without_any_certainty_a_scene_can_be_played() -> None:
    scene = JointSceneReader(Scripted({})).read(plain(128, 128, 128))
    assert frozenset().union(*map(roles_of, scene.sources)) == set(ROLES)
    assert scene.mood in MOODS


@pytest.mark.parametrize("said", ["A dog runs.", "", "x" * 5000])
def test_the_caption_describes(said: str) -> None:
    scene = JointSceneReader(Scripted({}, said)).read(plain(0, 0, 0))
    phrases = {sentence(place.phrase) for place in places()}
    assert scene.description == said[:300] if said else scene.description in phrases


@pytest.mark.parametrize("count", [3, 65])
def test_too_few_or_too_many_sources(count: int) -> None:
    with pytest.raises(OptionError, match=f"{count} sources; expected 4 to 64"):
        JointSceneReader(Scripted({})).read(plain(0, 0, 0), sources=count)


@pytest.mark.parametrize("weights", ["tiny_pocket", pytest.param("pocket", marks=pytest.mark.slow)])
def test_the_pocket_reads_any_picture_the_same_way_twice(
    weights: str, request: pytest.FixtureRequest
) -> None:
    folder = weights if weights == "pocket" else str(request.getfixturevalue(weights))
    reader = load_scene_reader(folder)
    pictures = [
        plain(0, 0, 0),
        plain(255, 255, 255),
        Picture(np.random.default_rng(0).integers(0, 256, (1, 1, 3), dtype=np.uint8)),
        Picture(np.random.default_rng(0).integers(0, 256, (37, 400, 3), dtype=np.uint8)),
    ]
    for picture in pictures:
        scene = reader.read(picture)
        assert scene == reader.read(picture)
        assert frozenset().union(*map(roles_of, scene.sources)) == set(ROLES)


def test_colours_suggest_what_valdez_and_mehrabian_found() -> None:
    dark, light, vivid = plain(20, 20, 20), plain(240, 240, 240), plain(220, 40, 30)
    pleasure, arousal, dominance = (
        np.array(c) for c in zip(*map(colour_affect, (dark, light, vivid)), strict=True)
    )
    assert pleasure[1] > pleasure[0]
    assert arousal[2] > arousal[1]
    assert dominance[0] > dominance[1]


def test_mood_hears_both_witnesses() -> None:
    even = np.full(len(MOODS), 1 / len(MOODS))
    assert mood_of(plain(5, 5, 10), even) in ("mysterious", "tense", "melancholic", "majestic")
    assert mood_of(plain(250, 190, 60), even) in ("cheerful", "playful")
    for place, mood in enumerate(MOODS):
        sure = np.full(len(MOODS), 1e-4)
        sure[place] = 1
        assert mood_of(plain(120, 120, 110), sure) == mood
    assert MOOD_WORDS.terms == MOODS
