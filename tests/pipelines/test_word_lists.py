"""Word lists: shipped ones, and what people give as their own."""

from __future__ import annotations

from pathlib import Path

import pytest

from sonolume.data.concepts import concepts
from sonolume.errors import OptionError
from sonolume.pipelines.describe.word_lists import WordList, read_list, shipped, shipped_list


def test_the_shipped_lists() -> None:
    assert set(shipped()) >= {
        "actions", "audioset", "colours", "concepts", "genres", "instruments", "materials",
        "moods", "places", "weather",
    }  # fmt: skip
    for name in shipped():
        words = shipped_list(name)
        assert len(words.terms) >= 40
        assert all(len(term) > 1 for term in words.terms)  # nobody cut a term into letters
    assert "Church bell" in shipped_list("audioset").terms
    assert "rainforest" in shipped_list("places").terms


def test_the_list_of_concepts_is_that_of_the_data() -> None:
    words = shipped_list("concepts")
    assert words.terms == tuple(concept.slug for concept in concepts())
    assert words.phrases == tuple(concept.name for concept in concepts())


def test_a_list_of_ones_own(tmp_path: Path) -> None:
    page = tmp_path / "own.txt"
    text = "\ufefftram\n\n  night   bus \nmouse = a computer mouse\ntram\n海\n"
    page.write_text(text, "utf-8")
    words = read_list(page)
    assert words.terms == ("tram", "night bus", "mouse", "海")
    assert words.phrases == ("tram", "night bus", "a computer mouse", "海")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, r"own\.txt: no such file of words"),
        (b"", r"own\.txt: no term in it; write one a line"),
        (b" \n\t\n", "no term in it"),
        (b"\xff\xfe\x00r\x00a", "unreadable words .* expected UTF-8 text"),
        (b"rain\x00\x01\x02", "no text but binary data"),
        (b"rain\n" + b"x" * 300 + b"\n", r"own\.txt:2: 300 characters; a term has at most 200"),
        (b"\n".join(b"term %d" % n for n in range(20_001)), "20001 terms; at most 20000"),
        (b"rain\n" * 900_000, "more than 4 MB"),
    ],
)
def test_refusals(tmp_path: Path, content: bytes | None, message: str) -> None:
    page = tmp_path / "own.txt"
    if content is not None:
        page.write_bytes(content)
    with pytest.raises(OptionError, match=message) as told:
        read_list(page)
    assert "\n" not in str(told.value)


def test_a_folder_is_no_list(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="no such file of words"):
        read_list(tmp_path)


def test_an_unknown_name_is_refused_with_the_known_ones() -> None:
    with pytest.raises(OptionError, match="unknown word list '../words'; known: actions, audioset"):
        shipped_list("../words")


def test_one_text_is_no_sequence_of_terms() -> None:
    with pytest.raises(OptionError, match="expected a sequence of terms, not one text"):
        WordList.of("own", "rain")  # type: ignore[arg-type]
    with pytest.raises(OptionError, match="each term once"):
        WordList.of("own", ("rain", "rain"))
