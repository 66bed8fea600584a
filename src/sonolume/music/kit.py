"""Kits in memory: instruments as regions of recorded sound, in the terms of SFZ and SF2."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from sonolume.errors import DataError

__all__ = ["Envelope", "Instrument", "Kit", "Loop", "LoopMode", "Region", "Sample"]

LoopMode = Literal["none", "one_shot", "continuous", "sustain"]


@dataclass(frozen=True, eq=False)
class Sample:
    """A stretch of sound that regions read.

    Attributes:
        samples: float32 [channels, frames], 1 or 2 channels; full scale is -1..1.
        rate: Hz.
        name: short, for files and messages.
    """

    samples: NDArray[np.float32]
    rate: int
    name: str = "sample"

    def __post_init__(self) -> None:
        samples = np.ascontiguousarray(self.samples, np.float32)
        if samples.ndim != 2 or samples.shape[0] not in (1, 2) or samples.shape[1] < 1:
            raise DataError(f"sample {self.name}: shape {samples.shape}; expected [1 or 2, frames]")
        object.__setattr__(self, "samples", samples)

    @property
    def frames(self) -> int:
        return int(self.samples.shape[1])


@dataclass(frozen=True)
class Loop:
    """Frames ``start`` (included) to ``end`` (excluded) that repeat. The seam is already smooth:
    a cross-fade is baked into the sample, players need none."""

    start: int
    end: int


@dataclass(frozen=True)
class Envelope:
    """Loudness of a note: seconds, but ``sustain`` is a level 0..1 of full. Attack rises
    linearly; decay and release fall exponentially in loudness (linearly in dB), and reach
    -100 dB after their time, as in SF2."""

    delay: float = 0.0
    attack: float = 0.002
    hold: float = 0.0
    decay: float = 0.0
    sustain: float = 1.0
    release: float = 0.2


@dataclass(frozen=True, eq=False)
class Region:
    """Which keys and velocities a sample answers, and how.

    Attributes:
        sample: the sound.
        keys: lowest and highest key, both included, 0..127.
        velocities: lowest and highest velocity, both included, 1..127.
        root: the key at which the sample sounds as recorded.
        tune: cents added to the pitch.
        key_cents: cents a key: 100 follows the keyboard, 0 sounds alike on every key.
        loop: stretch that repeats, or None.
        loop_mode: "none" plays to the end or to the release; "one_shot" always to the end;
            "continuous" loops until the envelope is over; "sustain" until the key is let go.
        envelope: loudness over time.
        gain_db: added loudness.
        pan: -1 (left) to 1.
        velocity_gain: 0..1, how much velocity changes loudness: gain = 1 + amount · ((v/127)² - 1).
        turn: (position from 1, length): round robin among regions of equal range.
        group: number of the choke group, 0 for none; a note in it silences those whose
            ``off_by`` is that number.
        off_by: group that silences this region, 0 for none.
        offset: first frame that sounds.
    """

    sample: Sample
    keys: tuple[int, int] = (0, 127)
    velocities: tuple[int, int] = (1, 127)
    root: int = 60
    tune: float = 0.0
    key_cents: float = 100.0
    loop: Loop | None = None
    loop_mode: LoopMode = "none"
    envelope: Envelope = Envelope()
    gain_db: float = 0.0
    pan: float = 0.0
    velocity_gain: float = 1.0
    turn: tuple[int, int] = (1, 1)
    group: int = 0
    off_by: int = 0
    offset: int = 0

    def __post_init__(self) -> None:
        if not 0 <= self.keys[0] <= self.keys[1] <= 127:
            raise DataError(f"region of {self.sample.name}: keys {self.keys}; expected 0..127")
        if not 0 <= self.velocities[0] <= self.velocities[1] <= 127:
            raise DataError(
                f"region of {self.sample.name}: velocities {self.velocities}; expected 1..127"
            )
        loop, frames = self.loop, self.sample.frames
        if loop is not None and not 0 <= loop.start < loop.end <= frames:
            raise DataError(
                f"region of {self.sample.name}: loop {loop.start} to {loop.end} "
                f"in a sample of {frames} frames"
            )
        if loop is None and self.loop_mode in ("continuous", "sustain"):
            raise DataError(f"region of {self.sample.name}: a loop mode without a loop")
        if not 0 <= self.offset < frames:
            raise DataError(f"region of {self.sample.name}: offset {self.offset} beyond its end")
        if not 1 <= self.turn[0] <= self.turn[1]:
            raise DataError(f"region of {self.sample.name}: turn {self.turn}")


@dataclass(frozen=True, eq=False)
class Instrument:
    """A playable sound.

    Attributes:
        name: short.
        regions: every region that matches a note sounds.
        pitched: keys are pitches; otherwise they are drums or noises.
        program: its number in the kit, 0..127.
        bank: 0, or 128 for drums, as in SF2.
    """

    name: str
    regions: tuple[Region, ...]
    pitched: bool = True
    program: int = 0
    bank: int = 0

    def __post_init__(self) -> None:
        if not self.regions:
            raise DataError(f"instrument {self.name}: no regions")

    @property
    def lowest(self) -> int:
        """The lowest key that sounds."""
        return min(region.keys[0] for region in self.regions)

    @property
    def highest(self) -> int:
        """The highest key that sounds."""
        return max(region.keys[1] for region in self.regions)


@dataclass(frozen=True, eq=False)
class Kit:
    """Instruments that belong together; what an SF2 file or an SFZ folder holds."""

    name: str
    instruments: tuple[Instrument, ...]
