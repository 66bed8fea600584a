"""Trains a tiny stage in processes of its own, one for each line of standard input.

    python forked_runs.py DATA MODELS STEPS

A line names the folder of a run. The answers are the process's id, and its exit code when it has
ended (a signal counts negative). Forking spares each process the imports.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import matplotlib.backends.backend_agg
import matplotlib.figure  # noqa: F401
import torch

from sonolume.training.context import Context
from sonolume.training.loop import train
from sonolume.training.recipes import find_recipe, read_stage
from sonolume.training.settings import LoopSettings
from sonolume.training.stages.registry import STAGES, build


def run(data: Path, models: Path, steps: int, folder: Path) -> None:
    torch.set_num_threads(1)
    table, _ = read_stage(find_recipe("tiny"), "joint.sound", STAGES)
    settings = LoopSettings(
        steps=steps,
        warmup=3,
        cooldown=0.5,
        precision="fp32",
        average=0.9,
        log_every=1,
        save_minutes=0.001,
    )
    train(build("joint.sound", Context(data, models=models), table), settings, folder, quiet=True)


def main() -> None:
    data, models, steps = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            run(data, models, steps, Path(line.strip()))
            os._exit(0)
        print(child, flush=True)  # noqa: T201
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
