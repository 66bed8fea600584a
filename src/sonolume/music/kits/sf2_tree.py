"""Who owns which zones in an SF2 bank, and what they say."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sonolume.errors import DataError
from sonolume.music.kits.sf2_format import LAST_GENERATOR, VELOCITY_LOUDNESS, G

__all__ = ["Zone", "zone_lists"]

UNSIGNED = (G.KEYS, G.VELOCITIES)


@dataclass(frozen=True)
class Zone:
    """One zone with what its owner's global zone says where it is silent itself.

    Attributes:
        values: generator number → signed amount, keys and velocities apart.
        keys, velocities: lowest and highest, both included.
        leaf: number of the instrument or the sample.
        velocity: depth of velocity → attenuation in centibels, None where nothing is said.
    """

    values: dict[int, int]
    keys: tuple[int, int]
    velocities: tuple[int, int]
    leaf: int
    velocity: int | None


@dataclass(frozen=True)
class _Bag:
    values: dict[int, int]
    velocity: int | None


def zone_lists(
    where: str, lists: dict[bytes, NDArray[np.void]], owners: bytes, prefix: bytes, leaf: int
) -> list[list[Zone]]:
    """The zones of every preset (``b"phdr"``, ``b"p"``) or instrument (``b"inst"``, ``b"i"``).

    ``leaf`` is the generator that ends a zone: G.INSTRUMENT or G.SAMPLE. The first zone without
    it is global (sections 7.3 and 7.7); others without it count for nothing.

    Raises:
        DataError: indices that run backwards or beyond their lists.
    """
    bags = lists[prefix + b"bag"]
    generators, modulators = lists[prefix + b"gen"], lists[prefix + b"mod"]
    owner_at = _indices(where, owners, lists[owners]["bag"], len(bags) - 1)
    generator_at = _indices(where, prefix + b"gen", bags["generator"], len(generators))
    modulator_at = _indices(where, prefix + b"mod", bags["modulator"], len(modulators))
    numbers, amounts = generators["number"].tolist(), generators["amount"].tolist()
    changes = modulators.tolist()
    parsed = [
        _Bag(_values(numbers[g:h], amounts[g:h], leaf), _velocity(changes[m:n]))
        for (g, h), (m, n) in zip(pairwise(generator_at), pairwise(modulator_at), strict=True)
    ]
    return [_zones(parsed[start:end], leaf) for start, end in pairwise(owner_at)]


def _indices(where: str, name: bytes, values: NDArray[Any], most: int) -> list[int]:
    if len(values) > 1 and ((np.diff(values.astype(np.int64)) < 0).any() or values[-1] > most):
        raise DataError(f"{where} is damaged: the indices into {name.decode()!r} are out of order")
    return [int(value) for value in values]


def _values(numbers: list[int], amounts: list[int], leaf: int) -> dict[int, int]:
    """Generators up to the leaf; what follows it counts for nothing (section 8.1.2)."""
    values: dict[int, int] = {}
    for number, amount in zip(numbers, amounts, strict=True):
        if number <= LAST_GENERATOR:
            values[number] = amount if number in (*UNSIGNED, leaf) else _signed(amount)
        if number == leaf:
            break
    return values


def _signed(amount: int) -> int:
    return amount - 65_536 if amount > 32_767 else amount


def _velocity(modulators: list[tuple[int, int, int, int, int]]) -> int | None:
    """The last linear modulator from velocity to attenuation counts."""
    depth = None
    for source, target, amount, amount_source, transform in modulators:
        if (source, target, amount_source) == VELOCITY_LOUDNESS and not transform:
            depth = amount
    return depth


def _zones(bags: list[_Bag], leaf: int) -> list[Zone]:
    common = _Bag({}, None)
    if bags and leaf not in bags[0].values:
        common = bags[0]
    return [_zone(common, bag, leaf) for bag in bags if leaf in bag.values]


def _zone(common: _Bag, own: _Bag, leaf: int) -> Zone:
    values = common.values | own.values
    return Zone(
        {g: v for g, v in values.items() if g not in (*UNSIGNED, leaf)},
        _ends(values.get(G.KEYS)),
        _ends(values.get(G.VELOCITIES)),
        values[leaf],
        common.velocity if own.velocity is None else own.velocity,
    )


def _ends(packed: int | None) -> tuple[int, int]:
    if packed is None:
        return 0, 127
    return packed & 0xFF, min(127, packed >> 8)
