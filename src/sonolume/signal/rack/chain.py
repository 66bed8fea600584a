"""Effects one after another."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import torch
from torch import Tensor

from sonolume.errors import OptionError
from sonolume.signal.rack.convolve import convolve
from sonolume.signal.rack.effect import Effect, Values
from sonolume.signal.rack.rack import RACK

__all__ = ["Chain", "Step", "process"]


@dataclass(frozen=True, eq=False)
class Step:
    """An effect and its settings: a tensor [B] for each of its parameters."""

    effect: Effect
    values: Values


@dataclass(frozen=True, eq=False)
class Chain:
    """Effects in the order in which they are applied; any order, repeats allowed.

    >>> chain = Chain.of([("low-pass", {"cutoff": 900.0}), ("reverb", {"wet": 0.3})])
    >>> [step["effect"] for step in chain.as_list()]
    ['low-pass', 'reverb']
    """

    steps: tuple[Step, ...] = ()

    @classmethod
    def of(
        cls,
        settings: Iterable[tuple[str, Mapping[str, float | Tensor]]],
        *,
        device: torch.device | str = "cpu",
    ) -> Chain:
        """From names of the rack and settings, numbers or tensors [B]; the rest at bypass.

        Raises:
            OptionError: unknown effect or control, or a number out of its range.
        """
        named = [(_effect(name), told) for name, told in settings]
        sizes = {len(v) for _, told in named for v in told.values() if isinstance(v, Tensor)}
        if len(sizes - {1}) > 1:
            raise OptionError(f"settings for {sorted(sizes)} sounds in one chain; expected one B")
        batch = max(sizes, default=1)
        return cls(tuple(_step(effect, told, batch, device) for effect, told in named))

    def as_list(self) -> list[dict[str, Any]]:
        """The settings of the first sound as JSON values, e.g. for a sound's provenance."""
        return [
            {"effect": step.effect.name, **{k: float(v[0]) for k, v in step.values.items()}}
            for step in self.steps
        ]

    @classmethod
    def from_list(cls, settings: Sequence[Mapping[str, Any]]) -> Chain:
        """What `as_list` wrote.

        Raises:
            OptionError: not such a list, or as `of`.
        """
        if not all(isinstance(s, Mapping) and "effect" in s for s in settings):
            raise OptionError("a chain is a list of objects that each name an effect")
        told = [(s["effect"], {k: v for k, v in s.items() if k != "effect"}) for s in settings]
        return cls.of(told)

    def active(self) -> Chain:
        """Without the effects that leave every sound alone."""
        return Chain(tuple(s for s in self.steps if bool(s.effect.active(s.values).any())))

    @property
    def widens(self) -> bool:
        """Whether a mono sound comes out with two channels."""
        return any(step.effect.widens(step.values) for step in self.active().steps)

    def memory(self, rate: int) -> int:
        """Frames for which the chain still sounds after its input has ended."""
        return sum(s.effect.memory(s.values, rate) for s in self.active().steps)

    def ahead(self, rate: int) -> int:
        """Frames of the future that the chain hears."""
        return sum(s.effect.ahead(s.values, rate) for s in self.active().steps)


def process(samples: Tensor, chain: Chain, rate: int, start: int = 0) -> Tensor:
    """Samples [B, C, N] through a chain, [B, C, N] or, where the chain widens mono, [B, 2, N].

    Effects at bypass are left out: what they alone would touch comes back bit for bit, while
    gradients of their settings still flow. Tails end with the samples: pad them by
    `Chain.memory` to keep them, or see `render`.

    Args:
        samples: floats [B, C, N], full scale −1..1.
        chain: settings for one sound or for B; of the samples' type and device.
        rate: Hz.
        start: the number of the first frame, counted from the sound's beginning, for effects that
            keep time. A multiple of `envelope.hop(rate)`.
    """
    kept = [step for step in chain.steps if _counts(step)]
    for fused, group in groupby(kept, key=lambda step: step.effect.response is not None):
        steps = list(group)
        if fused and len(steps) > 1:
            samples = _fused(samples, steps, rate)
            continue
        for step in steps:
            done = step.effect.apply(samples, _as(samples, step.values), rate, start)
            samples = _bypassed(samples, done, step.effect.active(step.values))
    return samples


def _counts(step: Step) -> bool:
    learns = torch.is_grad_enabled() and any(v.requires_grad for v in step.values.values())
    return learns or bool(step.effect.active(step.values).any())


def _as(samples: Tensor, values: Values) -> Values:
    """Values for each sound of a batch."""
    return {k: v.to(samples).expand(len(samples)) for k, v in values.items()}


def _bypassed(samples: Tensor, done: Tensor, active: Tensor) -> Tensor:
    if bool(active.all()):
        return done
    same = samples.expand_as(done)
    if done.requires_grad:
        # Adds nothing, yet lets a setting learn to leave its bypass.
        same = same + (done - done.detach())
    return torch.where(active[:, None, None], done, same)


def _fused(samples: Tensor, steps: list[Step], rate: int) -> Tensor:
    """Linear effects in a row: their responses multiplied."""
    values = [_as(samples, step.values) for step in steps]
    pairs = list(zip(steps, values, strict=True))
    if samples.shape[1] == 1 and any(s.effect.widens(v) for s, v in pairs):
        samples = samples.expand(-1, 2, -1)
    channels = samples.shape[1]

    def response(size: int) -> Tensor:
        whole: Tensor | None = None
        for step, told in pairs:
            assert step.effect.response is not None
            one = step.effect.response(told, size, rate, channels)
            one = _bypassed(torch.ones_like(one), one, step.effect.active(told))
            whole = one if whole is None else whole * one
        assert whole is not None
        return whole

    done = convolve(samples, response, sum(s.effect.memory(v, rate) for s, v in pairs))
    active = torch.stack([step.effect.active(told) for step, told in pairs]).any(dim=0)
    return _bypassed(samples, done, active)


def _effect(name: str) -> Effect:
    if name not in RACK:
        raise OptionError(f"no effect is called {name!r}; expected one of {', '.join(RACK)}")
    return RACK[name]


def _step(
    effect: Effect, told: Mapping[str, float | Tensor], batch: int, device: torch.device | str
) -> Step:
    for name, value in told.items():
        parameter = effect[name]
        if isinstance(value, Tensor):
            continue
        if not isinstance(value, int | float) or not parameter.low <= value <= parameter.high:
            raise OptionError(
                f"{effect.name} has {name} = {value!r}; expected {parameter.low:g} to "
                f"{parameter.high:g} {parameter.unit}".rstrip()
            )
    values = {p.name: told.get(p.name, p.bypass) for p in effect.parameters}
    return Step(
        effect,
        {
            name: value
            if isinstance(value, Tensor)
            else torch.full((batch,), float(value), device=device)
            for name, value in values.items()
        },
    )
