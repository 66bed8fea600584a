"""The page of rules, `docs/correspondences.md`: `python -m sonolume.correspondence.table FILE`."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from sonolume.correspondence.descriptors import DESCRIPTORS
from sonolume.correspondence.edits import EDITS
from sonolume.correspondence.rules import Rule, read_rules
from sonolume.correspondence.style_words import style_table
from sonolume.errors import SonolumeError
from sonolume.media.atomic import atomic_path
from sonolume.signal.cues import CUES

__all__ = ["correspondence_page", "main"]

HEAD: Final = """# Correspondences: how a picture's change moves a sound

Made by `python -m sonolume.correspondence.table docs/correspondences.md`; change
`src/sonolume/correspondence/rules.toml`, not this page. A table of your own goes to `read_rules`.

Two pictures are compared by the descriptors below, each in its own just clear step. A rule moves an
auditory cue by its weight in steps for every step of its descriptor beyond a quarter; the sum over
rules saturates at three steps. Rhythm and harmony are kept: no cue belongs to them, and findings
about pitch or tempo are turned into spectral centroid, punch or roughness at a lower weight.
Directions are given for one way and hold for the other.
"""


def correspondence_page(rules: Sequence[Rule]) -> str:
    """The page as Markdown."""
    return "\n".join(
        [HEAD, *_rules(rules), *_descriptors(), *_cues(), *_words(), *_edits(), *_references(rules)]
    )


def _table(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    lines = [f"## {title}", "", _row(columns), _row(["---"] * len(columns))]
    return [*lines, *(_row(row) for row in rows), ""]


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _way(up: bool) -> str:
    return "↑" if up else "↓"


def _rules(rules: Sequence[Rule]) -> list[str]:
    rows = [
        (
            f"{rule.visual.replace('_', ' ')} {_way(rule.visual_up)}",
            f"{rule.cue} {_way(rule.cue_up)}",
            rule.head,
            f"{rule.weight:g}",
            rule.basis,
            "; ".join(title.split("),")[0] + ")" for title in rule.references) or "–",
            rule.note,
        )
        for rule in rules
    ]
    columns = ("picture", "sound", "head", "weight", "basis", "reference", "note")
    return _table("Rules", columns, rows)


def _descriptors() -> list[str]:
    rows = [
        (item.name.replace("_", " "), item.doc, item.unit, f"{item.step:g}", item.more, item.less)
        for item in DESCRIPTORS.values()
    ]
    return _table("Descriptors", ("picture", "measure", "unit", "step", "up is", "down is"), rows)


def _cues() -> list[str]:
    rows = [(cue.name, cue.doc, cue.unit, f"{cue.step:g}", cue.head) for cue in CUES.values()]
    return _table("Cues", ("sound", "measure", "unit", "step", "head"), rows)


def _words() -> list[str]:
    rows = [
        (pair.low, pair.high, ", ".join(f"{cue} {tie:+g}" for cue, tie in pair.cues.items()))
        for pair in style_table().pairs
    ]
    return _table("Style words of the soft prior", ("from", "to", "cues"), rows)


def _edits() -> list[str]:
    rows = [
        (item.name, f"{item.descriptor.replace('_', ' ')} {_way(item.direction > 0)}", item.doc)
        for item in EDITS.values()
    ]
    return _table("Edits for tests and training", ("edit", "moves", "does"), rows)


def _references(rules: Sequence[Rule]) -> list[str]:
    titles = sorted({title for rule in rules for title in rule.references})
    return ["## References", "", *(f"- {title}" for title in titles), ""]


def main(arguments: Sequence[str]) -> str | None:
    """Write the page; the message of what went wrong, if anything."""
    if len(arguments) != 1:
        return "usage: python -m sonolume.correspondence.table FILE"
    try:
        with atomic_path(Path(arguments[0]), force=True) as temporary:
            temporary.write_text(correspondence_page(read_rules()), encoding="utf-8")
    except SonolumeError as error:
        return str(error)
    return None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
