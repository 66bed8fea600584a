"""Speed of the rack beside SciPy's and, where it is installed, pedalboard's effects.

`python -m pytest benchmarks/test_rack.py --benchmark-columns=median,ops` has milliseconds; the
group names say what to compare. Ten seconds of stereo at 44.1 kHz: 100 ms are 100 times real time.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from pytest_benchmark.fixture import BenchmarkFixture
from scipy import signal

from sonolume.signal.cues import measure_cues
from sonolume.signal.rack import Chain, process
from sonolume.signal.structure import structure

RATE = 44_100
SOUND = (np.random.default_rng(0).standard_normal((2, 10 * RATE)) * 0.1).astype("f4")
SETTINGS: dict[str, dict[str, float]] = {
    "high-pass": {"cutoff": 60.0},
    "low-pass": {"cutoff": 6000.0},
    "tilt": {"gain": 3.0},
    "shelves": {"low_gain": 3.0, "high_gain": -4.0},
    "equaliser": {"low_gain": 3.0, "mid_gain": -3.0, "high_gain": 2.0},
    "compressor": {"ratio": 4.0},
    "transients": {"attack": 6.0},
    "saturation": {"drive": 12.0},
    "crush": {"bits": 10.0, "rate": 12_000.0},
    "chorus": {"mix": 0.5},
    "tremolo": {"depth": 0.4},
    "delay": {"mix": 0.3},
    "reverb": {"wet": 0.3, "spread": 0.7, "decay": 1.5},
    "width": {"side": 3.0, "spread": 0.2},
    "gain": {"level": -3.0},
}


# Noise of its own, and short spectra: beside the rest they would be half of the time.
SLOW: dict[str, dict[str, float]] = {
    "contrast": {"depth": 1.5},
    "damper": {"depth": 0.8},
    "noise": {"level": -12.0, "spread": 500.0},
}


def ours(*names: str) -> Callable[[], None]:
    chain = Chain.of([(name, (SETTINGS | SLOW)[name]) for name in names])
    sound = torch.from_numpy(SOUND)[None]

    def run() -> None:
        with torch.inference_mode():
            process(sound, chain, RATE)

    return run


@pytest.mark.benchmark(group="rack")
@pytest.mark.parametrize("name", [*SETTINGS, *SLOW])
def test_each_effect(benchmark: BenchmarkFixture, name: str) -> None:
    benchmark(ours(name))


@pytest.mark.benchmark(group="rack, whole")
def test_all_effects(benchmark: BenchmarkFixture) -> None:
    benchmark(ours(*SETTINGS))


@pytest.mark.benchmark(group="rack, whole")
def test_all_effects_with_gradients(benchmark: BenchmarkFixture) -> None:
    told = {
        name: {key: torch.tensor([value], requires_grad=True) for key, value in values.items()}
        for name, values in SETTINGS.items()
    }
    sound = torch.from_numpy(SOUND)[None]

    def run() -> None:
        process(sound, Chain.of(told.items()), RATE).square().mean().backward()

    benchmark(run)


@pytest.mark.benchmark(group="low-pass")
def test_low_pass(benchmark: BenchmarkFixture) -> None:
    benchmark(ours("low-pass"))


@pytest.mark.benchmark(group="low-pass")
def test_low_pass_scipy(benchmark: BenchmarkFixture) -> None:
    sections = signal.butter(2, 6000, fs=RATE, output="sos")
    benchmark(lambda: signal.sosfilt(sections, SOUND))


@pytest.mark.benchmark(group="reverb")
def test_reverb(benchmark: BenchmarkFixture) -> None:
    benchmark(ours("reverb"))


@pytest.mark.benchmark(group="reverb")
def test_reverb_scipy(benchmark: BenchmarkFixture) -> None:
    room = np.random.default_rng(1).standard_normal((2, round(1.8 * RATE))).astype("f4")
    benchmark(lambda: signal.oaconvolve(SOUND, room, axes=1))


@pytest.mark.benchmark(group="saturation")
def test_saturation(benchmark: BenchmarkFixture) -> None:
    benchmark(ours("saturation"))


@pytest.mark.benchmark(group="saturation")
def test_saturation_scipy(benchmark: BenchmarkFixture) -> None:
    def run() -> None:
        fine = signal.resample_poly(SOUND, 4, 1, axis=1)
        signal.resample_poly(np.tanh(4 * fine), 1, 4, axis=1)

    benchmark(run)


@pytest.mark.benchmark(group="rack, whole")
def test_pedalboard(benchmark: BenchmarkFixture) -> None:
    peer = pytest.importorskip("pedalboard")
    board = peer.Pedalboard(
        [
            peer.HighpassFilter(60),
            peer.LowpassFilter(6000),
            peer.LowShelfFilter(200, 3),
            peer.HighShelfFilter(4000, -4),
            peer.PeakFilter(200, 3),
            peer.PeakFilter(1000, -3),
            peer.PeakFilter(5000, 2),
            peer.Compressor(-24, 4),
            peer.Distortion(12),
            peer.Bitcrush(10),
            peer.Chorus(mix=0.5),
            peer.Delay(0.25, 0.3, 0.3),
            peer.Reverb(wet_level=0.3),
            peer.Gain(-3),
        ]
    )
    benchmark(lambda: board(SOUND, RATE))


@pytest.mark.benchmark(group="measures")
def test_cues(benchmark: BenchmarkFixture) -> None:
    sound = torch.from_numpy(SOUND)[None]
    with torch.inference_mode():
        benchmark(lambda: measure_cues(sound, RATE))


@pytest.mark.benchmark(group="measures")
def test_structure_of_thirty_seconds(benchmark: BenchmarkFixture) -> None:
    sound = np.tile(SOUND, (1, 3))
    benchmark(lambda: structure(sound, RATE))
