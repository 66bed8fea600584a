"""What chains would leave of a sound's structure, tried on the whole of it."""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sonolume.media import Audio
from sonolume.pipelines.restyle.contract import worst
from sonolume.signal.kept import Kept, compare
from sonolume.signal.rack import Chain, Step, render
from sonolume.signal.structure import Structure, structure

__all__ = ["Trials"]

HELD: Final = 2  # first effects that are remembered of each stretch
MOST: Final = 64e6  # bytes of a stretch that is worth remembering

Key = tuple[object, ...]


class Trials:
    """Chains tried on stretches of a sound.

    Chains that are tried one after another often begin alike. What a first effect made is kept for
    the next chain, unless the effect is linear, which costs little and goes with its neighbours in
    one transform. May be used by several threads.

    Args:
        parts: stretches of the sound, [C, n] each, n ≥ 1.
        before: the structure of each.
        rate: Hz.
    """

    def __init__(
        self, parts: Sequence[NDArray[np.float32]], before: Sequence[Structure], rate: int
    ) -> None:
        self._parts, self._before, self._rate = parts, before, rate
        self._begun: list[dict[Key, NDArray[np.float32]]] = [{} for _ in parts]

    def kept(self, chain: Chain) -> Kept:
        """Of several stretches the least of each part of the structure."""
        return worst([self._one(at, chain.active()) for at in range(len(self._parts))])

    def _one(self, at: int, chain: Chain) -> Kept:
        samples, rest = self._parts[at], chain
        if len(chain.steps) > 1 and self._worthwhile(at, chain.steps[0]):
            samples, rest = self._first(at, chain.steps[0]), Chain(chain.steps[1:])
        after = render(Audio(samples, self._rate), rest, tails=False)
        return compare(self._before[at], structure(after.samples, self._rate))

    def _worthwhile(self, at: int, step: Step) -> bool:
        return step.effect.response is None and self._parts[at].nbytes <= MOST

    def _first(self, at: int, step: Step) -> NDArray[np.float32]:
        begun = self._begun[at]
        key = (step.effect.name, *(float(value[0]) for value in step.values.values()))
        made = begun.get(key)
        if made is None:
            sound = Audio(self._parts[at], self._rate)
            made = render(sound, Chain((step,)), tails=False).samples
            for old in list(begun)[: len(begun) + 1 - HELD]:
                begun.pop(old, None)
            begun[key] = made
        return made
