"""How long the first moment takes: ``--help`` beside a bare interpreter and torch alone."""

from __future__ import annotations

import subprocess
import sys

import pytest


@pytest.mark.benchmark(group="start")
@pytest.mark.parametrize(
    "arguments",
    [["-c", "pass"], ["-m", "sonolume", "--help"], ["-c", "import torch"]],
    ids=["python", "sonolume --help", "import torch"],
)
def test_start(benchmark, arguments: list[str]) -> None:
    command = [sys.executable, *arguments]
    benchmark.pedantic(
        subprocess.run,
        args=(command,),
        kwargs={"stdout": subprocess.DEVNULL, "check": True},
        rounds=5,
        warmup_rounds=1,
    )
