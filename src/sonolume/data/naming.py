"""How captions name the concepts: accepted words, and sentences about their sounds and photos."""

import re
import tomllib
from collections import defaultdict
from collections.abc import Iterable, Iterator
from functools import cache
from importlib.resources import files

from sonolume.data.concepts import concept, concepts

Words = tuple[str, ...]
Lexicon = dict[Words, tuple[str, ...]]


@cache
def names(slug: str) -> tuple[str, ...]:
    """What counts as naming a concept, in lower case, its own name first.

    Raises DataError for an unknown concept.
    """
    return tuple(dict.fromkeys([concept(slug).name.lower(), *_table()[slug]["names"]]))


def heard(slug: str) -> tuple[str, ...]:
    """Captions of a concept's sound, written by hand. Raises DataError for an unknown concept."""
    return tuple(_table()[concept(slug).slug]["heard"])


def seen(slug: str) -> tuple[str, ...]:
    """Captions of its photos, likewise; none where nobody would see it."""
    return tuple(_table()[concept(slug).slug].get("seen", ()))


def names_concept(caption: str, slug: str) -> bool:
    """Whether a caption names the concept. Raises DataError for an unknown concept."""
    return concept(slug).slug in named(caption)


def named(caption: str) -> frozenset[str]:
    """The slugs of all concepts that a caption names, by a whole word or its plural."""
    words = _words(caption)
    taken: dict[str, set[int]] = defaultdict(set)
    for slug, places in _met(words, _lexicon("unless")):
        taken[slug].update(places)
    met = _met(words, _lexicon("names"))
    return frozenset(slug for slug, places in met if taken[slug].isdisjoint(places))


def _met(words: Words, lexicon: Lexicon) -> Iterator[tuple[str, range]]:
    """Concepts of the phrases that stand in `words`, and where."""
    for start in range(len(words)):
        for end in range(start + 1, min(start + _longest(), len(words)) + 1):
            for slug in lexicon.get(words[start:end], ()):
                yield slug, range(start, end)


@cache
def _lexicon(key: str) -> Lexicon:
    """Phrases, and their plurals, to the concepts that list them under `key`."""
    found: dict[Words, set[str]] = defaultdict(set)
    for item in concepts():
        listed = names(item.slug) if key == "names" else _table()[item.slug].get(key, ())
        for words in _with_plurals(listed):
            found[words].add(item.slug)
    return {words: tuple(sorted(slugs)) for words, slugs in found.items()}


@cache
def _longest() -> int:
    return max(len(words) for key in ("names", "unless") for words in _lexicon(key))


def _with_plurals(phrases: Iterable[str]) -> Iterator[Words]:
    """Phrases as they are and with their last word in -s: dog, dogs; watch, watches; pony, ponies.

    The third person of a verb has the same endings.
    """
    for phrase in phrases:
        *before, last = _words(phrase)
        yield (*before, last)
        if re.search(r"[^aeiou]y$", last):
            yield (*before, f"{last[:-1]}ies")
        else:
            yield (*before, last + ("es" if re.search(r"(s|x|z|ch|sh)$", last) else "s"))


def _words(text: str) -> Words:
    """Lower-case words, hyphens parted."""
    return tuple(re.findall(r"[a-z0-9']+", text.lower()))


@cache
def _table() -> dict[str, dict[str, list[str]]]:
    table: dict[str, dict[str, list[str]]] = tomllib.loads(
        files("sonolume.data").joinpath("naming.toml").read_text("utf-8")
    )
    return table
