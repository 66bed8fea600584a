"""One picture, and what it costs beside one bare prediction of its denoiser."""

import pytest
import torch
from pytest_benchmark.fixture import BenchmarkFixture

import sonolume
from sonolume.pipelines.paint.pipeline import PaintPipeline
from sonolume.pipelines.paint.settings import usual_settings


@pytest.fixture(scope="module")
def paint() -> PaintPipeline:
    return sonolume.load("paint")


@pytest.mark.benchmark(group="paint")
@pytest.mark.parametrize("size", [128, 512])
def test_picture(benchmark: BenchmarkFixture, paint: PaintPipeline, size: int) -> None:
    request = paint.request("examples/sounds/thunder.flac", "a beach")
    settings = usual_settings(paint.parts, {"size": size})
    benchmark.pedantic(paint.paint_many, ([request], settings), rounds=3, warmup_rounds=1)


@pytest.mark.benchmark(group="paint")
@torch.inference_mode()
def test_one_prediction(benchmark: BenchmarkFixture, paint: PaintPipeline) -> None:
    x = torch.randn(1, *paint.parts.shape)
    words = paint.parts.encode_words(["a beach"])
    benchmark(paint.parts.denoiser, x, torch.zeros(1), words, None)
