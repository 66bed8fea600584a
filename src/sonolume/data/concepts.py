"""Concepts: things that are both heard and seen, with the groups that must not be contrasted."""

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from sonolume.errors import DataError


@dataclass(frozen=True)
class Concept:
    """One thing that can be heard and seen.

    `slug` is its key in data sets, `name` its everyday name. `heard` and `seen` say whether
    labelled sounds and photographs of it exist. `overlaps` are the slugs that hold or resemble it.
    """

    slug: str
    name: str
    heard: bool
    seen: bool
    overlaps: frozenset[str]


@cache
def concepts() -> tuple[Concept, ...]:
    """All concepts in alphabetical order of their slugs."""
    table = tomllib.loads(files("sonolume.data").joinpath("concepts.toml").read_text("utf-8"))
    groups: list[set[str]] = [set(group) for group in table["overlaps"]]

    def neighbours(slug: str) -> frozenset[str]:
        return frozenset().union(*(g for g in groups if slug in g)) - {slug}

    return tuple(
        Concept(row["slug"], row["name"], row["heard"], row["seen"], neighbours(row["slug"]))
        for row in sorted(table["concept"], key=lambda row: row["slug"])
    )


def concept(slug: str) -> Concept:
    """The concept called `slug`. Raises DataError when there is none."""
    for candidate in concepts():
        if candidate.slug == slug:
            return candidate
    raise DataError(f"unknown concept {slug!r}; known: {', '.join(c.slug for c in concepts())}")


@cache
def phrases(slug: str) -> tuple[str, ...]:
    """Everyday phrasings of a concept, written by hand: one line of `phrasebook/SLUG.txt` each."""
    page = files("sonolume.data").joinpath("phrasebook", f"{concept(slug).slug}.txt")
    return tuple(line.strip() for line in page.read_text("utf-8").splitlines() if line.strip())
