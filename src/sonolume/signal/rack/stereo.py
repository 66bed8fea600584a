# ruff: noqa: ARG001, ARG005 (all effects share one signature)
"""Width and level."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from sonolume.signal.rack.convolve import convolve
from sonolume.signal.rack.effect import Effect, Parameter, Values, column

__all__ = ["GAIN", "WIDTH"]

SEED: Final = 9
DECORRELATION: Final = 0.025  # seconds
PULSES: Final = 30


@lru_cache(maxsize=4)
def _velvet(rate: int) -> NDArray[np.float64]:
    """Sparse decaying pulses of either sign, of energy one (B. Alary, A. Politis and V. Välimäki,
    "Velvet-noise decorrelator", DAFx 2017): [frames], the first pulse after 1 ms."""
    rng = np.random.default_rng(SEED)
    slots = np.arange(PULSES) + rng.uniform(0, 1, PULSES)
    places = np.round((0.001 + (DECORRELATION - 0.001) * slots / PULSES) * rate).astype(int)
    pulses = np.zeros(math.ceil(DECORRELATION * rate) + 1)
    np.add.at(pulses, places, rng.choice((-1.0, 1.0), PULSES) * np.exp(-2.0 * slots / PULSES))
    unit: NDArray[np.float64] = pulses / np.sqrt(np.square(pulses).sum())
    return unit


def _width(samples: Tensor, values: Values, rate: int, start: int = 0) -> Tensor:
    if samples.shape[1] == 1:
        if not _widens(values):
            return samples
        samples = samples.expand(-1, 2, -1)
    if samples.shape[1] != 2:
        return samples
    middle = samples.mean(dim=1, keepdim=True)
    side = (samples[:, :1] - samples[:, 1:]) / 2 * 10 ** (column(values, "side") / 20)
    if _widens(values) or values["spread"].requires_grad:
        pulses = torch.from_numpy(_velvet(rate)).to(samples)
        other = convolve(middle, lambda size: torch.fft.rfft(pulses, size)[None, None], len(pulses))
        side = side + column(values, "spread") * other
    return torch.cat([middle + side, middle - side], dim=1)


def _widens(values: Values) -> bool:
    return bool((values["spread"] > 0).any())


WIDTH: Final = Effect(
    "width",
    (
        Parameter("side", "dB", -36.0, 12.0, 0.0),
        Parameter("spread", "", 0.0, 1.0, 0.0),
    ),
    _width,
    lambda values, rate: math.ceil(DECORRELATION * rate) + 1,
    widens=_widens,
)
"""The difference of the two channels made louder, and a decorrelated middle added to it; the middle
is kept, so the mono sum is. A spread above zero gives a mono sound two channels; without it mono
has no difference and stays as it is, so a spread that learns from zero needs two equal channels.
Sounds of more than two channels are left alone."""


def _gain(values: Values, size: int, rate: int, channels: int) -> Tensor:
    factor = 10 ** (column(values, "level") / 20)
    return torch.complex(factor, torch.zeros_like(factor)).expand(-1, -1, size // 2 + 1)


def _scaled(samples: Tensor, values: Values, rate: int, start: int = 0) -> Tensor:
    scaled: Tensor = samples * 10 ** (column(values, "level") / 20)
    return scaled


GAIN: Final = Effect(
    "gain",
    (Parameter("level", "dB", -24.0, 24.0, 0.0),),
    _scaled,
    lambda values, rate: 0,
    response=_gain,
)
"""Louder or quieter."""
