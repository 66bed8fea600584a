"""Captions by the sound or picture that they describe, in the form a captioner learns."""

import re
import zlib
from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from sonolume.data.corpus import json_lines

HELD_SHARE = 20  # of a source without a training split one group in so many is held back


@dataclass(frozen=True)
class CaptionGroup:
    """What people said of one sound or picture; `train` is False for what is held back."""

    captions: tuple[str, ...]
    train: bool


def read_caption_groups(
    folder: Path, kind: Literal["sound", "picture"], sources: Collection[str] | None = None
) -> list[CaptionGroup]:
    """The groups of `folder/words/KIND-captions.jsonl.gz`, of `sources` or of all.

    Captions are as `plain` makes them. A source whose only split is named for validation, as
    COCO's, is parted by its names. Raises DataError when the file is missing or broken.
    """
    groups: dict[tuple[str, str, str], list[str]] = defaultdict(list)
    for row in json_lines(folder / "words" / f"{kind}-captions.jsonl.gz"):
        if sources is None or row["source"] in sources:
            thing = str(row["id"]).rpartition("#")[0]
            groups[row["source"], row["split"], thing].append(plain(row["caption"]))
    return [
        CaptionGroup(tuple(captions), _trains(split, thing))
        for (_, split, thing), captions in sorted(groups.items())
    ]


def without(groups: Iterable[CaptionGroup], told: Iterable[str]) -> list[CaptionGroup]:
    """The groups of which no caption is among `told`, whatever its case and punctuation."""
    known = {_bare(text) for text in told}
    return [group for group in groups if known.isdisjoint(map(_bare, group.captions))]


def plain(caption: str) -> str:
    """A caption in lower case, without space before punctuation and without a last full stop."""
    text = re.sub(r"\s+([,.;:!?'])", r"\1", " ".join(caption.lower().split()))
    return text.strip(" .,;:!\"'")


def _trains(split: str, thing: str) -> bool:
    if split == "val2017":
        return zlib.crc32(thing.encode()) % HELD_SHARE != 0
    return split == "train"


def _bare(text: str) -> str:
    return " ".join(re.findall(r"[a-z0-9]+", text.lower()))
