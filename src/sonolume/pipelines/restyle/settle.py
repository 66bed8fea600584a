"""What must stay: effects are turned down until rhythm, harmony and energy are held."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray

from sonolume.diffusion.workers import beside
from sonolume.pipelines.restyle.contract import broken, slacks
from sonolume.pipelines.restyle.trial import Trials
from sonolume.signal.kept import Kept
from sonolume.signal.rack import Chain
from sonolume.signal.structure import Structure

__all__ = ["Settled", "Strengths", "settle"]

STEP: Final = 0.25  # of strength, between two looks at the structure
AT_ONCE: Final = 2  # tries beside each other

Strengths = tuple[float, ...]
TurnsBack = Callable[[Strengths, Strengths], bool]

ChainAt = Callable[[Sequence[float]], Chain]
"""A strength for each effect → the chain."""


@dataclass(frozen=True)
class Settled:
    """How far the effects of a chain could be turned up.

    Attributes:
        strengths: of each effect, at most the one that was asked for.
        kept: of the structure, then; of several stretches the least of each.
        lost: what was broken at the whole strength, of `keep`.
    """

    strengths: Strengths
    kept: Kept
    lost: tuple[str, ...]


def settle(
    parts: Sequence[NDArray[np.float32]],
    before: Sequence[Structure],
    rate: int,
    chain_at: ChainAt,
    effects: int,
    strength: float,
    keep: Sequence[str],
    *,
    turns_back: TurnsBack | None = None,
    known: dict[Strengths, Kept] | None = None,
) -> Settled:
    """Strengths at which what is in ``keep`` holds.

    Where the whole chain breaks it, the strength grows step by step from where it holds. The
    effect that is then the most to blame stays where it is, found between two steps, and the others
    go on, until they alone would turn back what all of them did. Every strength walks the same way,
    so that more of it never turns an effect down.

    Rhythm holds with an onset F1 of 0.9, or all onsets but one, and a tempo within 4 % where there
    are onsets to tell one; harmony with a correlation of chromagrams, averaged over half a second,
    of 0.9, energy with one of momentary loudness of 0.9.

    Args:
        parts: stretches of the sound, [C, n] each, n ≥ 1.
        before: the structure of each.
        rate: Hz.
        chain_at: the chain at a strength of each effect; its amounts must not fall with them, and
            at zeros it must be the sound itself.
        effects: how many there are.
        strength: the one that was asked for, above 0.
        keep: some of rhythm, harmony and energy.
        turns_back: whether from some strengths to others something is undone.
        known: what is kept at strengths of this chain and sound that were tried before; what is
            tried now is added.
    """
    known = {} if known is None else known
    trials = Trials(parts, before, rate)
    onsets = min(len(each.onsets) for each in before)

    def tried(many: Sequence[Strengths]) -> list[Kept]:
        new = [each for each in dict.fromkeys(many) if each not in known]
        # Chains first: what they are made of may be found beside each other itself.
        chains = [chain_at(strengths) for strengths in new]
        with torch.inference_mode():
            work = [partial(trials.kept, chain) for chain in chains]
            found = beside(work) if len(work) > 1 else [each() for each in work]
        known.update(zip(new, found, strict=True))
        return [known[each] for each in many]

    (whole,) = tried([(strength,) * effects])
    lost = broken(whole, keep, onsets)
    if not lost:
        return Settled((strength,) * effects, whole, ())
    way = _Way(tried, turns_back or _never, effects, strength, tuple(keep), onsets)
    strengths, kept = way.walked()
    return Settled(strengths, kept, lost)


@dataclass(frozen=True)
class _Way:
    """From no strength to the one asked for, the structure held on all of it."""

    tried: Callable[[Sequence[Strengths]], list[Kept]]
    turns_back: TurnsBack
    effects: int
    strength: float
    keep: tuple[str, ...]
    onsets: int

    def walked(self) -> tuple[Strengths, Kept]:
        steps = [STEP * k for k in range(math.ceil(self.strength / STEP))]
        at, kept = self._start(steps)
        stopped: dict[int, float] = {}
        held = self._strengths(at, stopped)
        for then in (*(step for step in steps if step > at), self.strength):
            found = self.tried([self._strengths(then, stopped)])[0]
            while self._breaks(found) and len(stopped) < self.effects:
                found = self._stop_one(at, then, stopped)
            next_held = self._strengths(then, stopped)
            if self._breaks(found) or (stopped and self.turns_back(held, next_held)):
                break
            at, held, kept = then, next_held, found
        return held, kept

    def _start(self, steps: Sequence[float]) -> tuple[float, Kept]:
        """The largest strength at which nothing has to stop."""
        falling = [*reversed(steps)]
        for first in range(0, len(falling), AT_ONCE):
            some = falling[first : first + AT_ONCE]
            found = self.tried([self._strengths(step, {}) for step in some])
            for step, kept in zip(some, found, strict=True):
                if step == 0 or not self._breaks(kept):
                    return step, kept
        raise AssertionError("the last of the steps is 0")

    def _stop_one(self, at: float, then: float, stopped: dict[int, float]) -> Kept:
        """The effect that is the most to blame between two strengths stays where it still may."""
        going = [i for i in range(self.effects) if i not in stopped]
        tries = [self._strengths(then, {**stopped, i: at}) for i in going]
        without = dict(zip(going, self.tried(tries), strict=True))
        blamed = max(without, key=lambda i: self._slack(without[i]))
        last, kept = at, without[blamed]
        between = [] if self._breaks(kept) else np.linspace(at, then, AT_ONCE + 2)[1:-1].tolist()
        found = self.tried([self._strengths(then, {**stopped, blamed: x}) for x in between])
        for x, there in zip(between, found, strict=True):
            if self._breaks(there):
                break
            last, kept = x, there
        stopped[blamed] = last
        return kept

    def _strengths(self, at: float, stopped: Mapping[int, float]) -> Strengths:
        return tuple(stopped.get(i, at) for i in range(self.effects))

    def _breaks(self, kept: Kept) -> bool:
        return bool(broken(kept, self.keep, self.onsets))

    def _slack(self, kept: Kept) -> float:
        return min(slacks(kept, self.onsets)[name] for name in self.keep)


def _never(before: Strengths, after: Strengths) -> bool:  # noqa: ARG001
    return False
