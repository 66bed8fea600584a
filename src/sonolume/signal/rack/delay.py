# ruff: noqa: ARG001 (all effects share one signature)
"""Echoes."""

from __future__ import annotations

import math
from typing import Final

import torch
from torch import Tensor

from sonolume.signal.rack.convolve import linear
from sonolume.signal.rack.effect import Parameter, Values, column

__all__ = ["DELAY"]

FADED: Final = 1e-4
TAPER: Final = 0.9  # of half the rate; echoes fade above, which keeps shifts between samples short


def _response(values: Values, size: int, rate: int, channels: int) -> Tensor:
    """1 + mix · (z + feedback · z² + …), z a shift by the time, whole samples or not.

    As many echoes as can be heard, (1 − (feedback · z)^K) / (1 − feedback · z): the endless series
    would come back at the beginning of its transform.
    """
    seconds, feedback = column(values, "time"), column(values, "feedback")
    share = torch.linspace(0, 1, size // 2 + 1, dtype=torch.float64, device=seconds.device)
    gate = torch.cos(math.pi / 2 * ((share - TAPER) / (1 - TAPER)).clamp(0, 1)).to(seconds) ** 2
    # Whole turns are taken out in double precision: late echoes turn thousands of times.
    turns = share * (rate / 2) * seconds.double()
    angle = -2 * math.pi * (turns - turns.detach().floor()).to(seconds.dtype)
    shift = torch.polar(gate.expand_as(angle), angle)
    series = (1 - _power(feedback * shift, _echoes(values))) / (1 - feedback * shift)
    return 1 + column(values, "mix") * shift * series


def _power(base: Tensor, exponent: int) -> Tensor:
    """By squaring: ten times as fast as through logarithms."""
    if exponent == 1:
        return base
    half = _power(base, exponent // 2)
    return half * half * base if exponent % 2 else half * half


def _echoes(values: Values) -> int:
    """How many are heard."""
    feedback = float(values["feedback"].detach().max().clamp(min=1e-6))
    return 1 + math.ceil(math.log(FADED) / math.log(feedback))


def _memory(values: Values, rate: int) -> int:
    seconds = _echoes(values) * float(values["time"].detach().max())
    return math.ceil(seconds * rate) + rate // 100


DELAY: Final = linear(
    "delay",
    (
        Parameter("mix", "", 0.0, 1.0, 0.0),
        Parameter("time", "s", 0.02, 0.8, 0.25, log=True, amount=False),
        Parameter("feedback", "", 0.0, 0.75, 0.3, amount=False),
    ),
    _response,
    _memory,
)
"""The sound and, after each further ``time``, an echo: ``mix`` of it, then ``feedback`` of the one
before."""
