"""How things vibrate when they are struck freely."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sonolume.music.foley.materials import Body
from sonolume.signal.modes import BELL, GLASS, PLATE, free_bar, membrane

__all__ = ["modes_of"]


def modes_of(body: Body) -> NDArray[np.float64]:
    """Ratios of what is struck freely; those of a string are whole numbers."""
    match body:
        case "bar":
            return free_bar()
        case "plate":
            return np.array(PLATE)
        case "bell":
            return np.array(BELL)
        case "glass":
            return np.array(GLASS)
        case "membrane":
            return membrane(16)
        case _:
            return np.arange(1.0, 25.0)
