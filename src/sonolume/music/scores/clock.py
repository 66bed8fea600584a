"""Ticks of a MIDI file and seconds, through its tempo map."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = ["Clock"]

DEFAULT_TEMPO = 500_000


@dataclass(frozen=True, eq=False)
class Clock:
    """Stretches of steady tempo.

    Attributes:
        ticks: int64 [N], where each stretch begins; rising, the first is 0.
        seconds: float64 [N], the same places in seconds.
        steps: float64 [N], seconds a tick.
    """

    ticks: NDArray[np.int64]
    seconds: NDArray[np.float64]
    steps: NDArray[np.float64]

    @classmethod
    def metrical(cls, tempi: Sequence[tuple[int, float]], division: int) -> Clock:
        """From (tick, microseconds a quarter note) in rising order; the last of a tick counts."""
        table: dict[int, float] = {0: DEFAULT_TEMPO} | dict(tempi)
        ticks = np.fromiter(table, np.int64, len(table))
        steps = np.fromiter(table.values(), np.float64, len(table)) / (1e6 * division)
        seconds = np.concatenate([[0.0], np.cumsum(np.diff(ticks) * steps[:-1])])
        return cls(ticks, seconds, steps)

    @classmethod
    def steady(cls, step: float) -> Clock:
        """Ticks of ``step`` seconds, as SMPTE divisions have them."""
        return cls(np.zeros(1, np.int64), np.zeros(1), np.full(1, step))

    def at(self, ticks: ArrayLike) -> NDArray[np.float64]:
        """Seconds of ticks ≥ 0."""
        ticks = np.asarray(ticks, np.int64)
        place = np.searchsorted(self.ticks, ticks, side="right") - 1
        seconds: NDArray[np.float64] = (
            self.seconds[place] + (ticks - self.ticks[place]) * self.steps[place]
        )
        return seconds

    def tick(self, seconds: ArrayLike) -> NDArray[np.int64]:
        """The tick nearest to each of the seconds ≥ 0."""
        seconds = np.asarray(seconds, np.float64)
        place = np.searchsorted(self.seconds, seconds, side="right") - 1
        return self.ticks[place] + np.rint(
            (seconds - self.seconds[place]) / self.steps[place]
        ).astype(np.int64)
