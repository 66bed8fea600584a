"""The table of rules: which change of a picture goes with which change of a sound, and why."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

from sonolume.correspondence.descriptors import DESCRIPTORS
from sonolume.errors import DataError
from sonolume.signal.cues import CUES

__all__ = ["Rule", "read_rules"]

DIRECTIONS: Final = ("up", "down")
BASES: Final = ("evidence", "mixed", "convention")
FIELDS: Final = {
    "id": str,
    "visual": str,
    "visual_direction": str,
    "cue": str,
    "cue_direction": str,
    "head": str,
    "weight": float,
    "basis": str,
    "reference": list,
    "note": str,
}
# A table of rules is written by hand; what is longer is something else.
MAX_BYTES: Final = 1_000_000


@dataclass(frozen=True)
class Rule:
    """A correspondence between a visual descriptor and an auditory cue.

    Attributes:
        id: unique name.
        visual: one of `DESCRIPTORS`.
        cue: one of `CUES`.
        visual_up, cue_up: whether the link is stated for a rise of each.
        head: the cue's head.
        weight: cue steps for one visual step, above 0 up to 1.
        basis: evidence, mixed or convention.
        references: full titles; none for a convention.
        note: what was found, and how it was fitted to this cue.
    """

    id: str
    visual: str
    cue: str
    visual_up: bool
    cue_up: bool
    head: str
    weight: float
    basis: str
    references: tuple[str, ...]
    note: str

    @property
    def sign(self) -> int:
        """1 where the two rise together, -1 where one rises as the other falls."""
        return 1 if self.visual_up == self.cue_up else -1


def read_rules(path: Path | str | None = None) -> tuple[Rule, ...]:
    """The rules of a TOML file, or the package's own.

    Raises:
        DataError: the file is missing, not TOML, empty, or a rule has unknown, missing or malformed
            fields, an unknown descriptor, cue or reference, or repeats a pair or an id.
    """
    if path is None:
        return _own()
    return _parsed(_text(Path(path)), str(path))


@cache
def _own() -> tuple[Rule, ...]:
    text = files("sonolume.correspondence").joinpath("rules.toml").read_text("utf-8")
    return _parsed(text, "rules.toml")


def _text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
        if len(data) > MAX_BYTES:
            raise DataError(f"{path} is larger than {MAX_BYTES} bytes; a table of rules is small")
        return data.decode("utf-8")
    except (OSError, ValueError) as error:
        reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
        raise DataError(f"{path} cannot be read as a table of rules ({reason})") from error


def _parsed(text: str, name: str) -> tuple[Rule, ...]:
    try:
        table = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise DataError(f"{name} is not TOML ({error}); write [[rule]] tables") from error
    unknown = sorted(set(table) - {"rule", "reference"})
    if unknown:
        raise DataError(f"{name} has an unknown table '{unknown[0]}'; use [[rule]], [reference]")
    rows, references = table.get("rule", []), table.get("reference", {})
    if not isinstance(rows, list) or not rows:
        raise DataError(f"{name} holds no rules; write at least one [[rule]] table")
    if not _titles(references):
        raise DataError(f'{name}: [reference] takes lines of the form key = "title"')
    rules = tuple(_rule(row, references, f"{name}, rule {n}") for n, row in enumerate(rows, 1))
    _refuse_repeats(rules, name)
    return rules


def _titles(references: object) -> bool:
    return isinstance(references, dict) and all(isinstance(v, str) for v in references.values())


def _rule(row: object, references: Mapping[str, str], where: str) -> Rule:
    if not isinstance(row, dict):
        raise DataError(f"{where} is not a table; write [[rule]]")
    _check_fields(row, where)
    _check_names(row, where)
    for key in row["reference"]:
        if not isinstance(key, str) or key not in references:
            raise DataError(f"{where}: the reference '{key}' is not listed under [reference]")
    if not 0 < row["weight"] <= 1:
        raise DataError(f"{where}: a weight of {row['weight']}; expected above 0 and at most 1")
    return Rule(
        id=row["id"],
        visual=row["visual"],
        cue=row["cue"],
        visual_up=row["visual_direction"] == "up",
        cue_up=row["cue_direction"] == "up",
        head=row["head"],
        weight=float(row["weight"]),
        basis=row["basis"],
        references=tuple(references[key] for key in row["reference"]),
        note=row["note"],
    )


def _check_fields(row: Mapping[str, Any], where: str) -> None:
    for key in row:
        if key not in FIELDS:
            raise DataError(f"{where}: an unknown field '{key}'; use {', '.join(FIELDS)}")
    for key, kind in FIELDS.items():
        if key not in row:
            raise DataError(f"{where}: the field '{key}' is missing")
        number = kind is float and type(row[key]) is int
        if type(row[key]) is not kind and not number:
            raise DataError(f"{where}: '{key}' is {row[key]!r:.40}; expected a {kind.__name__}")


def _check_names(row: Mapping[str, Any], where: str) -> None:
    if not re.fullmatch(r"[a-z0-9-]{1,60}", row["id"]):
        raise DataError(f"{where}: the id '{row['id']:.60}' is not of small letters, digits and -")
    known = {
        "visual": tuple(DESCRIPTORS),
        "cue": tuple(CUES),
        "visual_direction": DIRECTIONS,
        "cue_direction": DIRECTIONS,
        "basis": BASES,
    }
    for key, names in known.items():
        if row[key] not in names:
            raise DataError(f"{where}: '{row[key]:.40}' is no {key}; use {', '.join(names)}")
    head = CUES[row["cue"]].head
    if row["head"] != head:
        raise DataError(
            f"{where}: {row['cue']} belongs to the head {head}, not '{row['head']:.40}'"
        )


def _refuse_repeats(rules: tuple[Rule, ...], name: str) -> None:
    """One rule a pair: two would hide each other's weight, or cancel."""
    seen: set[object] = set()
    for rule in rules:
        for key in (rule.id, (rule.visual, rule.cue)):
            if key in seen:
                raise DataError(
                    f"{name}: the rule {rule.id} repeats an id or a pair; merge the two"
                )
            seen.add(key)
