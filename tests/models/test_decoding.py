"""Beam search, against trying every text of small language models."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator

import pytest
import torch
from torch import Tensor

from sonolume.errors import OptionError
from sonolume.models.decoding import BeamSettings, beam_search

PIECES, START, END = 5, 0, 1
EVERYTHING = 5**4


class Table:
    """A language model by a table: the next piece depends on the last two alone."""

    def __init__(self, seed: int, rows: int = 1) -> None:
        generator = torch.Generator().manual_seed(seed)
        self.logs = (
            2 * torch.randn(rows, PIECES, PIECES, PIECES, generator=generator)
        ).log_softmax(-1)
        self.rows = torch.arange(rows)
        self.calls = 0

    def __call__(self, ids: Tensor, parents: Tensor) -> Tensor:
        # A cache would be reordered by `parents`; here it is the row's own table.
        self.rows = self.rows[parents]
        self.calls += 1
        before = ids[:, -2] if ids.shape[1] > 1 else torch.full((len(ids),), START)
        return self.logs[self.rows, before, ids[:, -1]]

    def score(self, row: int, said: tuple[int, ...]) -> float:
        total, before, last = 0.0, START, START
        for piece in (*said, END):
            total += float(self.logs[row, before, last, piece])
            before, last = last, piece
        return total


def begin(rows: int = 1) -> Tensor:
    return torch.full((rows, 1), START)


def texts(shortest: int, longest: int) -> Iterator[tuple[int, ...]]:
    others = [piece for piece in range(PIECES) if piece != END]
    for length in range(shortest, longest + 1):
        yield from itertools.product(others, repeat=length)


@pytest.mark.parametrize("power", [0.0, 0.7, 1.0])
@pytest.mark.parametrize(("shortest", "longest"), [(0, 3), (2, 4), (4, 4)])
@pytest.mark.parametrize("seed", range(2))
def test_a_beam_that_holds_all_texts_finds_the_best(
    seed: int, shortest: int, longest: int, power: float
) -> None:
    model = Table(seed, rows=2)
    settings = BeamSettings(EVERYTHING, shortest, longest, power, ngram=0)
    found = beam_search(model, begin(2), END, settings)
    for row in range(2):
        scored = {s: model.score(row, s) / (len(s) + 1) ** power for s in texts(shortest, longest)}
        best = max(scored, key=scored.__getitem__)
        assert tuple(found[row].pieces) == best
        assert found[row].score == pytest.approx(scored[best], rel=1e-5)


@pytest.mark.parametrize("ngram", [1, 2, 3])
def test_no_run_of_pieces_comes_twice(ngram: int) -> None:
    def clean(said: tuple[int, ...]) -> bool:
        runs = [said[i : i + ngram] for i in range(len(said) - ngram + 1)]
        return len(set(runs)) == len(runs)

    for seed in range(4):
        model = Table(seed)
        found = beam_search(model, begin(), END, BeamSettings(EVERYTHING, 3, 4, 0.0, ngram))
        scored = {s: model.score(0, s) for s in texts(3, 4) if clean(s)}
        assert tuple(found[0].pieces) == max(scored, key=scored.__getitem__)


def test_what_was_said_costs_more() -> None:
    """One piece is said with 0.6, another with 0.3; said again, the first has 0.6² = 0.36."""
    logs = torch.tensor([0.0, 0.04, 0.6, 0.3, 0.06]).log()
    once = beam_search(
        lambda ids, _: logs.expand(len(ids), -1), begin(), END, BeamSettings(EVERYTHING, 2, 2, 0, 0)
    )
    assert once[0].pieces == [2, 2]
    twice = BeamSettings(EVERYTHING, 2, 2, 0.0, ngram=0, repetition=2.5)
    penalised = beam_search(lambda ids, _: logs.expand(len(ids), -1), begin(), END, twice)
    assert sorted(penalised[0].pieces) == [2, 3]
    assert penalised[0].score == pytest.approx(math.log(0.6 * 0.3 * 0.04))


@pytest.mark.parametrize("eager", [False, True])
@pytest.mark.parametrize("seed", range(6))
def test_a_row_does_not_depend_on_its_neighbours(seed: int, eager: bool) -> None:
    settings = BeamSettings(3, 1, 9, 1.0, eager=eager)
    together = beam_search(Table(seed, rows=3), begin(3), END, settings)
    for row in range(3):
        alone = Table(seed, rows=3)
        alone.logs = alone.logs[row : row + 1]
        alone.rows = torch.arange(1)
        single = beam_search(alone, begin(), END, settings)[0]
        assert single.pieces == together[row].pieces
        assert single.score == pytest.approx(together[row].score)


def test_a_wider_beam_finds_what_greed_misses() -> None:
    """First 0.6 : 0.4; what follows the first is spread evenly, what follows the second is sure."""
    table = torch.full((PIECES, PIECES), 1e-9)
    table[START, 2], table[START, 3] = 0.6, 0.4
    table[2] = 0.2
    table[3, 4], table[4, END] = 1.0, 1.0
    logs = table.log()

    def step(ids: Tensor, _: Tensor) -> Tensor:
        return logs[ids[:, -1]]

    greedy = beam_search(step, begin(), END, BeamSettings(1, 2, 2, 0.0))[0]
    wide = beam_search(step, begin(), END, BeamSettings(2, 2, 2, 0.0))[0]
    assert greedy.pieces[0] == 2
    assert wide.pieces == [3, 4]
    assert wide.score > greedy.score


def test_the_search_ends_when_nothing_can_overtake() -> None:
    logs = torch.tensor([0.0, 0.97, 0.01, 0.01, 0.01]).log()
    calls: list[int] = []

    def step(ids: Tensor, _: Tensor) -> Tensor:
        calls.append(ids.shape[1])
        return logs.expand(len(ids), -1)

    found = beam_search(step, begin(), END, BeamSettings(4, 0, 50, 0.0))[0]
    assert found.pieces == []
    assert len(calls) == 1


def test_an_eager_search_ends_sooner_and_no_better() -> None:
    for seed in range(6):
        eager, patient = Table(seed), Table(seed)
        soon = beam_search(eager, begin(), END, BeamSettings(4, 1, 20, 0.7, eager=True))[0]
        late = beam_search(patient, begin(), END, BeamSettings(4, 1, 20, 0.7))[0]
        assert eager.calls < patient.calls
        assert soon.score <= late.score
        assert soon.score == pytest.approx(
            Table(seed).score(0, tuple(soon.pieces)) / (len(soon.pieces) + 1) ** 0.7
        )


def test_a_model_that_may_say_nothing_gives_an_empty_text() -> None:
    silent = torch.full((PIECES,), -torch.inf)
    found = beam_search(
        lambda ids, _: silent.expand(len(ids), -1), begin(2), END, BeamSettings(2, 1, 3)
    )
    assert [(f.pieces, f.score) for f in found] == [([], -torch.inf)] * 2


def test_no_rows_give_no_texts() -> None:
    assert beam_search(Table(0), begin(0), END, BeamSettings(2, 1, 3)) == []


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"width": 0}, "width = 0: expected 1 or more"),
        ({"shortest": 31}, "shortest = 31: expected 0 to longest"),
        ({"longest": 0, "shortest": 0}, "longest = 0: expected 1 or more"),
        ({"length_power": -1.0}, "length_power = -1.0: expected 0 or more"),
        ({"ngram": -1}, "ngram = -1: expected 0 or more"),
        ({"repetition": 0.5}, "repetition = 0.5: expected 1 or more"),
    ],
)
def test_settings_out_of_range(change: dict[str, float], message: str) -> None:
    with pytest.raises(OptionError, match=message):
        BeamSettings(**change)  # type: ignore[arg-type]
