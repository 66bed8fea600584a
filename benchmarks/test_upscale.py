"""How long the super-resolver takes to 512 px, beside plain bicubic enlargement."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from sonolume.hub.upscaler import load_upscaler
from sonolume.models.upscaler import upscale


@pytest.mark.benchmark(group="upscale to 512")
@pytest.mark.parametrize("side", [64, 128, 256])
def test_upscaler(benchmark, side: int) -> None:
    model, picture = load_upscaler(), torch.rand(1, 3, side, side) * 2 - 1
    made = benchmark.pedantic(upscale, args=(picture, 512, model), rounds=5, warmup_rounds=1)
    assert made.shape == (1, 3, 512, 512)


@pytest.mark.benchmark(group="upscale to 512")
@pytest.mark.parametrize("side", [128])
def test_bicubic(benchmark, side: int) -> None:
    picture = torch.rand(1, 3, side, side) * 2 - 1

    def enlarge() -> Tensor:
        return F.interpolate(picture, (512, 512), mode="bicubic").clamp(-1, 1)

    benchmark.pedantic(enlarge, rounds=20, warmup_rounds=2)
