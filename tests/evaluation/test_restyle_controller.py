"""Figures of restyle's controller: what they must be for networks that are known."""

from __future__ import annotations

import math
from dataclasses import asdict
from pathlib import Path

import pytest
import torch

from sonolume.errors import DataError, ModelError
from sonolume.evaluation.restyle_controller import CONTROLLER_DEFINITIONS, controller_figures
from sonolume.hub import weights
from sonolume.hub.joint import load_joint
from sonolume.hub.style import BASELINE, CONTROLLER, HEADS, MAP
from sonolume.models.effect_controller import (
    EffectController,
    EffectControllerConfig,
    StyleController,
    StyleControllerConfig,
)
from sonolume.models.style_heads import StyleHeads, StyleHeadsConfig
from sonolume.models.style_map import StyleMap, StyleMapConfig

NETWORKS = {
    HEADS: StyleHeads(StyleHeadsConfig(widths=(8, 8, 8), hidden=16, token=8)),
    MAP: StyleMap(StyleMapConfig(token=8, width=16)),
    CONTROLLER: EffectController(EffectControllerConfig(token=8, sound=8, width=16)),
    BASELINE: StyleController(StyleControllerConfig(width=16, features=8)),
}


def save(folder: Path, names: list[str], share: float | None = None) -> None:
    """Networks in a folder; of a controller all shares alike, everything active, if given."""
    for name in names:
        network = NETWORKS[name]
        state = dict(network.state_dict())
        if share is not None and name in (CONTROLLER, BASELINE):
            state["shares.weight"] = torch.zeros_like(state["shares.weight"])
            state["shares.bias"] = torch.full_like(
                state["shares.bias"], math.log(share / (1 - share))
            )
            for key in (name for name in state if name.endswith("thresholds")):
                state[key] = torch.full_like(state[key], -1.0)
        weights.save(name, state, {"config": asdict(network.config)}, folder)


def test_a_controller_with_everything_on_at_one_share_has_the_figures_of_that_guess(
    data: Path, tiny_pocket: Path, tmp_path: Path
) -> None:
    save(tmp_path, list(NETWORKS), 0.7)
    found = controller_figures(data, models=tmp_path, pairs=64, joint=load_joint(tiny_pocket))
    assert found["active_rmse"] == pytest.approx(found["mapped_active_rmse"], abs=1e-3)
    assert found["active_rmse"] == pytest.approx(found["baseline_active_rmse"], abs=1e-3)
    assert found["activity_f1"] == found["baseline_activity_f1"] == found["on_activity_f1"]
    # Shares .35 to 1 off a bypass of 0: their mean is the best single guess.
    assert found["on_active_rmse"] < found["active_rmse"] < 0.6
    assert 0.1 < found["on_active_rmse"] < 0.4
    assert found["mean_active_rmse"] > found["on_active_rmse"]
    assert CONTROLLER_DEFINITIONS.keys() <= found.keys()


def test_what_is_missing_is_left_out_or_told(data: Path, tiny_pocket: Path, tmp_path: Path) -> None:
    joint = load_joint(tiny_pocket)
    with pytest.raises(ModelError, match=CONTROLLER):
        controller_figures(data, models=tmp_path, joint=joint)
    save(tmp_path, [HEADS, CONTROLLER])
    found = controller_figures(data, models=tmp_path, pairs=16, joint=joint)
    assert not any(name.startswith(("mapped", "baseline")) for name in found)
    again = controller_figures(data, models=tmp_path, pairs=16, joint=joint)
    assert found == again
    with pytest.raises(DataError, match="no sounds"):
        controller_figures(data, models=tmp_path, split="test", joint=joint)
