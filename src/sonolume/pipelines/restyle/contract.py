"""What must stay: effects are turned down until rhythm, harmony and energy are held."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sonolume.media import Audio
from sonolume.signal.rack import Chain, render
from sonolume.signal.structure import Kept, Structure, compare, structure

__all__ = ["Settled", "broken", "settle", "slacks", "worst"]

ENOUGH: Final = 0.9
TEMPO: Final = 0.04  # share by which a tempo may seem to change
STEP: Final = 0.25  # of strength, between two looks at the structure
TRIES: Final = 3  # of bisection within a step
FEWEST: Final = 4  # onsets that make a tempo

ChainAt = Callable[[Sequence[float]], Chain]
"""Share 0..1 of each effect's amount → the chain."""


@dataclass(frozen=True)
class Settled:
    """How far the effects of a chain could be turned up.

    Attributes:
        shares: 0 to 1 of each amount.
        kept: of the structure, then; of several stretches the least of each.
        lost: what was broken at the whole of the amounts, of `keep`.
    """

    shares: tuple[float, ...]
    kept: Kept
    lost: tuple[str, ...]


def settle(
    parts: Sequence[NDArray[np.float32]],
    before: Sequence[Structure],
    rate: int,
    chain_at: ChainAt,
    reached: Sequence[float],
    keep: Sequence[str],
) -> Settled:
    """Shares at which what is in ``keep`` holds.

    Where the whole chain breaks it, the strength grows step by step from where it holds. The
    effect that is then the most to blame stays where it is, found by bisection, and the others go
    on. Every strength walks the same way, so that more of it never turns an effect down.

    Rhythm holds with an onset F1 of 0.9, or all onsets but one, and a tempo within 4 % where there
    are onsets to tell one; harmony with a correlation of chromagrams of 0.9, energy with one of
    momentary loudness of 0.9.

    Args:
        parts: stretches of the sound, [C, n] each, n ≥ 1.
        before: the structure of each.
        rate: Hz.
        chain_at: the chain at shares of its amounts; at zeros it must be the sound itself.
        reached: the strength at which each share is whole.
        keep: some of rhythm, harmony and energy.
    """
    pairs = list(zip(parts, before, strict=True))
    onsets = min(len(each.onsets) for each in before)

    def tried(shares: Sequence[float]) -> Kept:
        return worst([_kept(p, s, rate, chain_at(shares)) for p, s in pairs])

    whole = tried([1.0] * len(reached))
    lost = broken(whole, keep, onsets)
    if not lost:
        return Settled((1.0,) * len(reached), whole, ())
    shares, kept = _Way(tried, tuple(reached), tuple(keep), onsets).walked()
    return Settled(shares, kept, lost)


@dataclass(frozen=True)
class _Way:
    """From no strength to the one asked for, the structure held on all of it."""

    tried: Callable[[Sequence[float]], Kept]
    reached: tuple[float, ...]
    keep: tuple[str, ...]
    onsets: int

    def walked(self) -> tuple[tuple[float, ...], Kept]:
        steps = [STEP * k for k in range(math.ceil(max(self.reached) / STEP))]
        at, kept = self._start(steps)
        stopped: dict[int, float] = {}
        held = self._shares(at, stopped)
        for then in (*(step for step in steps if step > at), max(self.reached)):
            found = self.tried(self._shares(then, stopped))
            while self._breaks(found) and len(stopped) < len(self.reached):
                found = self._stop_one(at, then, stopped)
            if self._breaks(found):
                break
            at, held, kept = then, self._shares(then, stopped), found
        return held, kept

    def _start(self, steps: Sequence[float]) -> tuple[float, Kept]:
        """The largest strength at which nothing has to stop."""
        for step in reversed(steps[1:]):
            kept = self.tried(self._shares(step, {}))
            if not self._breaks(kept):
                return step, kept
        return 0.0, self.tried(self._shares(0.0, {}))

    def _stop_one(self, at: float, then: float, stopped: dict[int, float]) -> Kept:
        """The effect that is the most to blame between two strengths stays where it still may."""
        going = [i for i in range(len(self.reached)) if i not in stopped]
        without = {i: self.tried(self._shares(then, {**stopped, i: at})) for i in going}
        blamed = max(without, key=lambda i: self._slack(without[i]))
        low, high, kept = at, then, without[blamed]
        for _ in range(0 if self._breaks(kept) else TRIES):
            middle = (low + high) / 2
            found = self.tried(self._shares(then, {**stopped, blamed: middle}))
            if self._breaks(found):
                high = middle
            else:
                low, kept = middle, found
        stopped[blamed] = low
        return kept

    def _shares(self, at: float, stopped: Mapping[int, float]) -> tuple[float, ...]:
        return tuple(min(1.0, stopped.get(i, at) / r) for i, r in enumerate(self.reached))

    def _breaks(self, kept: Kept) -> bool:
        return bool(broken(kept, self.keep, self.onsets))

    def _slack(self, kept: Kept) -> float:
        return min(slacks(kept, self.onsets)[name] for name in self.keep)


def broken(kept: Kept, keep: Sequence[str], onsets: int) -> tuple[str, ...]:
    """What of ``keep`` is not held, of a sound of so many onsets."""
    slack = slacks(kept, onsets)
    return tuple(name for name in slack if name in keep and slack[name] < 0)


def slacks(kept: Kept, onsets: int) -> dict[str, float]:
    """How far rhythm, harmony and energy are from breaking; below 0 they are broken."""
    # Of few onsets, one that is found or not decides between 0.67 and 0.89.
    enough = min(ENOUGH, 2 * (onsets - 1) / (2 * onsets - 1)) if onsets > 1 else ENOUGH
    tempo = (TEMPO - abs(kept.tempo_ratio - 1)) / TEMPO if onsets >= FEWEST else 1.0
    return {
        "rhythm": min(kept.onset_f1 - enough + 1e-9, tempo),
        "harmony": kept.chroma - ENOUGH,
        "energy": kept.loudness_contour - ENOUGH,
    }


def _kept(part: NDArray[np.float32], before: Structure, rate: int, chain: Chain) -> Kept:
    after = render(Audio(part, rate), chain, tails=False)
    return compare(before, structure(after.samples, rate))


def worst(found: Sequence[Kept]) -> Kept:
    """Of several stretches the least that is kept of each part of their structure."""
    return Kept(
        onset_f1=min(each.onset_f1 for each in found),
        tempo_ratio=max((k.tempo_ratio for k in found), key=_off),
        chroma=min(each.chroma for each in found),
        loudness_contour=min(each.loudness_contour for each in found),
        lag=max((each.lag for each in found), key=abs),
    )


def _off(ratio: float) -> float:
    return abs(math.log(ratio)) if ratio > 0 else math.inf
