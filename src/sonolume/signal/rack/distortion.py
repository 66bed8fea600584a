# ruff: noqa: ARG001 (all effects share one signature)
"""Saturation without aliasing, and its opposite: bits and rates thrown away."""

from __future__ import annotations

import math
from typing import Final

import torch
from torch import Tensor
from torch.nn import functional as F

from sonolume.signal.rack.convolve import convolve
from sonolume.signal.rack.effect import Effect, Parameter, Values, column
from sonolume.signal.rack.oversample import REACH, down, up
from sonolume.signal.rack.pieces import in_pieces

__all__ = ["CRUSH", "SATURATION"]

KEPT: Final = 0.25  # the amplitude that comes out as it went in, -12 dBFS
LEAST: Final = 1e-4  # dB; the slope of a square root at nothing is infinite


def _saturation(samples: Tensor, values: Values, rate: int, start: int = 0) -> Tensor:
    steepness = torch.sqrt(10 ** ((column(values, "drive") + LEAST) / 10) - 1)
    # Beyond the last sample the curve still bends what rings there.
    fine = up(F.pad(samples, (0, REACH)))
    bent = torch.tanh(fine * steepness) * (KEPT / torch.tanh(steepness * KEPT))
    # Only what the curve adds is filtered: the sound itself keeps its highest octave.
    return samples + down(bent - fine, samples.shape[-1])


def _reach(values: Values, rate: int) -> int:
    return 2 * REACH


SATURATION: Final = Effect(
    "saturation",
    (Parameter("drive", "dB", 0.0, 40.0, 0.0),),
    in_pieces(_saturation, _reach, _reach),
    _reach,
    ahead=_reach,
)
"""tanh(k x) · a / tanh(k a), k² = 10^(drive/10) − 1, a = −12 dBFS: a level that is kept, so that
drive adds harmonics rather than loudness; near zero they grow in proportion to it. Four times
oversampled."""


def _crush(samples: Tensor, values: Values, rate: int, start: int = 0) -> Tensor:
    held = _held(samples, values["rate"], rate, start)
    steps = 2 ** (column(values, "bits") - 1)
    scaled = held * steps
    return (scaled + (torch.round(scaled) - scaled).detach()) / steps


def _held(samples: Tensor, kept: Tensor, rate: int, start: int) -> Tensor:
    """Only ``kept`` [B] samples a second, each held until the next."""
    if bool((kept >= min(rate, RATE.high)).all()):
        return samples
    with torch.no_grad():
        now = torch.arange(start, start + samples.shape[-1], device=samples.device).double()
        step = (rate / kept.double()).clamp(min=1.0)[:, None]
        # A hair more, so that whole steps do not fall short of themselves by rounding.
        places = torch.ceil(torch.floor(now / step + 1e-9) * step - 1e-6).long() - start
        places = torch.where(kept[:, None] >= RATE.high, now.long() - start, places)
        index = places.clamp(min=0)[:, None].expand_as(samples)
        held = torch.gather(samples, -1, index)
    if not (torch.is_grad_enabled() and (samples.requires_grad or kept.requires_grad)):
        return held
    smooth = convolve(samples, lambda size: _hold_response(kept, size, rate), rate // 4)
    return smooth + (held - smooth).detach()


def _hold_response(kept: Tensor, size: int, rate: int) -> Tensor:
    """Of holding: the mean over a step, without its delay, complex [B, 1, F]."""
    hertz = torch.linspace(0, rate / 2, size // 2 + 1, dtype=kept.dtype, device=kept.device)
    response = torch.sinc(hertz / kept[:, None, None])
    return torch.complex(response, torch.zeros_like(response))


def _step(values: Values, rate: int) -> int:
    return math.ceil(2 * rate / RATE.low)


BITS: Final = Parameter("bits", "bit", 2.0, 16.0, 16.0)
RATE: Final = Parameter("rate", "Hz", 1e3, 48e3, 48e3, log=True)

CRUSH: Final = Effect(
    "crush",
    (BITS, RATE),
    in_pieces(_crush, _step),
    _step,
)
"""Fewer bits (rounded to multiples of 2^(1 − bits)) and fewer samples, each held.

Gradients pass rounding straight through (Bengio et al. 2013); those of the rate are of the moving
average that holding is on average."""
