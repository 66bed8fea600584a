"""What must stay: effects are turned down until rhythm, harmony and energy are held."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sonolume.media import Audio
from sonolume.signal.rack import Chain, render
from sonolume.signal.structure import Kept, Structure, compare, structure

__all__ = ["Settled", "broken", "settle", "slacks"]

ENOUGH: Final = 0.9
TEMPO: Final = 0.04  # share by which a tempo may seem to change
TRIES: Final = 4
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
    effects: int,
    keep: Sequence[str],
) -> Settled:
    """Shares at which what is in ``keep`` holds.

    Where the whole chain breaks it, the effect that is the most to blame is turned down by
    bisection, or left out where that is not enough, and the next one looked for.

    Rhythm holds with an onset F1 of 0.9, or all onsets but one, and a tempo within 4 % where there
    are onsets to tell one; harmony with a correlation of chromagrams of 0.9, energy with one of
    momentary loudness of 0.9.

    Args:
        parts: stretches of the sound, [C, n] each, n ≥ 1.
        before: the structure of each.
        rate: Hz.
        chain_at: the chain at shares of its amounts; at zeros it must be the sound itself.
        effects: how many shares there are.
        keep: some of rhythm, harmony and energy.
    """
    pairs = list(zip(parts, before, strict=True))
    onsets = min(len(each.onsets) for each in before)

    def tried(shares: Sequence[float]) -> Kept:
        return _worst([_kept(p, s, rate, chain_at(shares)) for p, s in pairs])

    shares = [1.0] * effects
    kept = tried(shares)
    lost = broken(kept, keep, onsets)
    while broken(kept, keep, onsets) and any(shares):
        without = {i: tried(_with(shares, i, 0.0)) for i in range(effects) if shares[i]}
        blamed = max(without, key=lambda i: _slack(without[i], keep, onsets))
        shares, kept = _with(shares, blamed, 0.0), without[blamed]
        if not broken(kept, keep, onsets):
            shares, kept = _bisected(tried, shares, kept, blamed, keep, onsets)
    return Settled(tuple(shares), kept, lost)


def _bisected(
    tried: Callable[[Sequence[float]], Kept],
    shares: list[float],
    kept: Kept,
    blamed: int,
    keep: Sequence[str],
    onsets: int,
) -> tuple[list[float], Kept]:
    low, high = 0.0, 1.0
    for _ in range(TRIES):
        middle = (low + high) / 2
        found = tried(_with(shares, blamed, middle))
        if broken(found, keep, onsets):
            high = middle
        else:
            low, kept = middle, found
    return _with(shares, blamed, low), kept


def _with(shares: Sequence[float], index: int, share: float) -> list[float]:
    return [share if i == index else each for i, each in enumerate(shares)]


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


def _slack(kept: Kept, keep: Sequence[str], onsets: int) -> float:
    return min(slacks(kept, onsets)[name] for name in keep)


def _kept(part: NDArray[np.float32], before: Structure, rate: int, chain: Chain) -> Kept:
    after = render(Audio(part, rate), chain, tails=False)
    return compare(before, structure(after.samples, rate))


def _worst(found: Sequence[Kept]) -> Kept:
    return Kept(
        onset_f1=min(each.onset_f1 for each in found),
        tempo_ratio=max((k.tempo_ratio for k in found), key=_off),
        chroma=min(each.chroma for each in found),
        loudness_contour=min(each.loudness_contour for each in found),
        lag=max((each.lag for each in found), key=abs),
    )


def _off(ratio: float) -> float:
    return abs(math.log(ratio)) if ratio > 0 else math.inf
