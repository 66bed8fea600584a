"""Adapters as files."""

import json

import pytest
import torch

from sonolume.errors import ModelError
from sonolume.hub.adapter import (
    FACTS,
    WEIGHTS,
    AdapterFacts,
    read_facts,
    read_weights,
    save_adapter,
)
from sonolume.models.audio_tokens import AudioTokensConfig

FOUND = AdapterFacts(AudioTokensConfig(context=768, depth=2), "mid+up", "laion/clap-htsat-unfused")
STATE = {"tokens.a": torch.tensor([0.1, 1e-9]), "unet.b": torch.eye(3, dtype=torch.float16).T}


def test_facts_and_weights_come_back_exactly(tmp_path) -> None:
    save_adapter(tmp_path, FOUND, STATE)
    assert read_facts(tmp_path) == FOUND
    weights = read_weights(tmp_path)
    assert weights.keys() == STATE.keys()
    assert all(torch.equal(weights[k], STATE[k]) for k in STATE)
    assert all(weights[k].dtype == STATE[k].dtype for k in STATE)
    assert sorted(p.name for p in tmp_path.iterdir()) == [FACTS, WEIGHTS]


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"tokens": 1}', '{"tokens": {"odd": 1}}'])
def test_facts_of_something_else_are_refused(tmp_path, text) -> None:
    (tmp_path / FACTS).write_text(text)
    with pytest.raises(ModelError, match=r"adapter\.json: no adapter of sonolume"):
        read_facts(tmp_path)


def test_unknown_facts_are_refused(tmp_path) -> None:
    save_adapter(tmp_path, FOUND, STATE)
    table = json.loads((tmp_path / FACTS).read_text())
    (tmp_path / FACTS).write_text(json.dumps({**table, "later": 1}))
    with pytest.raises(ModelError, match=r"no adapter of sonolume .*later"):
        read_facts(tmp_path)


@pytest.mark.parametrize("content", [None, b"", b"\x80\x04pickle", b"\x08\0\0\0\0\0\0\0{}"])
def test_broken_weights_are_refused(tmp_path, content) -> None:
    if content is not None:
        (tmp_path / WEIGHTS).write_bytes(content)
    with pytest.raises(ModelError, match=r"adapter\.safetensors: not a whole adapter"):
        read_weights(tmp_path)
