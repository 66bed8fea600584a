"""What the picture tower is shown, and what its teacher says of that."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from sonolume.errors import DataError
from sonolume.training.context import Context
from sonolume.training.recipes import find_recipe, read_stage
from sonolume.training.stages.registry import STAGES, build


def stage(tiny: Any, aids: Path, **changes: Any) -> Any:
    table, _ = read_stage(find_recipe("tiny"), "joint.picture", STAGES)
    given = Context(data=tiny.data, aids=aids, models=tiny.models)
    return build("joint.picture", given, {**table, **changes})


@pytest.fixture
def aids(tiny: Any, tmp_path: Path) -> Path:
    """Features of whole photos; those of crops have a constant that tells which one it is."""
    with np.load(tiny.aids / "mobilenet_v2.npz") as table:
        keys, pooled = table["keys"], table["pooled"]
    np.savez(tmp_path / "mobilenet_v2.npz", keys=keys, pooled=pooled)
    signs = np.resize([1.0, -1.0], len(keys))[:, None, None]
    numbers = np.broadcast_to(signs * np.arange(1.0, 6)[:, None], (len(keys), 5, pooled.shape[1]))
    np.savez(tmp_path / "mobilenet_v2_crops.npz", keys=keys, pooled=numbers)
    return tmp_path


def test_the_teacher_tells_of_the_crop_that_is_shown(tiny: Any, aids: Path) -> None:
    made, rng = stage(tiny, aids, five=1.0), np.random.default_rng(0)
    ramp = np.arange(128, dtype=np.uint8)
    pixels = np.stack(np.broadcast_arrays(ramp[None], ramp[:, None], np.uint8(0)), axis=-1)
    made.train[0] = replace(made.train[0], pixels=pixels)
    middles = {0: (45, 45), 1: (82, 45), 2: (45, 82), 3: (82, 82), 4: (64, 64)}
    told = set()
    for _ in range(40):
        shown, features = made._view(0, rng)
        number = int(np.flatnonzero((made.crops.values[0] == features).all(1))[0])
        told.add(number)
        assert shown[..., :2].mean((0, 1)) == pytest.approx(middles[number], abs=9)
    assert told == set(middles)


def test_crops_and_whole_photos_are_mixed_and_learnt(tiny: Any, aids: Path) -> None:
    made, rng = stage(tiny, aids, five=0.5), np.random.default_rng(0)
    crops = [np.ptp(made._view(0, rng)[1]) == 0 for _ in range(60)]
    assert 15 < sum(crops) < 45
    _, figures = made.loss(made.batch(rng), 0, 0.0)
    assert torch.isfinite(figures["teacher"])


def test_crops_that_were_not_computed_are_asked_for(tiny: Any) -> None:
    assert not stage(tiny, tiny.aids).crops.present
    with pytest.raises(DataError, match="mobilenet_v2_crops.npz: unreadable"):
        stage(tiny, tiny.aids, five=0.5)
