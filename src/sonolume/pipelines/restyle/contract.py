"""What must stay: a chain is turned down until rhythm, harmony and energy are held."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sonolume.media import Audio
from sonolume.signal.rack import Chain, render
from sonolume.signal.structure import Kept, Structure, compare, structure

__all__ = ["Settled", "broken", "settle"]

ENOUGH: Final = 0.9
TEMPO: Final = 0.04  # share by which a tempo may seem to change
TRIES: Final = 6

ChainAt = Callable[[float], Chain]
"""Share 0..1 of the amounts → the chain."""


@dataclass(frozen=True)
class Settled:
    """How far a chain could be turned up.

    Attributes:
        share: 0 to 1 of its amounts.
        kept: of the structure, then; of several stretches the least of each.
        lost: what was broken at the whole of the amounts, of `keep`.
    """

    share: float
    kept: Kept
    lost: tuple[str, ...]


def settle(
    parts: Sequence[NDArray[np.float32]],
    before: Sequence[Structure],
    rate: int,
    chain_at: ChainAt,
    keep: Sequence[str],
) -> Settled:
    """The largest share, found by bisection in six renderings, at which what is in ``keep`` holds.

    Rhythm holds with an onset F1 of 0.9 and a tempo within 4 %, harmony with a correlation of
    chromagrams of 0.9, energy with one of momentary loudness of 0.9. Where none of the shares
    holds, it is 0: the sound itself.

    Args:
        parts: stretches of the sound, [C, n] each, n ≥ 1.
        before: the structure of each.
        rate: Hz.
        chain_at: the chain at a share of its amounts.
        keep: some of rhythm, harmony and energy.
    """
    pairs = list(zip(parts, before, strict=True))

    def tried(share: float) -> Kept:
        return _worst([_kept(p, s, rate, chain_at(share)) for p, s in pairs])

    kept = tried(1.0)
    lost = broken(kept, keep)
    if not lost:
        return Settled(1.0, kept, ())
    low, high, best = 0.0, 1.0, Kept(1.0, 1.0, 1.0, 1.0)
    for _ in range(TRIES - 1):
        middle = (low + high) / 2
        kept = tried(middle)
        if broken(kept, keep):
            high = middle
        else:
            low, best = middle, kept
    return Settled(low, best, lost)


def broken(kept: Kept, keep: Sequence[str]) -> tuple[str, ...]:
    """What of ``keep`` is not held."""
    held = {
        "rhythm": kept.onset_f1 >= ENOUGH and abs(kept.tempo_ratio - 1) <= TEMPO,
        "harmony": kept.chroma >= ENOUGH,
        "energy": kept.loudness_contour >= ENOUGH,
    }
    return tuple(name for name in held if name in keep and not held[name])


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
