# ruff: noqa: ARG001 (all effects share one signature)
"""Compressor and transient shaper."""

from __future__ import annotations

from typing import Final

import torch
from torch import Tensor

from sonolume.signal.rack.effect import Effect, Parameter, Values
from sonolume.signal.rack.envelope import hop, levels, scaled
from sonolume.signal.rack.scan import fading, falling, one_pole

__all__ = ["COMPRESSOR", "TRANSIENTS", "static_curve"]

FADED: Final = 10.0  # time constants until a state is forgotten, 87 dB
QUIETEST: Final = 1e-4  # -80 dBFS
FALL: Final = 120.0  # dB a second: how fast the quick envelope of a transient may fall
SLOW: Final = 0.04  # seconds the slow envelope lags
SMOOTH: Final = 0.001  # seconds over which the gain moves
CLEAR: Final = 6.0  # dB between the envelopes that make up most of the gain


def static_curve(level: Tensor, threshold: Tensor, ratio: Tensor, knee: Tensor) -> Tensor:
    """Gain reduction in dB, ≥ 0, of a level in dB.

    D. Giannoulis, M. Massberg and J. Reiss, "Digital dynamic range compressor design", JAES 60
    (2012), eq. 4.
    """
    over = level - threshold
    bent = (over + knee / 2).clamp(min=0).minimum(knee).square() / (2 * knee)
    return (1 - 1 / ratio) * (bent + (over - knee / 2).clamp(min=0))


def _compressor(samples: Tensor, values: Values, rate: int, start: int = 0) -> Tensor:
    told = {name: value.double() for name, value in values.items()}
    level = 20 * torch.log10(levels(samples, rate).clamp(min=QUIETEST))
    curve = (told[name][:, None] for name in ("threshold", "ratio", "knee"))
    held = fading(static_curve(level, *curve), _pole(told["release"], rate))
    reduction = one_pole(held, _pole(told["attack"], rate))
    gain = 10 ** ((told["makeup"][:, None] - reduction) / 20)
    return scaled(samples, gain, rate)


def _pole(seconds: Tensor, rate: int) -> Tensor:
    return torch.exp(-hop(rate) / (rate * seconds))


def _compressor_memory(values: Values, rate: int) -> int:
    seconds = values["attack"] + values["release"]
    return int(FADED * float(seconds.detach().max()) * rate)


COMPRESSOR: Final = Effect(
    "compressor",
    (
        Parameter("ratio", "", 1.0, 20.0, 1.0, log=True),
        Parameter("makeup", "dB", 0.0, 24.0, 0.0),
        Parameter("threshold", "dB", -60.0, 0.0, -24.0, amount=False),
        Parameter("knee", "dB", 0.1, 24.0, 6.0, amount=False),
        Parameter("attack", "s", 0.001, 0.2, 0.01, log=True, amount=False),
        Parameter("release", "s", 0.02, 1.0, 0.15, log=True, amount=False),
    ),
    _compressor,
    _compressor_memory,
)
"""Feed-forward, peak level, soft knee, smooth decoupled ballistics in dB (Giannoulis et al. 2012,
eq. 4 and 16): release to 1/e of the reduction, attack to 1 − 1/e of it."""


def _transients(samples: Tensor, values: Values, rate: int, start: int = 0) -> Tensor:
    level = 20 * torch.log10(levels(samples, rate).clamp(min=QUIETEST))
    frame = hop(rate) / rate
    quick = falling(level, level.new_full(level.shape[:1], FALL * frame))
    slow = one_pole(quick, _pole(level.new_full(level.shape[:1], SLOW), rate), before=-80.0)
    ahead = (quick - slow) / CLEAR
    attack, sustain = (values[name].double()[:, None] for name in ("attack", "sustain"))
    decibels = attack * torch.tanh(ahead.clamp(min=0)) + sustain * torch.tanh(-ahead.clamp(max=0))
    # Levels tremble from frame to frame; a gain that did would be heard as noise.
    decibels = one_pole(decibels, _pole(level.new_full(level.shape[:1], SMOOTH), rate))
    return scaled(samples, 10 ** (decibels / 20), rate)


def _transients_memory(values: Values, rate: int) -> int:
    return int((FADED * SLOW + 80.0 / FALL) * rate)


TRANSIENTS: Final = Effect(
    "transients",
    (
        Parameter("attack", "dB", -15.0, 15.0, 0.0),
        Parameter("sustain", "dB", -15.0, 15.0, 0.0),
    ),
    _transients,
    _transients_memory,
)
"""Attacks and decays made louder or softer whatever their level: the gain follows the difference
between a quick and a slow envelope (differential envelope technology, Gier and White 1998)."""
