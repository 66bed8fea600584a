"""The curated table of scenes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sonolume.data.concepts import concepts
from sonolume.errors import DataError
from sonolume.music.foley.called import ALIASES as CALLS_KNOWN
from sonolume.music.foley.called import CALLS
from sonolume.music.foley.materials import ALIASES, MATERIALS
from sonolume.music.foley.timbre import TIMBRES
from sonolume.music.scene import Scene, Source
from sonolume.music.scene_table import ROLES, gather, places, roles_of, things

EVERY = [
    *(s for listed in things().values() for s in listed),
    *(s for p in places() for s in p.sources),
]
VOICES = {"voice", "speech", "laugh", "laughing", "laughter", "cry", "crying", "scream", "singer"}
VOICES |= {
    "cough",
    "coughing",
    "snore",
    "snoring",
    "talk",
    "talking",
    "shout",
    "person",
    "baby cry",
}


def test_every_concept_has_things_that_sound() -> None:
    assert set(things()) == {concept.slug for concept in concepts()}
    assert all(len({source.name for source in listed}) >= 5 for listed in things().values())
    assert all(source.concept == slug for slug, listed in things().items() for source in listed)


@pytest.mark.parametrize("place", places(), ids=lambda place: place.name)
def test_every_place_can_be_played(place: object) -> None:
    sources = place.sources  # type: ignore[attr-defined]
    assert len({source.name for source in sources}) == len(sources) >= 8
    assert frozenset().union(*map(roles_of, sources)) == set(ROLES)


def test_places_are_told_apart() -> None:
    assert len({place.name for place in places()}) == len(places()) >= 40
    assert len({place.phrase for place in places()}) == len(places())


def test_the_synthesiser_knows_every_word_of_the_table() -> None:
    known = MATERIALS.keys() | ALIASES.keys()
    assert [
        s for s in EVERY if s.material not in known and not known & set(s.material.split())
    ] == []
    assert [word for s in EVERY for word in s.timbre if word not in TIMBRES] == []
    calling = CALLS.keys() | CALLS_KNOWN.keys()
    calls = [s for s in EVERY if s.playing == "called"]
    assert [s.name for s in calls if not calling & set(s.name.split())] == []


def test_no_human_voice() -> None:
    assert [s.name for s in EVERY if VOICES & set(s.name.split())] == []


def test_each_role_has_its_sources() -> None:
    assert roles_of(Source("drum", "skin", "struck", ("deep",))) == {"drums", "bass"}
    assert roles_of(Source("string", "string", "plucked", ("low",))) == {"bass"}
    assert roles_of(Source("flute", "metal", "blown")) == {"pad"}
    assert roles_of(Source("bell", "bronze", "struck")) == {"drums", "keys"}
    assert roles_of(Source("wind", "air", "blown", ("deep",))) == {"pad"}
    assert roles_of(Source("leaves", "leaves", "shaken")) == {"drums"}
    assert roles_of(Source("dog", "fur", "called")) == set()


@given(
    st.lists(st.sampled_from(sorted(things())), max_size=3),
    st.sampled_from([place.name for place in places()]),
    st.integers(4, 20),
)
def test_things_and_a_place_always_make_a_playable_scene(
    slugs: list[str], name: str, count: int
) -> None:
    place = next(place for place in places() if place.name == name)
    chosen = gather([*(things()[slug] for slug in slugs), place.sources], count)
    assert 4 <= len(chosen) <= max(count, 5)
    assert len({source.name for source in chosen}) == len(chosen)
    assert frozenset().union(*map(roles_of, chosen)) == set(ROLES)
    assert chosen[0] == (things()[slugs[0]] if slugs else place.sources)[0]
    again = Scene.from_json(Scene("A place.", "calm", chosen).to_json())
    assert again.sources == chosen


def test_nothing_gathers_nothing() -> None:
    with pytest.raises(DataError, match="no sources to gather"):
        gather([[]], 8)
    with pytest.raises(DataError, match="fewer than 4"):
        gather([places()[0].sources], 3)
