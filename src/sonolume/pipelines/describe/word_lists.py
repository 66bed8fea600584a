"""Lists of terms that a sound or a picture is compared with."""

import unicodedata
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Final

from sonolume.errors import OptionError
from sonolume.pipelines.words import clean_words

CONCEPTS: Final = "concepts"
LONGEST_TERM: Final = 200  # characters
MOST_TERMS: Final = 20_000
MOST_BYTES: Final = 4_000_000


@dataclass(frozen=True)
class WordList:
    """Terms that are shown, and for each the phrase that is encoded in its place.

    Raises OptionError unless there are as many phrases as terms, all different, at least one.
    """

    name: str
    terms: tuple[str, ...]
    phrases: tuple[str, ...]

    def __post_init__(self) -> None:
        if any(map(_is_text, (self.terms, self.phrases))):
            raise OptionError(f"word list {self.name}: expected a sequence of terms, not one text")
        if not self.terms:
            raise OptionError(f"word list {self.name}: no term in it; write one a line")
        if len(self.terms) != len(self.phrases) or len(set(self.terms)) < len(self.terms):
            raise OptionError(f"word list {self.name}: each term once, with one phrase")

    @classmethod
    def of(cls, name: str, terms: tuple[str, ...]) -> "WordList":
        """A list whose terms are encoded as they are."""
        return cls(name, terms, terms)


def _is_text(terms: object) -> bool:
    """A string would pass for a sequence of terms, and be encoded letter by letter."""
    return isinstance(terms, str)


def shipped() -> tuple[str, ...]:
    """Names of the lists inside the package, sorted."""
    pages = files("sonolume.pipelines.describe").joinpath("keyword_lists").iterdir()
    return tuple(sorted(p.name.removesuffix(".txt") for p in pages if p.name.endswith(".txt")))


@cache
def shipped_list(name: str) -> WordList:
    """The list of that name inside the package. Raises OptionError when there is none."""
    if name not in shipped():
        raise OptionError(f"unknown word list {name!r}; known: {', '.join(shipped())}")
    page = files("sonolume.pipelines.describe").joinpath("keyword_lists", f"{name}.txt")
    return parse(name, page.read_text("utf-8"))


def read_list(page: Path) -> WordList:
    """A list of one's own: UTF-8 text, one term a line, `term = phrase` where they differ.

    Empty lines and repetitions are skipped. Raises OptionError for a file that cannot be read, is
    no text, too large or empty, or has a term that is too long.
    """
    try:
        if not page.is_file():
            raise OptionError(f"{page}: no such file of words; give a text file, one term a line")
        if page.stat().st_size > MOST_BYTES:
            raise OptionError(f"{page}: more than {MOST_BYTES // 10**6} MB; shorten the list")
        text = page.read_bytes().decode("utf-8-sig")
    except (OSError, ValueError) as error:
        raise OptionError(f"{page}: unreadable words ({error}); expected UTF-8 text") from error
    if any(unicodedata.category(c) == "Cc" and not c.isspace() for c in text):
        raise OptionError(f"{page}: no text but binary data; expected one term a line")
    return parse(str(page), text)


def parse(name: str, text: str) -> WordList:
    """The list that a text holds, see `read_list`."""
    rows: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), 1):
        term, _, phrase = line.partition(" = ")
        term = clean_words(term)
        if len(line) > LONGEST_TERM:
            raise OptionError(
                f"{name}:{number}: {len(line)} characters; a term has at most {LONGEST_TERM}"
            )
        if term:
            rows.setdefault(term, clean_words(phrase) or term)
    if len(rows) > MOST_TERMS:
        raise OptionError(f"{name}: {len(rows)} terms; at most {MOST_TERMS} fit a list")
    return WordList(name, tuple(rows), tuple(rows.values()))
