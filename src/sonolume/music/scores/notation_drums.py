"""Drums of MusicXML, which music21 reads without saying which drum is meant."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

__all__ = ["name_drums"]

KEYS: Final = 128
SCALE: Final = (
    ("C", 0), ("C", 1), ("D", 0), ("D", 1), ("E", 0), ("F", 0), ("F", 1), ("G", 0), ("G", 1),
    ("A", 0), ("A", 1), ("B", 0),
)  # fmt: skip


def name_drums(root: Element) -> None:
    """Give unpitched notes the pitch of their MIDI key, in place.

    A note names an instrument of its part, and a part says which MIDI key each instrument has;
    a note that names none means the part's first. Parts without such keys stay as they are.
    """
    keys = {part.get("id", ""): _keys(part) for part in root.findall("part-list/score-part")}
    for part in root.findall("part"):
        drums = keys.get(part.get("id", ""))
        for note in part.iter("note") if drums else ():
            _name(note, drums or {})


def _keys(part: Element) -> dict[str, int]:
    """MIDI key by instrument id; in the file they count from 1."""
    found = {}
    for instrument in part.findall("midi-instrument"):
        text = (instrument.findtext("midi-unpitched") or "").strip()
        if text.isdecimal() and 1 <= int(text) <= KEYS:
            found[instrument.get("id", "")] = int(text) - 1
    return found


def _name(note: Element, drums: Mapping[str, int]) -> None:
    place = note.find("unpitched")
    if place is None:
        return
    named = note.find("instrument")
    first = next(iter(drums.values()))
    key = first if named is None else drums.get(named.get("id", ""), first)
    step, alter = SCALE[key % 12]
    place.clear()
    place.tag = "pitch"
    for tag, text in (("step", step), ("alter", str(alter)), ("octave", str(key // 12 - 1))):
        place.append(place.makeelement(tag, {}))
        place[-1].text = text
