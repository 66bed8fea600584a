"""Beam search over any language model that gives the log-probabilities of the next piece."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from sonolume.errors import OptionError

# (ids [N, L] so far, parents [N]) → log-probabilities [N, V] of the next piece. `parents` are the
# rows of the call before that these rows go on from: a model with a cache reorders it by them. In
# the first call they are 0, 1, 2, ...
NextPiece = Callable[[Tensor, Tensor], Tensor]


@dataclass(frozen=True)
class BeamSettings:
    """How a text is searched for.

    Wanted is, of all texts of `shortest` to `longest` pieces, the one with the highest
    log-probability, its end included, over (pieces + 1) ** `length_power` (0: short texts win; 1:
    the mean counts). `width` texts are kept open at a time. No run of `ngram` pieces comes twice
    (0: it may), and the log-probability of a piece that was said is multiplied by `repetition` ≥ 1
    (1: nothing; Keskar et al. 2019). An `eager` search of a text ends when no open one would win by
    ending at once; one that is not ends when none can win at any length, up to three times later.
    Raises OptionError for values out of range.
    """

    width: int = 4
    shortest: int = 3
    longest: int = 30
    length_power: float = 0.7
    ngram: int = 3
    repetition: float = 1.0
    eager: bool = False

    def __post_init__(self) -> None:
        for name, good, expected in (
            ("width", self.width >= 1, "1 or more"),
            ("shortest", 0 <= self.shortest <= self.longest, "0 to longest"),
            ("longest", self.longest >= 1, "1 or more"),
            ("length_power", self.length_power >= 0, "0 or more"),
            ("ngram", self.ngram >= 0, "0 or more"),
            ("repetition", self.repetition >= 1, "1 or more"),
        ):
            if not good:
                raise OptionError(f"{name} = {getattr(self, name)}: expected {expected}")


@dataclass(frozen=True)
class Found:
    """The best text: its pieces without start and end, and its score (−∞: nothing may be said)."""

    pieces: list[int]
    score: float


@torch.inference_mode()
def beam_search(
    step: NextPiece, start: Tensor, end: int, settings: BeamSettings | None = None
) -> list[Found]:
    """The best text for each row of `start` [B, S], the pieces that every text begins with.

    A text may end at any step, whatever the rank of its end; what ends takes no place in the beam.
    What a row gets does not depend on its neighbours.
    """
    s = settings or BeamSettings()
    best = _Best(len(start))
    begun = start.shape[1]
    ids, scores = start, torch.zeros(len(start), 1, device=start.device)
    parents = torch.arange(len(start), device=start.device)
    for said in range(s.longest + 1):
        heard = _constrain(step(ids, parents).float(), ids[:, begun:], end, said, s)
        totals = scores[..., None] + heard.view(*scores.shape, heard.shape[-1])
        best.offer(totals[..., end] / (said + 1) ** s.length_power, ids[:, begun:])
        totals[..., end] = -torch.inf
        reach = (said + 2 if s.eager else s.longest + 1) ** s.length_power
        if said == s.longest or best.settled(totals.amax((1, 2)) / reach):
            break
        ids, scores, parents = _go_on(ids, totals, s.width)
    return best.found()


class _Best:
    """The best finished text of each row."""

    def __init__(self, rows: int) -> None:
        self.scores = [-torch.inf] * rows
        self.closed = [False] * rows
        self.pieces: list[list[int]] = [[] for _ in range(rows)]

    def offer(self, scores: Tensor, said: Tensor) -> None:
        """Texts `said` [B·W, L] end with the scores [B, W]."""
        values, places = scores.max(1)
        for row, (value, place) in enumerate(zip(values.tolist(), places.tolist(), strict=True)):
            if value > self.scores[row] and not self.closed[row]:
                self.scores[row] = value
                self.pieces[row] = said[row * scores.shape[1] + place].tolist()

    def settled(self, reach: Tensor) -> bool:
        """Close the rows whose open texts score no more than reach [B]; whether all are closed."""
        for row, most in enumerate(reach.tolist()):
            self.closed[row] |= self.scores[row] >= most
        return all(self.closed)

    def found(self) -> list[Found]:
        return [Found(p, s) for p, s in zip(self.pieces, self.scores, strict=True)]


def _go_on(ids: Tensor, totals: Tensor, width: int) -> tuple[Tensor, Tensor, Tensor]:
    """The `width` best continuations of each row: ids, scores [B, W], rows they come from."""
    rows, open_texts, vocabulary = totals.shape
    scores, places = totals.flatten(1).topk(min(width, open_texts * vocabulary), dim=1)
    first = torch.arange(rows, device=ids.device)[:, None] * open_texts
    parents = (first + places // vocabulary).flatten()
    pieces = (places % vocabulary).view(-1, 1)
    return torch.cat([ids[parents], pieces], dim=1), scores, parents


def _constrain(heard: Tensor, said: Tensor, end: int, count: int, s: BeamSettings) -> Tensor:
    """Log-probabilities [N, V] under the rules on length and repetition."""
    heard = heard.clone()  # a model may answer with its own table
    if s.repetition > 1 and count:
        heard.scatter_(1, said, heard.gather(1, said) * s.repetition)
    if count < s.shortest:
        heard[:, end] = -torch.inf
    if 0 < s.ngram <= count:
        runs = said.unfold(1, s.ngram, 1)
        tail = said[:, count - s.ngram + 1 :]
        again = (runs[..., :-1] == tail[:, None]).all(-1).nonzero(as_tuple=True)
        heard[again[0], runs[again][:, -1]] = -torch.inf
    return heard
