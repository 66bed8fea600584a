"""How fast a score is played: our sampler, with and without the mix, beside FluidSynth."""

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from pytest_benchmark.fixture import BenchmarkFixture

from sonolume.music.kit import Envelope, Instrument, Kit, Loop, Region, Sample
from sonolume.music.mixdown import mixdown
from sonolume.music.sampler import render
from sonolume.music.score import Notes, Score, Track

RATE, SECONDS, TRACKS, NOTES = 44_100, 180.0, 6, 2_500
FLUIDSYNTH = shutil.which("fluidsynth")


@pytest.fixture(scope="module")
def score() -> Score:
    """Three minutes, 2,500 notes, six tracks."""
    rng = np.random.default_rng(0)
    tracks = []
    for program, share in enumerate(np.array_split(np.arange(NOTES), TRACKS)):
        start = np.sort(rng.uniform(0, SECONDS - 2, len(share)))
        length, key = rng.uniform(0.2, 1.2, len(share)), rng.integers(40, 85, len(share))
        notes = Notes(start, start + length, key, rng.integers(40, 127, len(share)))
        tracks.append(Track(f"track {program}", notes, program))
    return Score(tuple(tracks))


@pytest.fixture(scope="module")
def kit() -> Kit:
    """Six sawtooths of four seconds, looped, three roots each."""
    time = np.arange(4 * RATE) / RATE
    shape = Envelope(attack=0.005, release=0.2)

    def region(root: int, low: int, high: int, harmonics: int) -> Region:
        hertz = 440 * 2 ** ((root - 69) / 12)
        orders = [k for k in range(1, harmonics + 1) if hertz * k < 0.45 * RATE]
        wave = sum(np.sin(2 * np.pi * hertz * k * time) / k for k in orders)
        loop = Loop(RATE // 2, RATE // 2 + round(300 * RATE / hertz))
        return Region(
            Sample(0.2 * np.asarray(wave)[None].astype("f4"), RATE), keys=(low, high), root=root,
            loop=loop, loop_mode="continuous", envelope=shape,
        )  # fmt: skip

    zones = ((48, 0, 54), (60, 55, 66), (72, 67, 127))
    return Kit("saws", tuple(
        Instrument(f"saw {n}", tuple(region(*zone, 6 + 6 * n) for zone in zones), program=n)
        for n in range(TRACKS)
    ))  # fmt: skip


def report(benchmark: BenchmarkFixture, name: str) -> None:
    ratio = SECONDS / benchmark.stats.stats.min
    benchmark.extra_info["times real time"] = round(ratio)
    print(f"\n{name}: {ratio:.0f} x real time")


@pytest.mark.benchmark(group="play")
def test_sampler(benchmark: BenchmarkFixture, score: Score, kit: Kit) -> None:
    instruments = dict(enumerate(kit.instruments))

    def play() -> int:
        return sum(block.shape[2] for block in render(score, instruments, RATE))

    benchmark.pedantic(play, rounds=3, warmup_rounds=1)
    report(benchmark, "sampler")


@pytest.mark.benchmark(group="play")
def test_mixdown(benchmark: BenchmarkFixture, score: Score, kit: Kit, tmp_path: Path) -> None:
    instruments = dict(enumerate(kit.instruments))
    benchmark.pedantic(
        mixdown, (score, instruments, tmp_path / "song.wav"), {"force": True}, rounds=2,
    )  # fmt: skip
    report(benchmark, "sampler and mix, to -14 LUFS, written")


@pytest.mark.benchmark(group="play")
@pytest.mark.skipif(FLUIDSYNTH is None, reason="fluidsynth is not installed")
def test_fluidsynth(benchmark: BenchmarkFixture, score: Score, kit: Kit, tmp_path: Path) -> None:
    from sonolume.music.kits.write import write_kit
    from sonolume.music.scores.write import write_score

    bank, song, out = (tmp_path / name for name in ("kit.sf2", "song.mid", "song.wav"))
    write_kit(kit, bank)
    write_score(score, song)
    command = [str(FLUIDSYNTH), "-ni", "-q", "-r", str(RATE), "-F", str(out), str(bank), str(song)]
    benchmark.pedantic(subprocess.run, (command,), {"check": True}, rounds=3, warmup_rounds=1)
    report(benchmark, "fluidsynth, with its reverb and chorus, written")
