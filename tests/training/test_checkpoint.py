"""Checkpoints are complete or absent."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch
from torch import Tensor

from sonolume.errors import ModelError, OptionError
from sonolume.training.average import WeightAverage
from sonolume.training.checkpoint import checkpoints, load_state, save_state

State = tuple[dict[str, Tensor], torch.optim.Optimizer, WeightAverage]


def fresh(value: float = 0.0, shape: tuple[int, ...] = (3,)) -> State:
    weight = torch.nn.Parameter(torch.full(shape, value))
    tracked: dict[str, Tensor] = {"w": weight, "mean": torch.full((2,), value)}
    return tracked, torch.optim.AdamW([weight], lr=0.1), WeightAverage(tracked, 0.5)


def stepped(value: float, steps: int = 1) -> State:
    tracked, optimizer, average = fresh(value)
    for step in range(1, steps + 1):
        tracked["w"].grad = torch.arange(3.0) + step
        optimizer.step()
        average.update(step)
    return tracked, optimizer, average


def save(folder: Path, step: int, state: State, **facts: object) -> Path:
    return save_state(folder, step, facts, *state)


def test_everything_comes_back_bit_by_bit(tmp_path: Path) -> None:
    state = stepped(1.5, steps=3)
    save(tmp_path, 7, state, seconds=2.5)
    again = fresh()
    assert load_state(tmp_path, *again) == {"step": 7, "seconds": 2.5}
    for key in state[0]:
        assert torch.equal(state[0][key], again[0][key])
        assert torch.equal(state[2].values[key], again[2].values[key])
    old, new = (s[1].state[s[0]["w"]] for s in (state, again))  # type: ignore[index]
    assert old.keys() == new.keys()
    assert all(torch.equal(old[k], new[k]) for k in old)
    assert type(new["step"]) is type(old["step"])


def test_nothing_there_is_none(tmp_path: Path) -> None:
    assert load_state(tmp_path, *fresh()) is None


def test_the_newest_two_stay(tmp_path: Path) -> None:
    for step in (1, 5, 12):
        save(tmp_path, step, stepped(float(step)))
    assert [path.name for path in checkpoints(tmp_path)] == ["state-00000005", "state-00000012"]
    assert sorted(p.name for p in tmp_path.iterdir()) == ["state-00000005", "state-00000012"]


def test_a_crash_in_the_middle_of_a_save_leaves_the_one_before(tmp_path: Path) -> None:
    good = stepped(1.0)
    save(tmp_path, 4, good)
    # What JSON cannot hold fails when the tensors are already written.
    with pytest.raises(TypeError, match="not JSON serializable"):
        save(tmp_path, 9, stepped(2.0), seconds=object())
    assert [path.name for path in tmp_path.iterdir()] == ["state-00000004"]
    again = fresh()
    assert load_state(tmp_path, *again) == {"step": 4}
    assert torch.equal(again[0]["w"], good[0]["w"])


def test_what_a_killed_save_left_is_not_seen_and_swept_away(tmp_path: Path) -> None:
    save(tmp_path, 4, stepped(1.0))
    for rest in (".writing-00000008", ".dropping-state-00000001"):
        (tmp_path / rest).mkdir()
        (tmp_path / rest / "weights.safetensors").write_bytes(b"half")
    assert load_state(tmp_path, *fresh()) == {"step": 4}
    save(tmp_path, 8, stepped(2.0))
    assert sorted(p.name for p in tmp_path.iterdir()) == ["state-00000004", "state-00000008"]


def test_a_step_is_written_once(tmp_path: Path) -> None:
    path = save(tmp_path, 4, stepped(1.0))
    before = (path / "weights.safetensors").stat().st_mtime_ns
    assert save(tmp_path, 4, stepped(1.0)) == path
    assert (path / "weights.safetensors").stat().st_mtime_ns == before


def test_a_checkpoint_of_another_shape_is_refused_and_changes_nothing(tmp_path: Path) -> None:
    save(tmp_path, 1, stepped(1.0))
    other = fresh(5.0, shape=(1,))
    with pytest.raises(ModelError, match=r"checkpoint of another model \(differs in \['w'\]\)"):
        load_state(tmp_path, *other)
    assert other[0]["w"].item() == 5.0


@pytest.mark.parametrize(
    ("name", "content"), [("weights.safetensors", b"cut"), ("state.json", b'{"step"')]
)
def test_a_damaged_checkpoint_is_named(tmp_path: Path, name: str, content: bytes) -> None:
    (save(tmp_path, 1, stepped(1.0)) / name).write_bytes(content)
    with pytest.raises(ModelError, match=r"state-00000001: unreadable checkpoint"):
        load_state(tmp_path, *fresh())


def test_an_unwritable_folder_is_told(tmp_path: Path) -> None:
    (tmp_path / "run").write_text("a file")
    with pytest.raises(OptionError, match=r"checkpoint cannot be written .*choose another folder"):
        save(tmp_path / "run", 1, stepped(1.0))


def test_the_facts_are_plain_json(tmp_path: Path) -> None:
    path = save(tmp_path, 3, stepped(1.0), stage="base")
    assert json.loads((path / "state.json").read_text()) == {"step": 3, "stage": "base"}
