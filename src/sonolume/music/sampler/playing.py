"""Voices added up, block by block."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from sonolume.music.sampler.curves import Warp
from sonolume.music.sampler.envelope import fade_frames, level
from sonolume.music.sampler.pitched import TableCache
from sonolume.music.sampler.reading import Reading
from sonolume.music.sampler.voices import NEVER, Voice

__all__ = ["Player"]


class Player:
    """Adds up the voices of a track; blocks are asked for in order and without gaps."""

    def __init__(self, tables: TableCache, rate: int, warp: Warp) -> None:
        self._tables, self._rate, self._warp = tables, rate, warp
        self._readings: dict[Voice, Reading] = {}

    def play(self, voices: Sequence[Voice], first: int, last: int) -> NDArray[np.float32]:
        """Frames ``first`` to ``last`` (excluded) of all voices, float32 [2, last - first]."""
        out = np.zeros((2, last - first), np.float32)
        places = self._warp.advance(first, last) if self._warp.moves else None
        self._readings = {
            voice: self._readings.get(voice) or self._begin(voice, first, places)
            for voice in voices
        }
        for voice, reading in self._readings.items():
            start, end = max(voice.start, first), min(voice.end, last)
            if start < end:
                sound = reading.frames(start, end, first, places)
                sound = sound * self._level(voice, start, end)
                part = out[:, start - first : end - first]
                for side, gain in enumerate(voice.gain):
                    part[side] += sound[side % len(sound)] * np.float32(gain)
        return out

    def _begin(self, voice: Voice, first: int, places: NDArray[np.float64] | None) -> Reading:
        if places is None:
            return Reading(voice, self._tables)
        semitones = self._warp.reach(voice.start / self._rate, voice.planned / self._rate)
        if semitones == (0.0, 0.0):
            return Reading(voice, self._tables)
        origin = float(places[voice.start - first])
        return Reading(voice, self._tables, origin, 2 ** (semitones[1] / 12))

    def _level(self, voice: Voice, start: int, end: int) -> NDArray[np.float32]:
        offset = voice.start
        released = min(voice.gate, NEVER) - offset
        gain = level(voice.region.envelope, start - offset, end - offset, released, self._rate)
        if end > voice.stop:
            behind = np.arange(start - voice.stop, end - voice.stop)
            gain *= np.clip(1 - behind / fade_frames(self._rate), 0, 1).astype(np.float32)
        return gain
