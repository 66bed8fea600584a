"""Keywords against closed forms, in a space of three axes."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from sonolume.errors import OptionError
from sonolume.pipelines.describe.keywords import TEMPLATES, Keyword, Keywords, choose, ensemble
from sonolume.pipelines.describe.word_lists import WordList

AXES = {"rain": (1.0, 0.0, 0.0), "fire": (0.0, 1.0, 0.0), "dog": (0.0, 0.0, 1.0)}
WORDS = WordList.of("own", ("rain", "fire", "dog"))


class Axes:
    """A term is an axis; remembers what it was asked for."""

    def __init__(self) -> None:
        self.asked: list[WordList] = []

    def terms(self, kind: str, words: WordList) -> Tensor:
        self.asked.append(words)
        return torch.tensor([AXES[term] for term in words.terms])

    def temperature(self, kind: str) -> float:
        return {"sound": 0.5, "picture": 0.1}[kind]


def test_a_list_is_encoded_term_by_term() -> None:
    """A list that is handed over as one text would be encoded letter by letter."""
    asked: list[str] = []

    def embed(texts: list[str]) -> Tensor:
        asked.extend(texts)
        return torch.nn.functional.normalize(torch.rand(len(texts), 3), dim=-1)

    found = ensemble(embed, WORDS.phrases, TEMPLATES["sound"])
    assert found.shape == (3, 3)
    assert asked == [t.format(w) for w in ("rain", "fire", "dog") for t in TEMPLATES["sound"]]
    with pytest.raises(OptionError, match="cut up"):
        ensemble(embed, "rain", TEMPLATES["sound"])


def test_an_ensemble_is_the_normalised_mean_of_its_prompts() -> None:
    places = {
        "rain": (1.0, 0.0),
        "the rain": (0.0, 1.0),
        "fire": (1.0, 0.0),
        "the fire": (1.0, 0.0),
    }
    found = ensemble(
        lambda texts: torch.tensor([places[t] for t in texts]), ("rain", "fire"), ("{}", "the {}")
    )
    half = math.sqrt(0.5)
    torch.testing.assert_close(found, torch.tensor([[half, half], [1.0, 0.0]]))


def test_braces_in_a_term_are_letters() -> None:
    asked: list[str] = []
    ensemble(lambda t: asked.extend(t) or torch.ones(len(t), 1), ("{x} {0}",), ("a {}",))
    assert asked == ["a {x} {0}"]


def test_probabilities_are_the_softmax_at_the_temperature_of_the_kind() -> None:
    keywords = Keywords(Axes())
    rain = torch.tensor([[1.0, 0.0, 0.0]])
    for kind, temperature in (("sound", 0.5), ("picture", 0.1)):
        found = keywords.probabilities(rain, kind, WORDS)[0]
        e = math.exp(1 / temperature)
        torch.testing.assert_close(found, torch.tensor([e, 1.0, 1.0]) / (e + 2))


def test_a_list_is_encoded_once_for_each_kind() -> None:
    axes = Axes()
    keywords = Keywords(axes)
    for _ in range(3):
        keywords.probabilities(torch.eye(3), "sound", WORDS)
        keywords.probabilities(torch.eye(3), "picture", WORDS)
    assert axes.asked == [WORDS, WORDS]


def test_the_top_of_each_list_above_the_threshold() -> None:
    other = WordList.of("other", ("fire", "sea"))
    lists = [(WORDS, torch.tensor([0.5, 0.3, 0.2])), (other, torch.tensor([0.9, 0.1]))]
    assert [(k.term, round(k.probability, 3)) for k in choose(lists, 2, 0.25)] == [
        ("rain", 0.5), ("fire", 0.9)
    ]  # fmt: skip
    assert choose(lists, 1, 0.0) == (Keyword("rain", 0.5), Keyword("fire", pytest.approx(0.9)))
    assert choose(lists, 5, 0.95) == ()
    assert len(choose(lists, 100, 0.0)) == 4
