import pytest

from sonolume.data.concepts import concept, concepts, phrases
from sonolume.errors import DataError


def test_seventy_concepts_in_order() -> None:
    slugs = [c.slug for c in concepts()]
    assert len(slugs) == 70
    assert slugs == sorted(set(slugs))
    assert sum(c.heard and c.seen for c in concepts()) == 44
    assert sum(c.heard and not c.seen for c in concepts()) == 19
    assert sum(c.seen and not c.heard for c in concepts()) == 7


def test_overlaps_are_mutual_and_known() -> None:
    for c in concepts():
        assert c.slug not in c.overlaps
        for other in c.overlaps:
            assert c.slug in concept(other).overlaps


def test_unknown_concept() -> None:
    with pytest.raises(DataError, match="unknown concept 'unicorn'; known: airplane, alarm"):
        concept("unicorn")


def test_phrasebook_has_forty_phrases_each_and_no_phrase_twice() -> None:
    everything = [phrase for c in concepts() for phrase in phrases(c.slug)]
    assert all(len(phrases(c.slug)) >= 40 for c in concepts())
    assert len(everything) == len(set(everything))
    assert all(phrase == phrase.strip() and len(phrase) < 120 for phrase in everything)
