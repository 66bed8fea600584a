"""Opposed style words, the cues they are tied to, and their places in a joint space."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sonolume.errors import ModelError

__all__ = ["EmbedWords", "StyleSpace", "StyleTable", "WordPair", "embed_style_words", "style_table"]

EmbedWords = Callable[[list[str]], ArrayLike]
"""Phrases [N] to unit embeddings [N, D]."""


@dataclass(frozen=True)
class WordPair:
    """Two opposed words.

    Attributes:
        low, high: the words.
        cues: how far a move from low to high takes each cue up, -1..1; others stay.
    """

    low: str
    high: str
    cues: Mapping[str, float]

    @property
    def name(self) -> str:
        """As explanations call it: "dark/bright"."""
        return f"{self.low}/{self.high}"


@dataclass(frozen=True)
class StyleTable:
    """Pairs [K] and the phrases that each word is put into, with {} for the word."""

    pairs: tuple[WordPair, ...]
    templates: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class StyleSpace:
    """A table's words in a joint space.

    Attributes:
        pairs: the pairs [K].
        words: unit vectors [2, K, D]: low words, then high ones, with what all words share removed.
    """

    pairs: tuple[WordPair, ...]
    words: NDArray[np.float64]


@cache
def style_table() -> StyleTable:
    """The package's table."""
    text = files("sonolume.correspondence").joinpath("style_words.toml").read_text("utf-8")
    table = tomllib.loads(text)
    pairs = tuple(WordPair(row["low"], row["high"], row["cues"]) for row in table["pair"])
    return StyleTable(pairs, tuple(table["templates"]["all"]))


def embed_style_words(embed_words: EmbedWords, table: StyleTable | None = None) -> StyleSpace:
    """Embed every word in every template and average (Radford et al. 2021, "CLIP", section 3.1.4).

    The mean over all words is taken off: it holds what templates and language share, which says
    nothing about a change.

    Raises:
        ModelError: the encoder gives another number of vectors, or numbers that are not finite.
    """
    table = table or style_table()
    words = [pair.low for pair in table.pairs] + [pair.high for pair in table.pairs]
    phrases = [template.format(word) for word in words for template in table.templates]
    vectors = np.asarray(embed_words(phrases), dtype=np.float64)
    if vectors.ndim != 2 or len(vectors) != len(phrases) or not np.isfinite(vectors).all():
        raise ModelError(
            f"a word encoder gave values of shape {vectors.shape} for {len(phrases)} phrases; "
            "expected finite vectors [phrases, D]"
        )
    means = _unit(_unit(vectors).reshape(len(words), len(table.templates), -1).mean(axis=1))
    centred = _unit(means - means.mean(axis=0))
    return StyleSpace(table.pairs, centred.reshape(2, len(table.pairs), -1))


def _unit(vectors: NDArray[np.float64]) -> NDArray[np.float64]:
    norms = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return np.asarray(vectors / np.maximum(norms, 1e-12))
