"""Timbres by TorchScript models."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from sonolume.errors import MediaError, ModelError, OptionError
from sonolume.media import Audio
from sonolume.pipelines.play.timbre import Timbre

pytestmark = pytest.mark.filterwarnings("ignore:.*torch.jit:DeprecationWarning")


class Blocks(nn.Module):
    """Gives back whole blocks only, as an encoder with strides does, turned upside down."""

    def __init__(self, stride: int, strict: bool, rate: int) -> None:
        super().__init__()
        self.stride, self.strict, self.sampling_rate = stride, strict, rate

    def forward(self, x: Tensor) -> Tensor:
        whole = x.shape[-1] // self.stride * self.stride
        if self.strict and whole != x.shape[-1]:
            raise RuntimeError("not a whole number of blocks")
        return -0.25 * x[..., :whole]


def saved(path: Path, model: nn.Module) -> Path:
    torch.jit.save(torch.jit.script(model), path)
    return path


def tone(seconds: float = 0.4, rate: int = 44100) -> Audio:
    return Audio(
        0.5 * np.sin(2 * np.pi * 440 * np.arange(round(seconds * rate)) / rate)[None], rate
    )


@pytest.mark.parametrize("strict", [False, True])
@pytest.mark.parametrize("stride", [1, 64, 2048])
def test_the_block_is_measured_and_the_sound_keeps_length_and_loudness(
    tmp_path: Path, stride: int, strict: bool
) -> None:
    timbre = Timbre.load(saved(tmp_path / "a.ts", Blocks(stride, strict, 44100)), trust=True)
    assert timbre.stride == stride
    before = tone()
    after = timbre(before)
    assert after.rate == before.rate
    np.testing.assert_allclose(after.samples, -before.samples, atol=1e-4)


def test_the_models_own_rate_is_used(tmp_path: Path) -> None:
    timbre = Timbre.load(saved(tmp_path / "a.ts", Blocks(16, False, 22050)), trust=True)
    assert timbre.rate == 22050
    assert timbre(tone()).samples.shape == tone().samples.shape


def test_code_runs_only_where_it_is_trusted(tmp_path: Path) -> None:
    path = saved(tmp_path / "a.ts", Blocks(16, False, 22050))
    with pytest.raises(OptionError, match="--trust"):
        Timbre.load(path, trust=False)
    with pytest.raises(MediaError, match="does not exist"):
        Timbre.load(tmp_path / "b.ts", trust=True)
    (tmp_path / "c.ts").write_bytes(b"PK nothing of the kind")
    with pytest.raises(ModelError, match="no TorchScript"):
        Timbre.load(tmp_path / "c.ts", trust=True)


def test_a_model_that_changes_the_length_is_refused() -> None:
    with pytest.raises(ModelError, match="does not give back"):
        Timbre(lambda x: x[..., ::2], 44100)


def test_no_numbers_are_told() -> None:
    with pytest.raises(ModelError, match="no numbers|none"):
        Timbre(lambda x: x * float("nan"), 44100)(tone())
