"""The moves that a search may combine: an effect turned up from its bypass along one path."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor

from sonolume.signal.rack import RACK, Chain, Effect, Step

__all__ = ["Move", "chain_of", "moves"]

BENT: Final[Mapping[str, float]] = {"noise": 0.4}
"""From −40 dB on, where noise is far from being heard."""

ONLY_FOR: Final[Mapping[str, str]] = {"noise": "noisiness"}
"""Effects that are welcome only where that cue should rise: hiss also makes a tone brighter and
rougher, but nobody who asked for that asked for hiss."""


@dataclass(frozen=True, eq=False)
class Move:
    """One way to use an effect.

    Attributes:
        effect: of the rack.
        full: settings at amount 1; controls that say how much start from their bypass at amount 0,
            others stand where they are told.
        doc: what it does, for people.
        bend: power of the amount that is the share of the way from bypass; below 1 where little of
            the way does nothing.
        only_for: the cue that must be meant to rise for the move to be welcome; any if None.
    """

    effect: Effect
    full: Mapping[str, float]
    doc: str
    bend: float = 1.0
    only_for: str | None = None

    @property
    def name(self) -> str:
        """Unlike that of any other move: the effect and where its controls go."""
        full = ", ".join(f"{name} {value:g}" for name, value in self.full.items())
        return f"{self.effect.name} ({full})"

    def step(self, amount: float | Tensor) -> Step:
        """The effect at amounts of 0 (bypass, exactly) to 1, one or [B]."""
        amounts = torch.as_tensor(amount, dtype=torch.float32).reshape(-1)
        values = {p.name: self._value(p.name, amounts) for p in self.effect.parameters}
        return Step(self.effect, values)

    def _value(self, name: str, amounts: Tensor) -> Tensor:
        parameter = self.effect[name]
        bypass = torch.tensor([parameter.bypass])
        full = torch.tensor([self.full.get(name, parameter.bypass)])
        if not parameter.amount:
            return full.expand_as(amounts)
        # Equal steps of amount are equal steps of the control, in hertz as in decibels.
        low, high = parameter.to_unit(bypass), parameter.to_unit(full)
        value = parameter.from_unit(low + amounts**self.bend * (high - low))
        return torch.where(amounts == 0, bypass, value.clamp(parameter.low, parameter.high))


def chain_of(chosen: Sequence[Move], amounts: Sequence[float]) -> Chain:
    """Moves in the order in which an engineer would patch their effects; bypassed ones left out."""
    order = list(RACK)
    steps = [move.step(amount) for move, amount in zip(chosen, amounts, strict=True)]
    return Chain(tuple(sorted(steps, key=lambda s: order.index(s.effect.name)))).active()


def moves(loudness: float, channels: int) -> list[Move]:
    """Every move for a sound of that loudness (LUFS) and so many channels.

    Echoes are left out: they bring onsets that were not there. Mono has no width to move.
    """
    threshold = min(-12.0, max(-54.0, loudness - 8.0))
    spread = 0.7 if channels > 1 else 0.0
    table: list[tuple[str, dict[str, float], str]] = [
        ("high-pass", {"cutoff": 1500.0}, "thinner"),
        ("low-pass", {"cutoff": 350.0}, "duller"),
        ("tilt", {"gain": 20.0}, "brighter"),
        ("tilt", {"gain": -20.0}, "darker"),
        ("shelves", {"low_gain": 16.0}, "more bass"),
        ("shelves", {"low_gain": -16.0}, "less bass"),
        ("shelves", {"high_gain": 16.0}, "more treble"),
        ("shelves", {"high_gain": -16.0}, "less treble"),
        ("shelves", {"low_gain": 12.0, "high_gain": 12.0}, "fuller"),
        ("shelves", {"low_gain": -12.0, "high_gain": -12.0}, "narrower band"),
        ("equaliser", {"low_gain": 15.0}, "warmer"),
        ("equaliser", {"low_gain": -15.0}, "colder"),
        ("equaliser", {"mid_gain": 15.0}, "nearer"),
        ("equaliser", {"mid_gain": -15.0}, "hollow"),
        ("equaliser", {"low_gain": 12.0, "mid_gain": -12.0, "high_gain": 12.0}, "richer"),
        ("compressor", {"ratio": 12.0, "threshold": threshold}, "more even"),
        ("transients", {"attack": 15.0}, "sharper attacks"),
        ("transients", {"attack": -15.0}, "softer attacks"),
        ("transients", {"sustain": 15.0}, "longer"),
        ("transients", {"sustain": -15.0}, "shorter"),
        ("saturation", {"drive": 30.0}, "driven"),
        ("crush", {"bits": 4.0}, "grainy"),
        ("contrast", {"depth": 2.5}, "clearer"),
        ("contrast", {"depth": -0.5}, "hazier"),
        ("damper", {"depth": 1.5}, "damped"),
        ("damper", {"depth": -0.5}, "ringing"),
        ("noise", {"level": 6.0, "spread": 300.0}, "breathy"),
        ("noise", {"level": 6.0, "spread": 20e3}, "hissing"),
        ("chorus", {"mix": 0.8}, "doubled"),
        ("tremolo", {"depth": 0.8, "rate": 45.0}, "rough"),
        ("reverb", {"wet": 0.7, "decay": 2.5, "spread": spread}, "a hall"),
        ("reverb", {"wet": 0.7, "decay": 0.6, "spread": spread}, "a room"),
    ]
    if channels == 2:
        table += [
            ("width", {"side": 12.0}, "wider"),
            ("width", {"side": -30.0}, "narrower"),
            ("width", {"spread": 1.0}, "spread out"),
        ]
    return [
        Move(RACK[name], full, doc, BENT.get(name, 1.0), ONLY_FOR.get(name))
        for name, full, doc in table
    ]
