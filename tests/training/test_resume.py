"""A run that is killed again and again ends with the bits of one that was not."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import pytest
import torch
from safetensors.torch import load_file

from sonolume.training.checkpoint import checkpoints
from sonolume.training.journal import Journal

STEPS = 24
SCRIPT = Path(__file__).with_name("forked_runs.py")


class Runner:
    """Starts runs in processes of their own."""

    def __init__(self, process: subprocess.Popen[str], commands: IO[str], answers: IO[str]) -> None:
        self.process, self.commands, self.answers = process, commands, answers

    def start(self, folder: Path) -> int:
        self.commands.write(f"{folder}\n")
        self.commands.flush()
        return int(self.answers.readline())

    def end(self) -> int:
        return int(self.answers.readline())


@pytest.fixture
def runner(tiny: Any) -> Iterator[Runner]:
    command = [sys.executable, str(SCRIPT), str(tiny.data), str(tiny.models), str(STEPS)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        yield Runner(process, process.stdin, process.stdout)


def last_step(folder: Path) -> int:
    return max((row["step"] for row in Journal(folder, "", True).rows()), default=0)


def kill_at(runner: Runner, folder: Path, step: int, delay: float) -> int:
    """Kill the run a moment after its log has reached `step`; the exit code."""
    child = runner.start(folder)
    deadline = time.monotonic() + 300
    while last_step(folder) < step and time.monotonic() < deadline:
        time.sleep(0.005)
    time.sleep(delay)
    os.kill(child, signal.SIGKILL)
    return runner.end()


def test_a_killed_run_ends_with_the_same_bits(runner: Runner, tmp_path: Path) -> None:
    whole, torn = tmp_path / "whole", tmp_path / "torn"
    runner.start(whole)
    assert runner.end() == 0
    chance = random.Random(5)
    for step in sorted(chance.sample(range(2, STEPS - 2), 3)):
        assert kill_at(runner, torn, step, chance.uniform(0, 0.05)) == -signal.SIGKILL
        assert not (torn / "export").exists()
    runner.start(torn)
    assert runner.end() == 0
    newest = [checkpoints(folder)[-1] for folder in (whole, torn)]
    assert [path.name for path in newest] == [f"state-{STEPS:08d}"] * 2
    for name in ("weights", "average", "optimizer"):
        expected, found = (load_file(path / f"{name}.safetensors") for path in newest)
        assert expected.keys() == found.keys()
        assert [key for key in expected if not torch.equal(expected[key], found[key])] == []
    logs = [
        [(r["step"], r.get("loss")) for r in Journal(f, "", True).rows()] for f in (whole, torn)
    ]
    assert logs[0] == logs[1]
    exports = [(f / "export" / "joint-sound.safetensors").read_bytes() for f in (whole, torn)]
    assert exports[0] == exports[1]
    assert not [path for path in torn.iterdir() if path.name.startswith(".")]
