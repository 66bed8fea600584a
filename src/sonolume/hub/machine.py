"""What the machine under the weights can do: threads, accelerators, fast half precision."""

from __future__ import annotations

import os
import time
from functools import cache
from shutil import which
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch

__all__ = ["accelerator", "bf16_gain", "can_compile", "has_fast_bf16", "threads"]

_WORTHWHILE = 1.4  # conversions eat a smaller gain


@cache
def bf16_gain() -> float:
    """How many times faster than in float32 the CPU multiplies matrices in bfloat16, measured.

    The processor's flags do not tell: with AMX and on AMD it is 5 to 9, on Intel with avx512_bf16
    alone about a half.
    """
    import torch

    return _product_seconds(torch.float32) / _product_seconds(torch.bfloat16)


def has_fast_bf16() -> bool:
    """Whether bfloat16 is the format to compute in here."""
    import torch

    if torch.cuda.is_available():
        return bool(torch.cuda.is_bf16_supported())
    return bf16_gain() > _WORTHWHILE


def can_compile() -> bool:
    """Whether torch can translate a network here, which takes a C++ compiler."""
    return any(which(name) for name in (os.environ.get("CXX", ""), "g++", "clang++"))


def threads() -> int:
    """Threads that one torch operation uses."""
    import torch

    return torch.get_num_threads()


def accelerator() -> str | None:
    """Name of the accelerator torch would use, or None."""
    import torch

    if torch.cuda.is_available():
        return f"cuda: {torch.cuda.get_device_name()}"
    return "mps" if torch.backends.mps.is_available() else None


def _product_seconds(dtype: torch.dtype, side: int = 512, rounds: int = 5) -> float:
    """The best CPU time of a square product of that size."""
    import torch

    a = torch.ones(side, side, dtype=dtype)
    best = float("inf")
    for _ in range(rounds):
        begun = time.process_time()
        torch.nn.functional.linear(a, a)
        best = min(best, time.process_time() - begun)
    return best
