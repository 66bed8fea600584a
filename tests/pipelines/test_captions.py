"""Captions: sentences from embeddings."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import pytest
import torch
import torch.nn.functional as F

from sonolume.errors import ModelError
from sonolume.hub import weights
from sonolume.models.captioner import CaptionerConfig, PrefixCaptioner
from sonolume.pipelines.describe.captions import AT_ONCE, load_captioner, sentence


@pytest.fixture(scope="module")
def captioner(tiny_pocket: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with random weights for the words of `tiny_pocket`."""
    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("captioner")
    config = CaptionerConfig(400, width=32, depth=1, heads=2, prefix=2, hidden=16)
    network = PrefixCaptioner(config)
    network.shift.normal_(std=0.1)
    torch.nn.init.normal_(network.pieces.weight, std=0.5)
    weights.save("captioner", network.state_dict(), {"config": asdict(config)}, folder)
    return folder


def unit(count: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(count)
    return F.normalize(torch.randn(count, 512, generator=generator), dim=-1)


def test_one_sentence_for_each_whatever_stands_beside_it(
    captioner: Path, tiny_pocket: Path
) -> None:
    writer = load_captioner(captioner, words=tiny_pocket)
    embeddings = unit(AT_ONCE + 3)
    said = writer.captions(embeddings, "sound")
    assert len(said) == AT_ONCE + 3
    assert all(text == sentence(text) for text in said)
    assert len(set(said)) > 1
    for row in (0, AT_ONCE, AT_ONCE + 2):
        assert writer.captions(embeddings[row : row + 1], "sound") == [said[row]]
    assert writer.captions(embeddings, "picture") != said
    assert writer.captions(embeddings[:0], "picture") == []


def test_weights_that_do_not_belong_together(
    captioner: Path, tiny_pocket: Path, tmp_path: Path
) -> None:
    with pytest.raises(ModelError, match="no weights named 'captioner'"):
        load_captioner(tiny_pocket)
    with pytest.raises(ModelError, match="no weights named 'joint-words'"):
        load_captioner(captioner)
    tensors, metadata = weights.load("captioner", captioner)
    other = {**metadata["config"], "vocabulary": 100}
    table = tensors["pieces.weight"][:100]
    weights.save("captioner", {**tensors, "pieces.weight": table}, {"config": other}, tmp_path)
    with pytest.raises(ModelError, match="writes 100 pieces, the tokenizer"):
        load_captioner(tmp_path, words=tiny_pocket)
    weights.save("captioner", tensors, {"config": other}, tmp_path)
    with pytest.raises(ModelError, match="another network"):
        load_captioner(tmp_path, words=tiny_pocket)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a dog barks", "A dog barks."),
        ("  a dog  barks , loudly .", "A dog barks, loudly."),
        ("is it raining ?", "Is it raining?"),
        ("birds sing,", "Birds sing."),
        ("élan", "Élan."),
        ("", ""),
        (" , ", ""),
    ],
)
def test_sentences(text: str, expected: str) -> None:
    assert sentence(text) == expected
    assert sentence(expected) == expected
