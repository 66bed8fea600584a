"""Texts that teach the word tower: captions, glosses, phrases, and what means the same."""

import gzip
import json
from collections import defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sonolume.data.concepts import concepts, phrases
from sonolume.errors import DataError


@dataclass(frozen=True)
class Corpus:
    """Text for the word tower.

    `texts` are all sentences and terms; `alike` are groups of texts that say the same (captions of
    one sound or picture; a word, its gloss and its kind); `phrasebook` maps a slug to its phrases.
    """

    texts: tuple[str, ...]
    alike: tuple[tuple[str, ...], ...]
    phrasebook: dict[str, tuple[str, ...]]


def read_corpus(folder: Path, sources: Collection[str] | None = None) -> Corpus:
    """Read `folder/words`; of captions those from `sources`, or all.

    Raises DataError when a file is missing or broken.
    """
    words = folder / "words"
    captions = [
        *_captions(words / "sound-captions.jsonl.gz", sources),
        *_captions(words / "picture-captions.jsonl.gz", sources),
    ]
    glosses = list(_glosses(words / "wordnet.jsonl.gz"))
    book = {c.slug: (c.name, *phrases(c.slug)) for c in concepts()}
    lists = [line for page in sorted((words / "lists").glob("*.txt")) for line in _lines(page)]
    alike = [group for group in captions if len(group) > 1] + glosses
    texts = {
        text for group in [*captions, *glosses, *book.values(), tuple(lists)] for text in group
    }
    return Corpus(tuple(sorted(texts)), tuple(alike), book)


def _captions(page: Path, sources: Collection[str] | None) -> list[tuple[str, ...]]:
    """Captions grouped by the sound or picture that they describe."""
    groups: dict[str, list[str]] = defaultdict(list)
    for row in json_lines(page):
        if sources is not None and row["source"] not in sources:
            continue
        groups[f"{row['source']} {row['id'].rpartition('#')[0]}"].append(row["caption"].strip())
    return [tuple(group) for _, group in sorted(groups.items())]


def _glosses(page: Path) -> Iterator[tuple[str, ...]]:
    """Common nouns and verbs: their words, gloss (without examples) and kind."""
    for row in json_lines(page):
        if row["pos"] in "nv" and row["words"][0][0].islower():
            gloss = row["gloss"].split('; "')[0].strip()
            yield (*row["words"][:3], gloss, *row["kind_of"][:1])


def json_lines(page: Path) -> Iterator[dict[str, Any]]:
    """The rows of a gzipped file of JSON lines. Raises DataError when it cannot be read."""
    try:
        with gzip.open(page, "rt", encoding="utf-8") as lines:
            for line in lines:
                yield json.loads(line)
    except (OSError, EOFError, ValueError) as error:
        raise DataError(f"{page}: unreadable ({error}); expected JSON lines, gzipped") from error


def _lines(page: Path) -> list[str]:
    return [line.strip() for line in page.read_text("utf-8").splitlines() if line.strip()]
