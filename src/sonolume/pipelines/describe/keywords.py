"""Keywords: which terms of a list fit an embedding, and how surely.

Zero-shot classification in a joint space (Radford et al. 2021): every term is put into several
templates, the unit embeddings of these prompts are averaged, and a softmax over the cosines, at a
temperature fitted per kind of media, gives the probabilities.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Literal, Protocol

import torch
import torch.nn.functional as F
from torch import Tensor

from sonolume.errors import OptionError
from sonolume.pipelines.describe.word_lists import WordList

Kind = Literal["sound", "picture"]

TEMPLATES: Final[dict[Kind, tuple[str, ...]]] = {
    "sound": ("{}", "a {}", "the {}", "there is {}", "the sound of {}"),
    "picture": ("{}", "a {}", "the {}", "there is {}", "a photo of {}"),
}
AT_ONCE: Final = 128  # prompts


@dataclass(frozen=True)
class Keyword:
    """A term and its probability among the terms of its list, 0..1."""

    term: str
    probability: float


class TermScorer(Protocol):
    """What can say how well terms fit."""

    def terms(self, kind: Kind, words: WordList) -> Tensor:
        """Unit embeddings [N, D] of the terms of a list, as one kind of media is compared."""
        ...

    def temperature(self, kind: Kind) -> float:
        """Of the softmax over cosines."""
        ...


class Keywords:
    """Probabilities of the terms of lists; the embeddings of a list's terms are made once."""

    def __init__(self, scorer: TermScorer) -> None:
        self.scorer = scorer
        self._known: dict[tuple[Kind, WordList], Tensor] = {}

    def probabilities(self, embeddings: Tensor, kind: Kind, words: WordList) -> Tensor:
        """[B, N] for unit embeddings [B, D]; every row sums to one."""
        key = (kind, words)
        if key not in self._known:
            self._known[key] = self.scorer.terms(kind, words)
        terms = self._known[key].to(embeddings)
        return (embeddings @ terms.T / self.scorer.temperature(kind)).softmax(dim=-1)


def ensemble(
    embed: Callable[[list[str]], Tensor], phrases: Sequence[str], templates: Sequence[str]
) -> Tensor:
    """Unit embeddings [N, D]: the mean over the templates that each phrase is put into.

    `embed` maps B prompts to unit vectors [B, D]. Raises OptionError for one string in the place of
    a sequence: it would be encoded letter by letter.
    """
    if isinstance(phrases, str) or isinstance(templates, str):
        raise OptionError("phrases and templates come as sequences, one text would be cut up")
    prompts = [template.replace("{}", phrase) for phrase in phrases for template in templates]
    parts = [embed(prompts[at : at + AT_ONCE]) for at in range(0, len(prompts), AT_ONCE)]
    grouped = torch.cat(parts).view(len(phrases), len(templates), -1)
    return F.normalize(grouped.mean(1), dim=-1)


def choose(
    lists: Sequence[tuple[WordList, Tensor]], top: int, threshold: float
) -> tuple[Keyword, ...]:
    """The `top` likeliest terms of each list that reach `threshold`, list by list.

    Each list comes with the probabilities [N] of its terms. A term of several lists stands once,
    where it is likeliest.
    """
    found: dict[str, Keyword] = {}
    for words, chances in lists:
        values, places = chances.topk(min(top, len(words.terms)))
        for value, place in zip(values.tolist(), places.tolist(), strict=True):
            term = words.terms[place]
            if value < threshold or (term in found and found[term].probability >= value):
                continue
            found[term] = Keyword(term, value)
    return tuple(found.values())
