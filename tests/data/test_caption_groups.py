"""Captions by what they describe."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from sonolume.data.caption_groups import CaptionGroup, plain, read_caption_groups, without
from sonolume.errors import DataError


def write(folder: Path, rows: list[tuple[str, str, str, str]]) -> Path:
    (folder / "words").mkdir()
    with gzip.open(folder / "words" / "sound-captions.jsonl.gz", "wt", encoding="utf-8") as page:
        for source, name, caption, split in rows:
            row = {"source": source, "id": name, "caption": caption, "split": split}
            page.write(json.dumps(row) + "\n")
    return folder


def test_groups_splits_and_sources(tmp_path: Path) -> None:
    rows = [
        ("clotho", "a.b#0", "A dog barks .", "train"),
        ("clotho", "a.b#1", "Dog", "train"),
        ("clotho", "c#0", "Rain", "test"),
        ("audiocaps", "a.b#0", "Wind", "val"),
        *(("coco", f"{n}#0", f"thing {n}", "val2017") for n in range(400)),
    ]
    groups = read_caption_groups(write(tmp_path, rows), "sound")
    assert CaptionGroup(("a dog barks", "dog"), True) in groups
    assert CaptionGroup(("rain",), False) in groups
    assert CaptionGroup(("wind",), False) in groups
    coco = [g.train for g in groups if g.captions[0].startswith("thing")]
    assert 5 <= len(coco) - sum(coco) <= 40
    assert {g.captions for g in read_caption_groups(tmp_path, "sound", {"audiocaps"})} == {
        ("wind",)
    }


def test_groups_with_a_known_caption_go_as_a_whole() -> None:
    groups = [CaptionGroup(("a dog runs", "a brown dog"), True), CaptionGroup(("a cat",), True)]
    assert without(groups, ["A brown, DOG ."]) == groups[1:]
    assert without(groups, []) == groups


@pytest.mark.parametrize(
    ("caption", "expected"),
    [
        ("A man 's  dog , asleep .", "a man's dog, asleep"),
        ("Rain...", "rain"),
        ('"Hello"', "hello"),
        ("", ""),
    ],
)
def test_plain(caption: str, expected: str) -> None:
    assert plain(caption) == expected


def test_a_broken_file(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"sound-captions.jsonl.gz: unreadable"):
        read_caption_groups(tmp_path, "sound")
