"""What is asked of a mix."""

from __future__ import annotations

import math
from dataclasses import dataclass

from sonolume.errors import OptionError
from sonolume.media.audio import check_rate

__all__ = ["MixSettings"]


@dataclass(frozen=True)
class MixSettings:
    """How a score is mixed.

    Attributes:
        rate: Hz, 8000 to 192000.
        loudness: integrated, in LUFS (ITU-R BS.1770-4), -40 to -6.
        ceiling: true peak in dBTP that is never passed, -20 to 0.
        reverb: amount of room, 0 to 2; 1 is usual.
        room: reverberation time in seconds, 0.1 to 6.
        width: how far tracks without a pan of their own are spread, 0 to 1.
        polyphony: voices at once for each track.

    Raises:
        OptionError: a value out of range.
    """

    rate: int = 44_100
    loudness: float = -14.0
    ceiling: float = -1.0
    reverb: float = 1.0
    room: float = 1.4
    width: float = 0.7
    polyphony: int = 64

    def __post_init__(self) -> None:
        check_rate(self.rate, OptionError)
        ranges = {
            "rate": (8_000, 192_000),
            "loudness": (-40.0, -6.0),
            "ceiling": (-20.0, 0.0),
            "reverb": (0.0, 2.0),
            "room": (0.1, 6.0),
            "width": (0.0, 1.0),
            "polyphony": (1, 1024),
        }
        for name, (low, high) in ranges.items():
            value = getattr(self, name)
            if not (math.isfinite(value) and low <= value <= high):
                raise OptionError(f"mix: {name} is {value}; expected {low} to {high}")
