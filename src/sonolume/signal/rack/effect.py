"""What an effect is: a name, controls, and a differentiable function of samples and controls."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from sonolume.errors import OptionError

__all__ = ["Effect", "Parameter", "Values", "column", "nothing"]

Values = Mapping[str, Tensor]
"""A value for each parameter of an effect, in its unit, a tensor [B] each."""

Response = Callable[[Values, int, int, int], Tensor]
"""(values, fft size, rate, channels) → complex [B, 1 or channels, size // 2 + 1]."""

Memory = Callable[[Values, int], int]
"""(values, rate) → frames of the past that still sound, which is also how long the effect rings on;
or frames of the future that are heard."""


class Apply(Protocol):
    """samples [B, C, N] at ``rate`` Hz, the first of which is frame ``start`` of the sound."""

    def __call__(self, samples: Tensor, values: Values, rate: int, start: int = 0) -> Tensor: ...


@dataclass(frozen=True)
class Parameter:
    """One control of an effect.

    Attributes:
        name: within its effect.
        unit: what values are measured in; empty for shares and ratios.
        low, high: range.
        bypass: the value that leaves the sound alone, or where it cannot alone, a usual one.
        log: whether equal ratios, rather than equal differences, are equal steps.
        amount: whether the parameter says how much; an effect whose amounts are all at bypass is
            inactive, wherever its other controls stand.
    """

    name: str
    unit: str
    low: float
    high: float
    bypass: float
    log: bool = False
    amount: bool = True

    def to_unit(self, value: Tensor) -> Tensor:
        """Values in the parameter's unit → shares of the range, 0 to 1."""
        if self.log:
            return torch.log(value / self.low) / math.log(self.high / self.low)
        return (value - self.low) / (self.high - self.low)

    def from_unit(self, share: Tensor) -> Tensor:
        """Shares of the range, 0 to 1 → values in the parameter's unit."""
        if self.log:
            return self.low * torch.exp(share * math.log(self.high / self.low))
        return self.low + share * (self.high - self.low)


def nothing(values: Values, rate: int) -> int:  # noqa: ARG001 (all effects share one signature)
    """0 frames, for effects that hear the present alone."""
    return 0


@dataclass(frozen=True)
class Effect:
    """One effect of the rack.

    Attributes:
        name: in the rack.
        parameters: its controls.
        apply: samples [B, C, N], values, rate in Hz → [B, C, N], or [B, 2, N] of a mono sound
            where ``widens`` says so. Differentiable in samples and values; at bypass it computes
            the sound itself up to rounding, or close to it. `chain.process` makes that exact.
        memory: frames of the past that still sound.
        ahead: frames of the future that are heard; what comes out is not late by them.
        response: of effects that are linear and time-invariant, so that neighbours in a chain
            cost one transform.
        widens: whether these values ask for two channels.
    """

    name: str
    parameters: tuple[Parameter, ...]
    apply: Apply
    memory: Memory
    ahead: Memory = nothing
    response: Response | None = None
    widens: Callable[[Values], bool] = lambda values: False  # noqa: ARG005

    def __getitem__(self, name: str) -> Parameter:
        for parameter in self.parameters:
            if parameter.name == name:
                return parameter
        known = ", ".join(parameter.name for parameter in self.parameters)
        raise OptionError(f"{self.name} has no control {name!r}; expected one of {known}")

    def active(self, values: Values) -> Tensor:
        """bool [B]: whether any amount is off its bypass."""
        moved = [values[p.name] != p.bypass for p in self.parameters if p.amount]
        return torch.stack(moved).any(dim=0)

    def to_unit(self, values: Values) -> Tensor:
        """Values → shares [B, P] in the order of `parameters`."""
        return torch.stack([p.to_unit(values[p.name]) for p in self.parameters], dim=-1)

    def from_unit(self, shares: Tensor) -> dict[str, Tensor]:
        """Shares [B, P], 0 to 1 → values."""
        return {p.name: p.from_unit(shares[..., i]) for i, p in enumerate(self.parameters)}


def column(values: Values, name: str) -> Tensor:
    """A value as [B, 1, 1], to go with samples or spectra."""
    return values[name][:, None, None]
