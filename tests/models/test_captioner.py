"""The captioner: causal, cached as uncached, and able to learn a text for each embedding."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from sonolume.models.captioner import (
    CaptionerConfig,
    CaptionSteps,
    PrefixCaptioner,
    begin,
    bridge,
    caption_loss,
)
from sonolume.models.decoding import BeamSettings, beam_search
from sonolume.models.tokenizer import END, LENGTH, PAD, SPECIAL, START

TINY = CaptionerConfig(40, width=32, depth=2, heads=2, embedding=16, prefix=3, hidden=24)


def unit(count: int, width: int = 16) -> Tensor:
    return F.normalize(torch.randn(count, width), dim=-1)


@pytest.fixture(autouse=True)
def seed() -> None:
    torch.manual_seed(0)


@pytest.fixture
def model() -> PrefixCaptioner:
    return PrefixCaptioner(TINY).eval().requires_grad_(False)


def test_the_pocket_size_fits_its_file() -> None:
    with torch.device("meta"):
        pocket = PrefixCaptioner(CaptionerConfig())
    numbers = sum(p.numel() for p in pocket.parameters())
    assert 3_500_000 < numbers <= 4_500_000
    assert 2 * (numbers + pocket.shift.numel()) < 9_500_000


def test_logits_at_a_place_do_not_know_what_follows(model: PrefixCaptioner) -> None:
    embedding, kind = unit(2), torch.tensor([0, 1])
    ids = torch.randint(4, 40, (2, LENGTH))
    whole = model(embedding, kind, ids)
    assert whole.shape == (2, LENGTH, 40)
    changed = ids.clone()
    changed[:, 9:] = torch.randint(4, 40, (2, LENGTH - 9))
    torch.testing.assert_close(model(embedding, kind, changed)[:, :9], whole[:, :9])
    assert not torch.allclose(model(embedding, kind, changed)[:, 9:], whole[:, 9:])


def test_embedding_kind_and_order_all_matter(model: PrefixCaptioner) -> None:
    embedding, kind, ids = unit(1), torch.tensor([0]), torch.tensor([[START, 7, 8]])
    base = model(embedding, kind, ids)[:, -1]
    assert not torch.allclose(base, model(unit(1), kind, ids)[:, -1], atol=1e-3)
    assert not torch.allclose(base, model(embedding, kind + 1, ids)[:, -1], atol=1e-3)
    assert not torch.allclose(base, model(embedding, kind, ids[:, [0, 2, 1]])[:, -1], atol=1e-4)


def test_cached_steps_are_the_whole_at_once(model: PrefixCaptioner) -> None:
    embedding, kind = unit(3), torch.tensor([0, 1, 0])
    ids = torch.cat([begin(3, embedding.device), torch.randint(4, 40, (3, 6))], dim=1)
    steps = CaptionSteps(model, embedding, kind)
    order = torch.arange(3)
    for length in range(1, 7):
        heard = steps(ids[:, :length], order)
        expected = model(embedding, kind, ids[:, :length])[:, -1]
        expected[:, [i for i in range(len(SPECIAL)) if i != END]] = -torch.inf
        torch.testing.assert_close(heard, expected.log_softmax(-1), rtol=1e-4, atol=1e-5)
        # Rows are crossed and doubled as a beam does it; the next call goes on from these.
        order = torch.tensor([2, 0, 0])
        ids, embedding, kind = ids[order], embedding[order], kind[order]


def test_special_pieces_are_never_written(model: PrefixCaptioner) -> None:
    model.pieces.weight[[PAD, START, 3]] *= 100
    steps = CaptionSteps(model, unit(4), torch.zeros(4, dtype=torch.long))
    found = beam_search(steps, begin(4, model.shift.device), END, BeamSettings(longest=12))
    assert all(found[row].pieces for row in range(4))
    assert {piece for f in found for piece in f.pieces}.isdisjoint(range(len(SPECIAL)))


def test_bridge_takes_out_the_mean_distance(model: PrefixCaptioner) -> None:
    told = unit(50)
    shown = told - torch.linspace(-0.2, 0.2, 16)
    torch.testing.assert_close(bridge(shown, torch.linspace(-0.2, 0.2, 16)), told)
    model.shift[1] = 0.5
    there = model.bridge(unit(2), torch.tensor([1, 1]))
    torch.testing.assert_close(there.norm(dim=-1), torch.ones(2))
    kept = unit(2)
    torch.testing.assert_close(model.bridge(kept, torch.tensor([0, 0])), kept)


def test_the_loss_counts_pieces_and_the_end_but_no_padding() -> None:
    ids = torch.tensor([[START, 5, END, PAD], [START, 6, 7, END]])
    logits = torch.randn(2, 3, 40)
    logs = logits.log_softmax(-1)
    said = [logs[0, 0, 5], logs[0, 1, END], logs[1, 0, 6], logs[1, 1, 7], logs[1, 2, END]]
    torch.testing.assert_close(caption_loss(logits, ids), -torch.stack(said).mean())


def test_it_learns_a_text_for_each_embedding_in_each_manner() -> None:
    model = PrefixCaptioner(TINY)
    embedding, kind = unit(4).repeat(2, 1), torch.tensor([0] * 4 + [1] * 4)
    texts = torch.randint(4, 40, (8, 5))
    ends = torch.full((8, 1), END)
    ids = torch.cat([begin(8, embedding.device), texts, ends], dim=1)
    optimizer = torch.optim.AdamW(model.parameters(), 1e-2)
    for _ in range(60):
        loss = caption_loss(model(embedding, kind, ids[:, :-1]), ids)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    steps = CaptionSteps(model.eval(), embedding, kind)
    found = beam_search(steps, begin(8, embedding.device), END, BeamSettings(ngram=0))
    assert [f.pieces for f in found] == texts.tolist()
