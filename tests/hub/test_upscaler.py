"""Super-resolver weights: what is saved is what is loaded."""

from dataclasses import asdict
from pathlib import Path

import pytest
import torch

from sonolume.errors import ModelError
from sonolume.hub import weights
from sonolume.hub.upscaler import load_upscaler
from sonolume.models.upscaler import Upscaler, UpscalerConfig


def test_loads_what_was_saved(tmp_path: Path) -> None:
    config = UpscalerConfig(width=8, blocks=1)
    model = Upscaler(config).half().float()  # values that half precision holds
    weights.save("upscaler", model.state_dict(), {"config": asdict(config)}, tmp_path)
    loaded = load_upscaler(tmp_path)
    picture = torch.rand(1, 3, 9, 9)
    torch.testing.assert_close(loaded(picture), model(picture))
    assert not loaded.training
    assert not any(p.requires_grad for p in loaded.parameters())


def test_missing_weights(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="no weights named 'upscaler'"):
        load_upscaler(tmp_path)
