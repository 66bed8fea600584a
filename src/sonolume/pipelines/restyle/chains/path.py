"""More strength is more of the same: how a chain's amounts grow with the strength."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sonolume.pipelines.restyle.chains.aims import (
    INSISTING,
    aim,
    intended,
    weights_of,
    wrong_ways,
)
from sonolume.pipelines.restyle.chains.probed import Probed, Vector
from sonolume.pipelines.restyle.chains.refine import refine
from sonolume.pipelines.restyle.chains.search import AMOUNT, Found
from sonolume.signal.kept import Kept

__all__ = ["Path"]

KNOTS: Final = (0.0, 0.5, 1.0, 1.5, 2.0)
WHOLE: Final = 2  # the place of strength 1
SLIP: Final = 0.03  # steps that a cue may seem to fall
CLEAR: Final = 0.1  # steps that a cue has gone
BACK: Final = (0.5, 0.25)  # of a piece of the way, where the whole of it would turn a cue back
AIMED: Final = 0.2  # steps that a cue should go at least where it goes further in the end

Bad = Callable[[Vector], NDArray[np.bool_]]
"""What was moved → cues that are not where they must be."""


class Path:
    """Amounts of a chain at every strength, from nothing to twice what was found for strength 1.

    Straight between strengths 0, 0.5, 1, 1.5 and 2, each found when it is first asked for. Amounts
    never fall, and no cue that should move goes back on the excerpts from one knot to the next:
    where half of the amounts, or more of them, would do that (effects are not linear), they are
    refined between their neighbours, and where that does not help, they stay.

    Args:
        sound: what `probe` found.
        found: for ``targets`` at strength 1.
        targets: just clear steps by cue.
        refined: whether amounts may be refined, or are only multiplied by the strength.

    Attributes:
        kept: what was kept of the structure at strengths that were tried.
    """

    def __init__(
        self, sound: Probed, found: Found, targets: Mapping[str, float], *, refined: bool = True
    ) -> None:
        self.sound, self.found, self._refined = sound, found, refined
        self.chosen = found.chosen
        self._wanted = aim(targets)
        self._weights = weights_of(sound, self._wanted)
        self._meant = intended(self._wanted, self._weights)
        self._way = np.sign(self._wanted)
        self.kept: dict[tuple[float, ...], Kept] = {}
        self._tried: dict[tuple[float, ...], Vector] = {}
        self._knots: dict[int, tuple[Vector, Vector]] = {
            0: (np.zeros(len(found.amounts)), np.zeros_like(self._wanted)),
            WHOLE: (np.array(found.amounts), found.moved),
        }

    def amounts(self, strengths: Sequence[float]) -> list[float]:
        """Of each effect at a strength of its own, 0 to 2."""
        return [self._amount(place, at) for place, at in enumerate(strengths)]

    def turns_back(self, before: Sequence[float], after: Sequence[float]) -> bool:
        """Whether a cue that had gone the right way goes back on the excerpts, from some strengths
        of the effects to others."""
        was, now = (self._moved(tuple(self.amounts(each))) for each in (before, after))
        right = self._meant & (was * self._way > CLEAR)
        return bool((right & ((now - was) * self._way < -SLIP)).any())

    def _moved(self, amounts: tuple[float, ...]) -> Vector:
        if amounts not in self._tried:
            self._tried[amounts] = self.sound.moved(self.chosen, amounts)
        return self._tried[amounts]

    def _amount(self, place: int, strength: float) -> float:
        above = int(np.searchsorted(KNOTS, strength))
        if KNOTS[above] == strength:
            return float(self._knot(above)[0][place])
        low, high = (float(self._knot(k)[0][place]) for k in (above - 1, above))
        share = (strength - KNOTS[above - 1]) / (KNOTS[above] - KNOTS[above - 1])
        return low + share * (high - low)

    def _knot(self, at: int) -> tuple[Vector, Vector]:
        """Amounts, and what they move."""
        if at not in self._knots:
            self._knots[at] = self._half() if at < WHOLE else self._further(at)
        return self._knots[at]

    def _half(self) -> tuple[Vector, Vector]:
        """Between nothing and the whole, where each cue has gone half of its way."""
        whole, most = self._knots[WHOLE]
        gone = np.abs(most)
        least = np.clip(gone / 2, np.minimum(AIMED, gone), gone)
        right = self._meant & (most * self._way > 0)
        wanted = np.where(right, self._way * least, self._wanted / 2)

        def bad(moved: Vector) -> NDArray[np.bool_]:
            beyond = right & ((most - moved) * self._way < -SLIP)
            return (wrong_ways(moved, wanted) & self._meant) | beyond

        return self._between(np.zeros_like(whole), whole, whole / 2, wanted, bad)

    def _further(self, at: int) -> tuple[Vector, Vector]:
        """Beyond the knot before, where no cue goes back."""
        before, least = self._knot(at - 1)
        scaled = np.minimum(1.0, np.maximum(before, KNOTS[at] * self._knots[WHOLE][0]))
        if (scaled <= before).all():
            return before, least
        gone, asked = least * self._way, KNOTS[at] * np.abs(self._wanted)
        further = self._way * np.maximum(gone, asked)
        wanted = np.where(self._meant, further, KNOTS[at] * self._wanted)

        def bad(moved: Vector) -> NDArray[np.bool_]:
            return self._meant & (moved * self._way < gone - SLIP)

        amounts, moved = self._between(before, np.ones_like(before), scaled, wanted, bad)
        for share in BACK if self._refined else ():
            if not bad(moved).any():
                return amounts, moved
            amounts = before + share * (amounts - before)
            moved = self.sound.moved(self.chosen, amounts.tolist())
        return (amounts, moved) if not self._refined or not bad(moved).any() else (before, least)

    def _between(
        self, low: Vector, high: Vector, start: Vector, wanted: Vector, bad: Bad
    ) -> tuple[Vector, Vector]:
        """``start``, refined within bounds where some cues are bad there."""
        moved = self.sound.moved(self.chosen, start.tolist())
        if not self._refined or not bad(moved).any():
            return start, moved
        places = [self.sound.possible.index(move) for move in self.chosen]
        return refine(
            lambda amounts: self.sound.moved(self.chosen, amounts.tolist()),
            lambda reached: np.where(bad(reached), INSISTING, 1.0) * self._weights,
            wanted, self.sound.effect[places].T, start, AMOUNT, (low, high),
        )  # fmt: skip
