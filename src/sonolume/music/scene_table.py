"""The curated table: what is seen, and what sounds there."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Final, Literal

from sonolume.errors import DataError
from sonolume.music.foley.materials import material_of
from sonolume.music.scene import Scene, Source

__all__ = ["ROLES", "Place", "Role", "gather", "places", "roles_of", "things"]

Role = Literal["drums", "bass", "pad", "keys"]
ROLES: Final[tuple[Role, ...]] = ("drums", "bass", "pad", "keys")
LOW: Final = frozenset({"deep", "low", "booming", "rumbling"})


@dataclass(frozen=True)
class Place:
    """Where a picture was taken, or its weather or hour.

    Attributes:
        name: short: "beach".
        phrase: as it is recognised: "a beach by the sea".
        sources: what sounds there, at least one for each of `ROLES`.
    """

    name: str
    phrase: str
    sources: tuple[Source, ...]


def things() -> dict[str, tuple[Source, ...]]:
    """What sounds about a thing, by the slug of its concept."""
    return _table()[0]


def places() -> tuple[Place, ...]:
    """Every place, in the order of the table."""
    return _table()[1]


@cache
def _table() -> tuple[dict[str, tuple[Source, ...]], tuple[Place, ...]]:
    text = files("sonolume.music").joinpath("scenes.toml").read_text("utf-8")
    table = tomllib.loads(text)
    found = {slug: _sources(row["sources"], slug) for slug, row in table["thing"].items()}
    seen = tuple(
        Place(name, row["phrase"], _sources(row["sources"], ""))
        for name, row in table["place"].items()
    )
    return found, seen


def _sources(rows: Sequence[Sequence[str]], concept: str) -> tuple[Source, ...]:
    """Checked as those of a scene from anywhere are."""
    listed = [
        {"name": name, "material": material, "playing": playing, "timbre": timbre}
        for name, material, playing, *timbre in rows
    ]
    value = {"description": concept or "place", "mood": "calm", "sources": listed}
    scene = Scene.from_json(value, f"scenes.toml: {concept or 'place'}")
    return tuple(
        Source(each.name, each.material, each.playing, each.timbre, concept)
        for each in scene.sources
    )


def roles_of(source: Source) -> frozenset[Role]:
    """What a source can play; more than one role, or none.

    Drums are struck or shaken; bass is low and pitched; a pad lasts; keys are pitched, plucked or
    struck, and not low.
    """
    body = material_of(source.material, source.name).body
    pitched = body not in ("loose", "gas", "liquid")
    low = bool(LOW & set(source.timbre))
    rings = pitched and body not in ("membrane",)
    found: dict[Role, bool] = {
        "drums": source.playing in ("struck", "shaken"),
        "bass": low and pitched and source.playing in ("plucked", "struck", "blown", "rubbed"),
        "pad": source.playing in ("blown", "rubbed") and body != "loose",
        "keys": rings and not low and source.playing in ("plucked", "struck"),
    }
    return frozenset(role for role, holds in found.items() if holds)


def gather(lists: Iterable[Sequence[Source]], count: int) -> tuple[Source, ...]:
    """Up to ``count`` sources of several lists, the first list counting most.

    Every role of `ROLES` that any list reaches is filled first, from the earliest list that can;
    then the lists take turns. Names are kept once.

    Raises:
        DataError: no source in any list, or a count below the number of roles.
    """
    ranked = [list(sources) for sources in lists if sources]
    if not ranked or count < len(ROLES):
        raise DataError(f"no sources to gather, or fewer than {len(ROLES)} of them wanted")
    # The thing itself comes first, whatever it can play.
    chosen = {ranked[0][0].name: ranked[0][0]}
    every = [source for sources in ranked for source in sources]
    for role in ROLES:
        if not any(role in roles_of(source) for source in chosen.values()):
            fitting = (s for s in every if role in roles_of(s) and s.name not in chosen)
            chosen.update((source.name, source) for source in [next(fitting, None)] if source)
    for turn in range(max(map(len, ranked))):
        for sources in ranked:
            if turn < len(sources) and len(chosen) < count:
                chosen.setdefault(sources[turn].name, sources[turn])
    return tuple(chosen.values())
