"""Palettes: what a controller may turn, and how its shares become a chain.

A palette is a row of items, each an effect of the rack with some of its controls. A share is 0 to 1
of a control's range; an item whose controls are all at bypass is left out of the chain.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from sonolume.errors import OptionError
from sonolume.pipelines.restyle.chains.moves import Move, moves
from sonolume.signal.rack import RACK, Chain, Effect, Step

__all__ = ["PALETTES", "Control", "Item", "Palette", "palette"]

LOUDNESS: Final = -20.0  # LUFS of sounds of the level of `normalise_level`, about

# Seven effects as near to those of the controller that ours is compared with as the rack allows;
# a tilt stands for its playback rate, one control with its bypass in the middle.
SEVEN: Final[Mapping[str, tuple[str, ...]]] = {
    "low-pass": ("cutoff",),
    "crush": ("bits",),
    "reverb": ("wet", "decay", "damping"),
    "high-pass": ("cutoff",),
    "saturation": ("drive",),
    "tilt": ("gain",),
    "delay": ("mix", "time", "feedback"),
}


@dataclass(frozen=True)
class Control:
    """A control of an item; `bypass` is the share at which it stands where the item is inactive."""

    name: str
    bypass: float


@dataclass(frozen=True, eq=False)
class Item:
    """One thing that can be turned.

    Attributes:
        name: unique in the palette.
        effect: of the rack.
        controls: at least one.
        step: shares [B, P] of its controls → the effect.
        doc: what it does, for people.
    """

    name: str
    effect: Effect
    controls: tuple[Control, ...]
    step: Callable[[Tensor], Step]
    doc: str


@dataclass(frozen=True, eq=False)
class Palette:
    """Items, and how far and how many of them are turned where settings are drawn at random.

    Attributes:
        name: in `PALETTES`.
        items: in their order.
        least: of a share, by which an active control is off its bypass.
        most: items that are active together.
    """

    name: str
    items: tuple[Item, ...]
    least: float
    most: int

    @property
    def owners(self) -> list[int]:
        """The item of each control [P]."""
        return [i for i, item in enumerate(self.items) for _ in item.controls]

    @property
    def bypass(self) -> NDArray[np.float32]:
        """Shares [P] at which nothing is active."""
        return np.array([c.bypass for i in self.items for c in i.controls], np.float32)

    def chain(self, order: Sequence[int], shares: Tensor) -> Chain:
        """The items of `order`, one after another, at shares [B, P]."""
        owners = np.array(self.owners)
        steps = [
            self.items[i].step(shares[:, torch.from_numpy(np.flatnonzero(owners == i))])
            for i in order
        ]
        return Chain(tuple(steps))

    def draw(self, count: int, rng: np.random.Generator) -> tuple[list[int], NDArray[np.float32]]:
        """One to `most` items in a random order, no effect twice, and `count` settings of theirs.

        Returns the items' places and shares [count, P], the rest at bypass.
        """
        wanted, order = int(rng.integers(1, self.most + 1)), list[int]()
        for place in rng.permutation(len(self.items)).tolist():
            used = {self.items[i].effect.name for i in order}
            if len(order) < wanted and self.items[place].effect.name not in used:
                order.append(place)
        shares = np.tile(self.bypass, (count, 1))
        for column in np.flatnonzero(np.isin(self.owners, order)):
            shares[:, column] = _off(float(self.bypass[column]), self.least, count, rng)
        return order, shares


def _off(bypass: float, least: float, count: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Shares [count], even over 0..1 but for those nearer to the bypass than `least`."""
    below, above = max(0.0, bypass - least), max(0.0, 1.0 - bypass - least)
    drawn = rng.uniform(0, below + above, count)
    return np.where(drawn < below, drawn, drawn - below + bypass + least)


def _seven() -> Palette:
    items = tuple(_rack_item(RACK[name], controls) for name, controls in SEVEN.items())
    return Palette("seven", items, least=0.35, most=2)


def _rack_item(effect: Effect, names: tuple[str, ...]) -> Item:
    def step(shares: Tensor) -> Step:
        told = {p.name: torch.full(shares.shape[:1], p.bypass) for p in effect.parameters}
        for column, (name, control) in enumerate(zip(names, controls, strict=True)):
            parameter, share = effect[name], shares[:, column]
            value = parameter.from_unit(share).clamp(parameter.low, parameter.high)
            # Exactly, which no rounding may undo.
            if parameter.amount:
                value = torch.where(share == control.bypass, parameter.bypass, value)
            told[name] = value
        return Step(effect, told)

    controls = tuple(Control(name, _bypass(effect, name)) for name in names)
    return Item(effect.name, effect, controls, step, effect.name)


def _bypass(effect: Effect, name: str) -> float:
    """Of a control that says no amount, its low end."""
    parameter = effect[name]
    if not parameter.amount:
        return 0.0
    return float(parameter.to_unit(torch.tensor(parameter.bypass)))


def _moves() -> Palette:
    items = tuple(_move_item(move) for move in moves(LOUDNESS, 1))
    return Palette("moves", items, least=0.1, most=3)


def _move_item(move: Move) -> Item:
    control = Control("amount", 0.0)
    return Item(
        move.name, move.effect, (control,), lambda shares: move.step(shares[:, 0]), move.doc
    )


PALETTES: Final[Mapping[str, Callable[[], Palette]]] = {"seven": _seven, "moves": _moves}
"""`seven` is measured beside the published design; `moves` is what `restyle` turns on mono."""


@cache
def palette(name: str) -> Palette:
    """The palette of that name. Raises OptionError for another one."""
    if name not in PALETTES:
        raise OptionError(f"no palette is called {name!r}; expected {' or '.join(PALETTES)}")
    return PALETTES[name]()
