"""Which concept an everyday phrase means."""

from collections.abc import Callable
from importlib.resources import files
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from sonolume.data.concepts import concept, concepts, phrases
from sonolume.errors import DataError

NEAREST = 3


def read_phrases(page: Path | None = None) -> list[tuple[str, str]]:
    """(concept, phrase) of each line `concept TAB phrase`; without a page, the 300 shipped ones.

    Empty lines are skipped. Raises DataError for a missing page, a malformed line or an unknown
    concept, with its line number.
    """
    source = files("sonolume.evaluation").joinpath("paraphrases.tsv") if page is None else page
    try:
        lines = source.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{page}: not readable as UTF-8 text ({error})") from error
    rows = [_row(line, f"{source.name}:{n}") for n, line in enumerate(lines, 1) if line.strip()]
    if not rows:
        raise DataError(f"{page}: no phrases; expected lines of concept TAB phrase")
    return rows


def unknown_to_the_book(rows: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """The rows whose phrase is no line of the phrasebook: encoders are trained on those lines."""
    book = {line.casefold() for c in concepts() for line in (c.name, *phrases(c.slug))}
    return [row for row in rows if row[1].casefold() not in book]


def phrase_scores(embed: Callable[[list[str]], Tensor], texts: list[str]) -> NDArray[np.float32]:
    """Scores [N, concepts] of phrases, columns as in `concepts()`.

    `embed` maps phrases to unit vectors [B, 512]. The score of a concept is the mean of the three
    largest cosines between the phrase and the concept's name and phrasebook lines.
    """
    queries = embed(texts)
    columns = []
    for item in concepts():
        book = embed([item.name, *phrases(item.slug)])
        cosines = queries @ book.T
        columns.append(cosines.topk(min(NEAREST, len(book)), dim=1).values.mean(1).numpy())
    return np.stack(columns, axis=1)


def _row(line: str, place: str) -> tuple[str, str]:
    slug, tab, phrase = line.partition("\t")
    if not tab or not phrase.strip():
        raise DataError(f"{place}: expected concept TAB phrase, found {line[:60]!r}")
    try:
        return concept(slug.strip()).slug, phrase.strip()
    except DataError as error:
        raise DataError(f"{place}: {error}") from error
