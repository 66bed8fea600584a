"""How instruments are made."""

from __future__ import annotations

from dataclasses import dataclass

from sonolume.errors import OptionError

__all__ = ["InstrumentSettings"]


@dataclass(frozen=True)
class InstrumentSettings:
    """Options of `make_instrument` and `make_drums`.

    Attributes:
        rate: Hz of the samples made, 8000 to 96000.
        layers: velocity layers, 1 to 3: softer ones are duller.
        turns: 1 to 4 regions that take turns on a repeated note (round robin).
        span: semitones above and below the middle key, 0 to 36.
        spacing: semitones from one root to the next, 1 to 12.
        seconds: longest sample, 0.2 to 10.
        middle: key in the middle of the range, 0..127; None for the key nearest the recording.
        drums: make drums, though the sound may have a pitch.
        resonate: make unpitched sounds ring at the keys' pitches instead of making drums of them.
        seed: of the small differences between turns.

    Raises:
        OptionError: a value out of range, or drums that resonate.
    """

    rate: int = 44100
    layers: int = 2
    turns: int = 2
    span: int = 18
    spacing: int = 4
    seconds: float = 4.0
    middle: int | None = None
    drums: bool = False
    resonate: bool = False
    seed: int = 0

    def __post_init__(self) -> None:
        for name, low, high in (
            ("rate", 8000, 96000),
            ("layers", 1, 3),
            ("turns", 1, 4),
            ("span", 0, 36),
            ("spacing", 1, 12),
            ("seconds", 0.2, 10),
        ):
            value = getattr(self, name)
            if not low <= value <= high:
                raise OptionError(f"instrument: {name} {value}; expected {low} to {high}")
        if self.middle is not None and not 0 <= self.middle <= 127:
            raise OptionError(f"instrument: middle {self.middle}; expected a key, 0 to 127")
        if self.drums and self.resonate:
            raise OptionError("instrument: drums do not resonate; choose one of the two")
