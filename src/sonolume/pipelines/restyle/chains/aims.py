"""What a chain is to come to on excerpts, and how much each part of that weighs."""

from collections.abc import Mapping
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sonolume.pipelines.restyle.chains.probed import STYLE, Probed, Vector

__all__ = ["INSISTING", "STRUCTURE", "aim", "intended", "weights_of", "welcome", "wrong_ways"]

WANTED: Final = 0.3  # steps; a cue whose target is less may stay
STAYING: Final = 0.35  # weight of a step of a cue that should stay; 1 is that of a wanted one
STRUCTURE: Final = (8.0, 8.0, 8.0)  # weights of what rhythm, harmony and energy lose
INSISTING: Final = 3.0  # times the weight of a cue that goes the wrong way
RIGHT: Final = 0.2  # steps that a cue should go at least


def aim(targets: Mapping[str, float], strength: float = 1.0) -> Vector:
    """Targets in just clear steps by cue, as `Probed.moved` gives what was reached."""
    return np.array([*(strength * targets[name] for name in STYLE), 0.0, 0.0, 0.0])


def weights_of(sound: Probed, wanted: Vector) -> Vector:
    """Of each part of `aim`; width of mono has none."""
    cues = STAYING + (1 - STAYING) * np.minimum(1, np.abs(wanted[: len(STYLE)]) / WANTED)
    if sound.samples.shape[1] != 2:
        cues[STYLE.index("width")] = 0.0
    return np.array([*cues, *STRUCTURE])


def intended(wanted: Vector, weights: Vector) -> NDArray[np.bool_]:
    """Cues that should move, and can."""
    told: NDArray[np.bool_] = (np.abs(wanted) >= WANTED) & (weights > 0)
    return told


def wrong_ways(moved: Vector, wanted: Vector) -> NDArray[np.bool_]:
    """Cues that should move and did not, or the wrong way."""
    wrong: NDArray[np.bool_] = (np.abs(wanted) >= WANTED) & (
        moved * np.sign(wanted) < np.minimum(RIGHT, np.abs(wanted) / 2)
    )
    return wrong


def welcome(sound: Probed, wanted: Vector) -> list[int]:
    """Places of the moves that may be chosen: those for any cue, and those for one that is to
    rise."""
    rising = {name for name, way in zip(STYLE, wanted, strict=False) if way >= WANTED}
    return [
        place
        for place, move in enumerate(sound.possible)
        if move.only_for is None or move.only_for in rising
    ]
