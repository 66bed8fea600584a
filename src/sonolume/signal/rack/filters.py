# ruff: noqa: ARG001 (all effects share one signature)
"""Filters and equalisers."""

from __future__ import annotations

import math
from typing import Final

from torch import Tensor

from sonolume.signal.rack import sections
from sonolume.signal.rack.convolve import linear
from sonolume.signal.rack.effect import Effect, Parameter, Values, column

__all__ = ["EQUALISER", "HIGH_PASS", "LOW_PASS", "SHELVES", "TILT"]

BUTTERWORTH: Final = 1 / math.sqrt(2)
BANDS: Final = (("low", 60.0, 600.0, 200.0), ("mid", 300.0, 4e3, 1e3), ("high", 2e3, 14e3, 5e3))

_RESONANCE: Final = Parameter("resonance", "", 0.5, 4.0, BUTTERWORTH, log=True, amount=False)


def _low_pass(values: Values, size: int, rate: int, channels: int) -> Tensor:
    return sections.low_pass(column(values, "cutoff"), column(values, "resonance"), rate, size)


def _high_pass(values: Values, size: int, rate: int, channels: int) -> Tensor:
    return sections.high_pass(column(values, "cutoff"), column(values, "resonance"), rate, size)


def _pass_memory(values: Values, rate: int) -> int:
    return sections.ringing(values["cutoff"], values["resonance"], rate)


LOW_PASS: Final = linear(
    "low-pass",
    (Parameter("cutoff", "Hz", 80.0, 20e3, 20e3, log=True), _RESONANCE),
    _low_pass,
    _pass_memory,
)
"""Second order; Butterworth at the usual resonance."""

HIGH_PASS: Final = linear(
    "high-pass",
    (Parameter("cutoff", "Hz", 20.0, 8e3, 20.0, log=True), _RESONANCE),
    _high_pass,
    _pass_memory,
)
"""Second order; Butterworth at the usual resonance."""


def _tilt(values: Values, size: int, rate: int, channels: int) -> Tensor:
    return sections.tilt(column(values, "pivot"), column(values, "gain"), rate, size)


def _tilt_memory(values: Values, rate: int) -> int:
    return sections.ringing(values["pivot"], 10 ** (values["gain"] / 40), rate)


TILT: Final = linear(
    "tilt",
    (
        Parameter("gain", "dB", -24.0, 24.0, 0.0),
        Parameter("pivot", "Hz", 200.0, 3e3, 800.0, log=True, amount=False),
    ),
    _tilt,
    _tilt_memory,
)
"""The whole spectrum leant about a pivot: half of the gain above it, half taken away below."""


def _shelves(values: Values, size: int, rate: int, channels: int) -> Tensor:
    low = sections.low_shelf(
        column(values, "low_frequency"), column(values, "low_gain"), rate, size
    )
    high = sections.high_shelf(
        column(values, "high_frequency"), column(values, "high_gain"), rate, size
    )
    return low * high


def _shelves_memory(values: Values, rate: int) -> int:
    return sections.ringing(
        values["low_frequency"], 10 ** (values["low_gain"] / 40), rate
    ) + sections.ringing(values["high_frequency"], 10 ** (values["high_gain"] / 40), rate)


SHELVES: Final = linear(
    "shelves",
    (
        Parameter("low_gain", "dB", -18.0, 18.0, 0.0),
        Parameter("high_gain", "dB", -18.0, 18.0, 0.0),
        Parameter("low_frequency", "Hz", 60.0, 600.0, 200.0, log=True, amount=False),
        Parameter("high_frequency", "Hz", 1.5e3, 12e3, 4e3, log=True, amount=False),
    ),
    _shelves,
    _shelves_memory,
)
"""Bass and treble."""


def _equaliser(values: Values, size: int, rate: int, channels: int) -> Tensor:
    bells = [
        sections.peak(
            column(values, f"{band}_frequency"),
            column(values, f"{band}_gain"),
            column(values, f"{band}_q"),
            rate,
            size,
        )
        for band, *_ in BANDS
    ]
    return bells[0] * bells[1] * bells[2]


def _equaliser_memory(values: Values, rate: int) -> int:
    return sum(
        sections.ringing(
            values[f"{band}_frequency"],
            values[f"{band}_q"] * 10 ** (values[f"{band}_gain"] / 40),
            rate,
        )
        for band, *_ in BANDS
    )


def _band(name: str, low: float, high: float, usual: float) -> tuple[Parameter, ...]:
    return (
        Parameter(f"{name}_gain", "dB", -18.0, 18.0, 0.0),
        Parameter(f"{name}_frequency", "Hz", low, high, usual, log=True, amount=False),
        Parameter(f"{name}_q", "", 0.4, 6.0, 1.0, log=True, amount=False),
    )


EQUALISER: Final[Effect] = linear(
    "equaliser",
    tuple(parameter for band in BANDS for parameter in _band(*band)),
    _equaliser,
    _equaliser_memory,
)
"""Three bells."""
