"""What is asked of `play`."""

import math
from dataclasses import dataclass, fields
from typing import Any

from sonolume.errors import OptionError
from sonolume.music.mixdown import MixSettings
from sonolume.music.scene import MOODS, Mood

LONGEST = 1800.0
MOST_TAKES = 64


@dataclass(frozen=True)
class PlaySettings:
    """How a picture is played.

    Attributes:
        seconds: length of the music that is composed where no score is given, 5 to 1800.
        mood: of the music that is composed; the picture's own where None.
        tempo: quarter notes a minute, 5 to 1000; as the score says where None.
        transpose: semitones, -48 to 48; drums stay.
        sources: how many sources are looked for in the picture, 5 to 64.
        takes: sounds made for each source, of which the one most like its words is kept, 1 to 64.
        resonate: sounds without a pitch ring at the pitches of keys instead of being drums.
        loudness: LUFS, -40 to -6.
        reverb: amount of room, 0 to 2.

    Raises:
        OptionError: a value out of range.
    """

    seconds: float = 60.0
    mood: Mood | None = None
    tempo: float | None = None
    transpose: int = 0
    sources: int = 10
    takes: int = 4
    resonate: bool = False
    loudness: float = -14.0
    reverb: float = 1.0

    def __post_init__(self) -> None:
        if self.mood is not None and self.mood not in MOODS:
            raise OptionError(f"mood {self.mood!r}: expected one of {', '.join(MOODS)}")
        _check("seconds", self.seconds, 5, LONGEST)
        _check("tempo", 120.0 if self.tempo is None else self.tempo, 5, 1000)
        for name, low, high in (("transpose", -48, 48), ("sources", 5, 64), ("takes", 1, 64)):
            value = getattr(self, name)
            if not isinstance(value, int) or isinstance(value, bool):
                raise OptionError(f"{name} {value!r}: expected a whole number")
            _check(name, value, low, high)
        self.mix()

    def mix(self) -> MixSettings:
        """The part of it that the mixdown is told."""
        return MixSettings(loudness=self.loudness, reverb=self.reverb)


def make_settings(table: dict[str, Any]) -> PlaySettings:
    """Settings of a table. Raises OptionError for names that are none and values out of range."""
    unknown = table.keys() - {field.name for field in fields(PlaySettings)}
    if unknown:
        known = ", ".join(field.name for field in fields(PlaySettings))
        raise OptionError(f"unknown setting {sorted(unknown)[0]!r}; known: {known}")
    return PlaySettings(**table)


def _check(name: str, value: float, low: float, high: float) -> None:
    number = isinstance(value, int | float) and math.isfinite(value)
    if not number or not low <= value <= high:
        raise OptionError(f"{name} {value!r}: expected {low:g} to {high:g}")
