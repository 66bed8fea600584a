"""What the word tower is taught of concepts, and what it keeps."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from sonolume.errors import DataError, OptionError
from sonolume.hub import weights
from sonolume.training.context import Context
from sonolume.training.loop import train
from sonolume.training.recipes import find_recipe, read_stage
from sonolume.training.sentences import NearestLines
from sonolume.training.settings import LoopSettings
from sonolume.training.stages.registry import STAGES, build

LOOP = LoopSettings(steps=12, rate=5e-3, warmup=2, average=0.5, precision="fp32")


def stage(tiny: Any, start: Path | None = None, aids: Path | None = None, **changes: Any) -> Any:
    table, _ = read_stage(find_recipe("tiny"), "joint.words", STAGES)
    given = Context(data=tiny.data, aids=aids or tiny.aids, start=start)
    return build("joint.words", given, {**table, **changes})


def test_a_text_belongs_to_the_concept_of_its_three_nearest_lines() -> None:
    book = {"a": ("a1", "a2", "a3", "unknown"), "b": ("b1",)}
    targets = np.float16([[1, 0], [0.6, 0.8], [0, 1], [0, -1], [-1, 0]])
    nearest = NearestLines(book, ["a1", "a2", "a3", "b1", "else"], targets)
    found = nearest.shares(torch.tensor([[1.0, 0.0]]))[0]
    odds = np.exp(((1 + 0.6 + 0) / 3 - 0) / 0.05)
    np.testing.assert_allclose(found, [odds / (1 + odds), 1 / (1 + odds)], rtol=1e-2)
    assert found.sum() == pytest.approx(1)
    with pytest.raises(DataError, match="no line of the phrasebook for b"):
        NearestLines(book, ["a1", "a2", "a3"], targets[:3])


def test_concepts_of_the_teacher_are_learnt(tiny: Any, tmp_path: Path) -> None:
    """A teacher that takes all other texts for the fourth concept draws them all there."""
    lines = [book[0] for book in stage(tiny).corpus.phrasebook.values()]
    others = [f"odd {word} of no concept" for word in ("thing", "talk", "table", "tax", "trade")]
    targets = np.eye(len(lines))[[*range(len(lines)), *[3] * len(others)]]
    (tmp_path / "sentences.json").write_text(json.dumps([*lines, *others]), "utf-8")
    np.save(tmp_path / "sentences.npy", targets)
    made = stage(tiny, aids=tmp_path, concept_weight=5.0)
    train(made, replace(LOOP, steps=60), tmp_path / "run", quiet=True)
    with torch.no_grad():
        places = made.model.tower(made.tokenizer.encode(others))
    anchors = torch.nn.functional.normalize(made.model.anchors.detach(), dim=-1)
    assert (places @ anchors.T).argmax(1).tolist() == [3] * len(others)


def test_a_kept_tower_moves_less_and_its_concepts_stay(tiny: Any, tmp_path: Path) -> None:
    def moved(weight: float) -> tuple[float, Any]:
        torch.manual_seed(0)
        made = stage(tiny, tiny.models, keep_weight=weight)
        batch = made.batch(np.random.default_rng(0))
        train(made, replace(LOOP, rate=1e-3), tmp_path / str(weight), quiet=True)
        with torch.no_grad():
            return float(made._embed(batch["ids"])[1]), made

    little, one = moved(100.0)
    much, _ = moved(1e-6)
    assert 0 < little < 0.5 * much
    before = weights.load("joint-words", tiny.models)[0]
    after = weights.load("joint-words", tmp_path / "100.0" / "export")[0]
    torch.testing.assert_close(after["anchors"], before["anchors"], rtol=0, atol=2e-3)
    assert not torch.equal(after["pieces.weight"], before["pieces.weight"])
    assert all(not p.requires_grad for p in one.kept.parameters())


def test_nothing_to_keep(tiny: Any) -> None:
    with pytest.raises(OptionError, match="keep_weight holds what a tower knows; give one with"):
        stage(tiny, keep_weight=1.0)
