"""A sound that was listened to: what every restyle of it needs, found once."""

from collections.abc import Mapping
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from sonolume.pipelines.restyle.excerpts import excerpts, stretches
from sonolume.pipelines.restyle.recording import Recording
from sonolume.pipelines.restyle.search import Found, Probed, probe, scaled, search
from sonolume.signal.structure import Structure, structure

__all__ = ["Listened"]


class Listened:
    """A recording, its stretches and excerpts; each is found when it is first asked for.

    Args:
        recording: the sound.
        seed: of the excerpts.
    """

    def __init__(self, recording: Recording, seed: int) -> None:
        self.recording, self.seed = recording, seed
        self._found: dict[tuple[object, ...], Found] = {}

    @cached_property
    def parts(self) -> list[NDArray[np.float32]]:
        """Stretches [C, n] over which the structure is held."""
        return stretches(self.recording)

    @cached_property
    def structures(self) -> list[Structure]:
        """Of each of `parts`."""
        return [structure(part, self.recording.rate) for part in self.parts]

    @cached_property
    def probed(self) -> Probed:
        """What each move does to the excerpts."""
        return probe(*excerpts(self.parts, self.recording.rate, self.seed))

    def found(self, targets: Mapping[str, float], effects: int, strength: float) -> Found:
        """What `search` finds for targets at strength 1, in just clear steps by cue, `scaled`."""
        # What was multiplied by a strength and divided again differs in its last digits.
        unit = {name: round(value, 6) for name, value in targets.items()}
        key = (effects, *unit.values())
        if key not in self._found:
            self._found[key] = search(self.probed, unit, effects=effects)
        return scaled(self.probed, self._found[key], unit, strength)
