"""Phrases: the shipped page, other pages, and what a score is."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
import torch

from sonolume.data.concepts import concepts, phrases
from sonolume.errors import DataError
from sonolume.evaluation.phrases import phrase_scores, read_phrases, unknown_to_the_book


def test_the_shipped_page_covers_every_concept() -> None:
    rows = read_phrases()
    assert len(rows) == len(set(rows)) == 300
    assert set(Counter(slug for slug, _ in rows)) == {concept.slug for concept in concepts()}


def test_lines_of_the_phrasebook_are_known() -> None:
    line = phrases("dog")[3]
    rows = [("dog", line.upper()), ("dog", f"{line}, says a stranger"), ("cat", "Cat")]
    assert unknown_to_the_book(rows) == rows[1:2]


def test_a_page_is_read_in_order(tmp_path) -> None:
    page = tmp_path / "own.tsv"
    page.write_text("dog\tmy pet\n\ncat\t what purrs \n", encoding="utf-8")
    assert read_phrases(page) == [("dog", "my pet"), ("cat", "what purrs")]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"dog\tbarks\ndog barks\n", "own.tsv:2: expected concept TAB phrase, found 'dog barks'"),
        (b"dog\t \n", "own.tsv:1: expected concept TAB phrase"),
        (b"dragon\troars\n", "own.tsv:1: unknown concept 'dragon'"),
        (b"\n\n", "no phrases; expected lines of concept TAB phrase"),
        (b"dog\t\xff\xfe\n", "not readable as UTF-8"),
    ],
)
def test_a_malformed_page_is_refused(tmp_path, content, message) -> None:
    page = tmp_path / "own.tsv"
    page.write_bytes(content)
    with pytest.raises(DataError, match=message):
        read_phrases(page)


def test_a_missing_page_is_refused(tmp_path) -> None:
    with pytest.raises(DataError, match="absent.tsv: not readable"):
        read_phrases(tmp_path / "absent.tsv")


def test_a_score_is_the_mean_of_the_three_largest_cosines() -> None:
    def embed(texts: list[str]) -> torch.Tensor:
        rows = [np.random.default_rng(list(text.encode())).normal(size=512) for text in texts]
        return torch.nn.functional.normalize(torch.from_numpy(np.array(rows)).float(), dim=1)

    scores = phrase_scores(embed, ["a bark", "a purr"])
    assert scores.shape == (2, len(concepts()))
    for column, concept in enumerate(concepts()[:5]):
        lines = [concept.name, *phrases(concept.slug)]
        cosines = sorted(float(embed(["a purr"])[0] @ embed([line])[0]) for line in lines)
        assert scores[1, column] == pytest.approx(np.mean(cosines[-3:]), abs=1e-5)
