"""Which voices sound: regions for notes, round robin, choke groups, and stealing."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from sonolume.music.kit import Instrument, Region
from sonolume.music.sampler.envelope import fade_frames, lifetime, release_frames
from sonolume.music.sampler.pitched import MAX_FRAMES, length_at, looping, ratio_of

__all__ = ["NEVER", "Allocator", "Voice"]

NEVER: Final = 1 << 62


@dataclass(slots=True, eq=False)
class Voice:
    """A region that sounds for a note; all times are frames of the output.

    Attributes:
        region: what sounds.
        key: 0..127.
        gain: of the left and the right side.
        start: first frame.
        key_up: when the key is let go.
        gate: when the release begins, with the pedal; `NEVER` for one-shots.
        natural: first frame behind the sample's end, `NEVER` for loops.
        rate: Hz.
        stop: when it begins to fade because it was stolen or choked.
        planned: its end as it looked when it began; how it is read must not depend on notes
            that come later, of which a longer block knows more.
    """

    region: Region
    key: int
    gain: tuple[float, float]
    start: int
    key_up: int
    gate: int
    natural: int
    rate: int
    stop: int = NEVER
    planned: int = 0

    def __post_init__(self) -> None:
        self.planned = self.end

    @property
    def end(self) -> int:
        """First frame in which it is silent for good."""
        end = min(self.natural, self.stop + fade_frames(self.rate))
        if self.gate < NEVER:
            end = min(end, self.gate + release_frames(self.region.envelope, self.rate))
        alive = lifetime(self.region.envelope, self.rate)
        return end if alive is None else min(end, self.start + alive)


class Allocator:
    """Turns notes, in the order of their starts, into voices.

    What it decides at a note changes nothing before that note, so that blocks can be played as
    soon as the notes that start in them are known.

    Args:
        instrument: whose regions answer.
        rate: Hz.
        polyphony: voices that sound at once; beyond, the one released first is stolen, or else
            the oldest.
        slowest: lowest factor by which bends slow a sample down.
    """

    def __init__(
        self, instrument: Instrument, rate: int, polyphony: int, slowest: float = 1.0
    ) -> None:
        self._regions, self._rate, self._slowest = instrument.regions, rate, slowest
        self._polyphony = polyphony
        self._turns = [0] * len(instrument.regions)
        self._matching = lru_cache(maxsize=None)(self._matches)
        self.active: list[Voice] = []

    def admit(self, start: int, key_up: int, gate: int, key: int, velocity: int) -> None:
        """Start the voices of a note, and end those that it ends."""
        self._release_same_key(start, key)
        sounding = self._in_turn(self._matching(key, velocity))
        groups = {region.group for region in sounding if region.group}
        self._choke(start, groups)
        for region in sounding:
            self._steal(start)
            self.active.append(self._voice(region, start, key_up, gate, key, velocity))

    def forget(self, frame: int) -> None:
        """Drop voices that are silent from ``frame`` on."""
        self.active = [voice for voice in self.active if voice.end > frame]

    def _matches(self, key: int, velocity: int) -> tuple[int, ...]:
        return tuple(
            index
            for index, region in enumerate(self._regions)
            if region.keys[0] <= key <= region.keys[1]
            and region.velocities[0] <= velocity <= region.velocities[1]
        )

    def _in_turn(self, indices: tuple[int, ...]) -> list[Region]:
        sounding = []
        for index in indices:
            region = self._regions[index]
            if self._turns[index] % region.turn[1] == region.turn[0] - 1:
                sounding.append(region)
            self._turns[index] += 1
        return sounding

    def _release_same_key(self, start: int, key: int) -> None:
        """A string that only the pedal holds is damped by striking it again."""
        for voice in self.active:
            if voice.key == key and voice.key_up <= start < voice.gate < NEVER:
                voice.gate = start

    def _choke(self, start: int, groups: set[int]) -> None:
        if not groups:
            return
        for voice in self.active:
            if voice.region.off_by in groups:
                voice.stop = min(voice.stop, start)
        self._drop_unheard()

    def _steal(self, start: int) -> None:
        sounding = [voice for voice in self.active if voice.stop == NEVER and voice.end > start]
        if len(sounding) < self._polyphony:
            return
        released = [voice for voice in sounding if voice.gate <= start]
        if released:
            victim = min(released, key=lambda voice: voice.gate)
        else:
            victim = min(sounding, key=lambda voice: voice.start)
        victim.stop = start
        self._drop_unheard()

    def _drop_unheard(self) -> None:
        self.active = [voice for voice in self.active if voice.stop > voice.start]

    def _voice(
        self, region: Region, start: int, key_up: int, gate: int, key: int, velocity: int
    ) -> Voice:
        once = region.loop_mode == "one_shot"
        return Voice(
            region, key, _gain(region, velocity), start, key_up,
            NEVER if once else gate, self._natural(region, key, start), self._rate,
        )  # fmt: skip

    def _natural(self, region: Region, key: int, start: int) -> int:
        if looping(region) is not None:
            return NEVER
        frames = length_at(region, ratio_of(region, key, self._rate))
        return start + min(math.ceil(frames / self._slowest), MAX_FRAMES)


def _gain(region: Region, velocity: int) -> tuple[float, float]:
    """Of the left and the right side: equal power, 1 at the centre for each side of a stereo
    sample, as a mono one is heard from both."""
    loud = 1 + region.velocity_gain * ((velocity / 127) ** 2 - 1)
    gain = loud * 10 ** (region.gain_db / 20)
    angle = (min(max(region.pan, -1.0), 1.0) + 1) * (math.pi / 4)
    width = math.sqrt(len(region.sample.samples))
    return gain * width * math.cos(angle), gain * width * math.sin(angle)
