"""Captions for things that nobody captioned, from the concept that they are labelled with."""

from collections import defaultdict
from collections.abc import Iterable, Sequence

from sonolume.data.captions import PLACES, SCENES
from sonolume.data.concepts import concepts
from sonolume.data.naming import heard, named, seen
from sonolume.data.shards import Photo

MOST_WORDS = 12
MOST_CAPTIONS = 60  # people's captions of one concept


def sound_captions(told: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Captions of each concept's sound: those written by hand, and what people said of it.

    Of the captions `told` of other sounds the short ones are taken that name this concept and no
    other. Each of the two kinds makes about half of a concept's captions.
    """
    said: dict[str, list[str]] = defaultdict(list)
    for text in told:
        if len(text.split()) <= MOST_WORDS and len(found := named(text)) == 1:
            said[next(iter(found))].append(text)
    pools = {}
    for item in concepts():
        others = _spread(said[item.slug], MOST_CAPTIONS)
        own = heard(item.slug)
        pools[item.slug] = own * max(1, round(len(others) / len(own))) + tuple(others)
    return pools


def photo_captions(photo: Photo) -> tuple[str, ...]:
    """Captions of a photo by its concept and tags; none when it has neither."""
    slug = photo.concept or photo.weak_concept
    if slug is None:
        scenes = [SCENES[tag] for tag in photo.tags if tag in SCENES]
        return tuple(scenes) if len(scenes) < 2 else (f"{scenes[0]} and {scenes[1]}",)
    places = [PLACES[tag] for tag in photo.tags if tag in PLACES]
    return seen(slug) + tuple(f"{seen(slug)[0]} {place}" for place in places if seen(slug))


def _spread(texts: Sequence[str], most: int) -> list[str]:
    """At most so many of the texts, from all parts of their alphabet."""
    texts = sorted(set(texts))
    if len(texts) <= most:
        return texts
    return [texts[place * len(texts) // most] for place in range(most)]
