# ruff: noqa: ARG001 (all effects share one signature)
"""Chorus, and level modulation from tremolo to roughness."""

from __future__ import annotations

import math
from typing import Final

import torch
from torch import Tensor
from torch.nn import functional as F

from sonolume.signal.rack.effect import Effect, Parameter, Values, column, nothing
from sonolume.signal.rack.oversample import FACTOR, REACH, up
from sonolume.signal.rack.pieces import in_pieces

__all__ = ["CHORUS", "TREMOLO"]

NEAREST: Final = 0.006  # seconds between the sound and its double when closest
POINTS: Final = 4
LONGEST: Final = 0.03


def _phase(hertz: Tensor, frames: int, rate: int, start: int) -> Tensor:
    """Turns [B, 1, frames] since the start of the sound; whole ones are taken out in double
    precision, which holds for days."""
    now = torch.arange(start, start + frames, device=hertz.device).double() / rate
    turns = hertz.double()[:, None, None] * now
    return (turns - turns.detach().floor()).to(hertz)


def _chorus(samples: Tensor, values: Values, rate: int, start: int = 0) -> Tensor:
    frames, channels = samples.shape[-1], samples.shape[1]
    # A quarter of a turn apart, ears hear different doubles.
    apart = torch.arange(channels, device=samples.device)[:, None] / 4
    turns = _phase(values["rate"], frames, rate, start) + apart
    swing = 1 + torch.sin(2 * math.pi * turns)
    late = (NEAREST + column(values, "depth") * swing) * rate
    mix = column(values, "mix")
    return (samples + mix * delayed(samples, late, rate)) / torch.sqrt(1 + mix * mix)


def delayed(samples: Tensor, late: Tensor, rate: int) -> Tensor:
    """Samples [B, C, N] read ``late`` [B, C, N] frames ago (at most 30 ms); silence before the
    first. Cubic Lagrange interpolation at four times the rate, 80 dB above its errors at 10 kHz."""
    margin = math.ceil(LONGEST * rate) + POINTS
    padded = up(F.pad(samples, (margin, POINTS)))
    late = late * FACTOR
    whole = torch.floor(late.detach())
    now = FACTOR * torch.arange(margin, margin + samples.shape[-1], device=samples.device)
    first = now - whole.long() - 2
    t = 1 - (late - whole)  # place between the second and the third point
    a, b, c, d = (torch.gather(padded, -1, first + point) for point in range(POINTS))
    cubic = (d - a) / 6 + (b - c) / 2
    square = (a + c) / 2 - b
    slope = c - a / 3 - b / 2 - d / 6
    return ((cubic * t + square) * t + slope) * t + b


def _longest(values: Values, rate: int) -> int:
    return math.ceil(LONGEST * rate) + 2 * POINTS + REACH


def _beyond(values: Values, rate: int) -> int:
    return REACH


CHORUS: Final = Effect(
    "chorus",
    (
        Parameter("mix", "", 0.0, 1.0, 0.0),
        Parameter("rate", "Hz", 0.1, 5.0, 0.8, log=True, amount=False),
        Parameter("depth", "s", 0.0002, 0.01, 0.002, log=True, amount=False),
    ),
    in_pieces(_chorus, _longest, _beyond),
    _longest,
    ahead=_beyond,
)
"""The sound and a double of it whose delay swings between 6 ms and 6 ms + 2 · depth, a quarter of a
turn apart on the two sides; loudness of noise kept."""


def _tremolo(samples: Tensor, values: Values, rate: int, start: int = 0) -> Tensor:
    turns = _phase(values["rate"], samples.shape[-1], rate, start)
    depth = column(values, "depth")
    wave = torch.sin(2 * math.pi * turns)
    return samples * (1 + depth * wave) / torch.sqrt(1 + depth * depth / 2)


TREMOLO: Final = Effect(
    "tremolo",
    (
        Parameter("depth", "", 0.0, 1.0, 0.0),
        Parameter("rate", "Hz", 0.5, 150.0, 6.0, log=True, amount=False),
    ),
    in_pieces(_tremolo, nothing),
    nothing,
)
"""(1 + depth · sin) of the sound, power kept: below 15 Hz heard as tremolo, from 20 to 150 Hz as
roughness."""
