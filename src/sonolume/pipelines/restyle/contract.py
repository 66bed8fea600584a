"""What must stay of a sound when its style moves, and when it is broken."""

import math
from collections.abc import Sequence
from typing import Final

from sonolume.signal.kept import Kept

__all__ = ["broken", "slacks", "worst"]

ENOUGH: Final = 0.9
TEMPO: Final = 0.04  # share by which a tempo may seem to change
FEWEST: Final = 4  # onsets that make a tempo


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
        "harmony": kept.harmony - ENOUGH,
        "energy": kept.loudness_contour - ENOUGH,
    }


def worst(found: Sequence[Kept]) -> Kept:
    """Of several stretches the least that is kept of each part of their structure."""
    return Kept(
        onset_f1=min(each.onset_f1 for each in found),
        tempo_ratio=max((k.tempo_ratio for k in found), key=_off),
        chroma=min(each.chroma for each in found),
        loudness_contour=min(each.loudness_contour for each in found),
        lag=max((each.lag for each in found), key=abs),
        harmony=min(each.harmony for each in found),
    )


def _off(ratio: float) -> float:
    return abs(math.log(ratio)) if ratio > 0 else math.inf
