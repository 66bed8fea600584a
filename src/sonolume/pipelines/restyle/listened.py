"""A sound that was listened to: what every restyle of it needs, found once."""

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from sonolume.pipelines.restyle.chains.path import Path
from sonolume.pipelines.restyle.chains.probed import Probed, probe
from sonolume.pipelines.restyle.chains.search import Found, nearer, proposed, search
from sonolume.pipelines.restyle.excerpts import excerpts, stretches
from sonolume.pipelines.restyle.recording import Recording
from sonolume.pipelines.restyle.settings import By
from sonolume.signal.structure import Structure, structure

__all__ = ["Listened", "Propose"]

Propose = Callable[[Probed, Mapping[str, float], int], Sequence[tuple[int, float]]]
"""Excerpts, targets, at most so many → places of moves, and amounts."""


class Listened:
    """A recording, its stretches and excerpts; each is found when it is first asked for.

    Args:
        recording: the sound.
        seed: of the excerpts.
    """

    def __init__(self, recording: Recording, seed: int) -> None:
        self.recording, self.seed = recording, seed
        self._paths: dict[tuple[object, ...], Path] = {}

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

    def path(
        self,
        targets: Mapping[str, float],
        effects: int,
        *,
        by: By = "search",
        propose: Propose | None = None,
    ) -> Path:
        """The chain for targets at strength 1, and its amounts at every strength.

        Args:
            targets: just clear steps by cue.
            effects: at most so many.
            by: see `RestyleSettings`; anything but "search" needs ``propose``.
            propose: of this change of a picture.
        """
        # What was multiplied by a strength and divided again differs in its last digits.
        unit = {name: round(value, 6) for name, value in targets.items()}
        moves = () if propose is None else tuple(propose(self.probed, unit, effects))
        key = (by, effects, moves, *unit.values())
        if key not in self._paths:
            found = self._looked_for(unit, effects, by, moves)
            self._paths[key] = Path(self.probed, found, unit, refined=by != "controller")
        return self._paths[key]

    def _looked_for(
        self, unit: Mapping[str, float], effects: int, by: By, moves: Sequence[tuple[int, float]]
    ) -> Found:
        if by == "controller":
            return proposed(self.probed, unit, moves, refined=False)
        found = search(self.probed, unit, effects=effects)
        if by == "search":
            return found
        return nearer(self.probed, found, proposed(self.probed, unit, moves, refined=True), unit)
