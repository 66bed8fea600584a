"""Thirty seconds of stereo restyled, where the structure bears it and where it does not.

`python -m pytest benchmarks/test_restyle.py --benchmark-columns=min,rounds -s` prints the seconds,
and what each chain would have broken.
"""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from sonolume.correspondence.edits import edit
from sonolume.media import Audio, Picture
from sonolume.pipelines.restyle.pipeline import RestylePipeline
from sonolume.pipelines.restyle.restyled import Restyled
from sonolume.pipelines.restyle.settings import HELD

RATE = 44_100
SECONDS = 30


def sound() -> Audio:
    """Struck notes of four pitches, three a second, over a hiss that swells."""
    time = np.arange(SECONDS * RATE) / RATE
    since, note = time % (1 / 3), (3 * time).astype(int)
    hertz = np.array([220.0, 277.2, 329.6, 440.0])[note % 4]
    tones = sum(np.sin(2 * np.pi * hertz * k * since) / k for k in range(1, 9))
    voice = 0.1 * tones * np.exp(-8 * since)
    hiss = 0.01 * np.random.default_rng(0).standard_normal((2, len(time))) * (1 + np.sin(time))
    return Audio((np.stack([voice, np.roll(voice, 80)]) + hiss).astype(np.float32), RATE)


def pictures(kind: str) -> tuple[Picture, Picture]:
    rng = np.random.default_rng(3)
    patches = rng.uniform(60, 190, (6, 6, 3)).repeat(16, axis=0).repeat(16, axis=1)
    before = Picture((patches + rng.normal(0, 4, patches.shape)).clip(0, 255).astype(np.uint8))
    return before, edit(before, kind, 0.8)


@pytest.mark.benchmark(group="restyle, 30 s")
@pytest.mark.parametrize("kind", ["blur", "noise", "sharpen"])
@pytest.mark.parametrize("keep", [(), HELD], ids=["free", "held"])
def test_thirty_seconds(benchmark: BenchmarkFixture, kind: str, keep: tuple[str, ...]) -> None:
    pipeline, given, before_after = RestylePipeline(), sound(), pictures(kind)

    def run() -> Restyled:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)
            made = pipeline(*before_after, given, strength=1.5, keep=keep)
        made.audio()
        return made

    made = benchmark.pedantic(run, rounds=2, warmup_rounds=0)
    lost = ", ".join(made.lost) or "nothing"
    print(f"\n{kind}: would have broken {lost}; {', '.join(e.name for e in made.effects)}")
