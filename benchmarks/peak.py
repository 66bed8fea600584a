"""How much memory and time a command of `sonolume` takes, in a process of its own."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from dataclasses import dataclass


@dataclass(frozen=True)
class Cost:
    """Largest resident memory in MiB, seconds on the clock and of the processor."""

    memory: float
    seconds: float
    processor: float

    def __str__(self) -> str:
        return (
            f"peak memory {self.memory:.0f} MiB, {self.seconds:.0f} s "
            f"({self.processor:.0f} s of processor)"
        )


def cost_of(*arguments: str) -> Cost:
    """What `sonolume ARGUMENTS` costs; its output is dropped. Exits when the command fails."""
    command = [sys.executable, "-m", "sonolume", *arguments]
    start = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as child:
        _, status, used = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
    seconds = time.perf_counter() - start
    if child.returncode:
        sys.exit(child.returncode)
    scale = 1 if sys.platform == "darwin" else 1024
    return Cost(used.ru_maxrss * scale / 2**20, seconds, used.ru_utime + used.ru_stime)
