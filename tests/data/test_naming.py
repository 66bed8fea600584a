"""Which concepts a caption names."""

from __future__ import annotations

import pytest

from sonolume.data.concepts import concepts
from sonolume.data.naming import heard, named, names, names_concept, seen
from sonolume.errors import DataError

SLUGS = [c.slug for c in concepts()]


@pytest.mark.parametrize("slug", SLUGS)
def test_every_concept_is_named_by_its_name_and_its_own_captions(slug: str) -> None:
    assert all(names_concept(f"I hear {name} here", slug) for name in names(slug))
    assert len(heard(slug)) >= 3
    assert all(names_concept(text, slug) for text in heard(slug))


def test_what_is_seen_has_captions() -> None:
    assert [c.slug for c in concepts() if c.seen and not seen(c.slug)] == []
    assert seen("wind") == ()


def test_captions_written_by_hand_are_short_and_plain() -> None:
    for slug in SLUGS:
        for text in (*heard(slug), *seen(slug)):
            assert text == text.lower().strip(" .")
            assert 2 <= len(text.split()) <= 12


@pytest.mark.parametrize(
    ("caption", "slug", "expected"),
    [
        ("A DOG, barking!", "dog", True),
        ("two dogs play", "dog", True),
        ("puppies whine", "dog", True),
        ("a hotdog stand", "dog", False),
        ("a doggedly tired man", "dog", False),
        ("torches and watches ticking", "clock", True),
        ("an alarm-clock rings", "alarm", True),
        ("an alarm-clock rings", "clock", False),
        ("a fire engine races past", "siren", True),
        ("a fire engine races past", "fire", False),
        ("a rooster crows", "rooster", True),
        ("a rooster crows", "crow", False),
        ("a crow caws and a rooster crows", "crow", True),
        ("rain can be heard", "can", False),
        ("someone opens a can", "can", True),
        ("an airplane flies by", "insect", False),
        ("flies are buzzing", "insect", True),
        ("", "dog", False),
    ],
)
def test_whole_words_plurals_and_what_means_something_else(
    caption: str, slug: str, expected: bool
) -> None:
    assert names_concept(caption, slug) is expected


def test_all_concepts_of_a_caption() -> None:
    assert named("a dog barks in the rain while people laugh") == {"dog", "rain", "laughing"}
    assert named("something hums") == frozenset()


def test_unknown_concepts() -> None:
    for function in (names, heard, seen, lambda slug: names_concept("a", slug)):
        with pytest.raises(DataError, match="unknown concept 'dragon'"):
            function("dragon")
