"""How fast a long recording is described: seconds of sound for each second of work."""

from pathlib import Path

import numpy as np
import pytest
import soundfile
from pytest_benchmark.fixture import BenchmarkFixture

import sonolume
from sonolume.media import Audio
from sonolume.pipelines.describe.pipeline import DescribePipeline

EXAMPLES = Path("examples/sounds")


@pytest.fixture(scope="module")
def describe() -> DescribePipeline:
    return sonolume.load("describe")


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, float]:
    """Ten minutes in stereo at 44.1 kHz: the examples, 4 to 60 seconds each."""
    rng, rate, seconds = np.random.default_rng(0), 44_100, 600.0
    sounds = [Audio.read(page).mono().resample(rate) for page in sorted(EXAMPLES.glob("*.flac"))]
    path, left = tmp_path_factory.mktemp("long") / "recording.flac", round(seconds * rate)
    with soundfile.SoundFile(path, "w", samplerate=rate, channels=2, format="FLAC") as page:
        while left:
            length = min(left, round(rng.uniform(4, 60) * rate))
            samples = np.resize(sounds[rng.integers(len(sounds))].samples[0], length)
            page.write(np.stack([samples, samples], axis=1))
            left -= length
    return path, seconds


@pytest.mark.benchmark(group="describe")
@pytest.mark.parametrize("captions", [False, True])
def test_recording(
    benchmark: BenchmarkFixture,
    describe: DescribePipeline,
    recording: tuple[Path, float],
    captions: bool,
) -> None:
    path, seconds = recording
    benchmark.pedantic(describe, (path,), {"captions": captions}, rounds=2, warmup_rounds=1)
    factor = seconds / benchmark.stats.stats.min
    benchmark.extra_info["times real time"] = round(factor)
    print(f"\n{factor:.0f} x real time, captions {'on' if captions else 'off'}")
