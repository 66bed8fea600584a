"""How a voice reads its table: through, round its loop, out of it, and bent."""

from __future__ import annotations

import math
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from sonolume.music.sampler.interpolation import cutoff_for, read_at
from sonolume.music.sampler.pitched import GUARD, MAX_FRAMES, Pitched, TableCache
from sonolume.music.sampler.voices import Voice

__all__ = ["Reading"]


class Reading:
    """The sound of a voice before its envelope.

    Args:
        voice: what sounds.
        tables: where its table comes from.
        origin: place of the track's warp at the voice's start; None where no bend moves it.
        fastest: highest rate at which the table will be read.
    """

    def __init__(
        self,
        voice: Voice,
        tables: TableCache,
        origin: float | None = None,
        fastest: float = 1.0,
    ) -> None:
        self._voice, self._tables, self._origin = voice, tables, origin
        self._cutoff = cutoff_for(fastest)
        frames = math.ceil((voice.planned - voice.start) * max(fastest, 1.0))
        need = min(frames + GUARD, MAX_FRAMES)
        self._table = tables.get(voice.region, voice.key, voice.rate, need)
        self._exit: tuple[Pitched, float] | None = None

    def frames(
        self, start: int, end: int, first: int, places: NDArray[np.float64] | None
    ) -> NDArray[np.float32]:
        """Frames ``start`` to ``end`` (excluded) of the output, float32 [channels, n].

        Args:
            first: the frame of the output to which ``places[0]`` belongs.
            places: of the warp; needed where an origin was given.
        """
        gate = self._voice.gate
        if self._voice.region.loop_mode != "sustain" or end <= gate:
            return self._inside(start, end, first, places)
        if start >= gate:
            return self._leaving(start, end, first, places)
        before = self._inside(start, gate, first, places)
        return np.concatenate([before, self._leaving(gate, end, first, places)], axis=1)

    def _inside(
        self, start: int, end: int, first: int, places: NDArray[np.float64] | None
    ) -> NDArray[np.float32]:
        if self._origin is None or places is None:
            return self._straight(start - self._voice.start, end - self._voice.start)
        bent = places[start - first : end - first] - self._origin
        return read_at(self._table.padded, _wrapped(self._table, bent), self._cutoff)

    def _straight(self, start: int, end: int) -> NDArray[np.float32]:
        table = self._table
        if end <= table.frames:
            return table.padded[:, GUARD + start : GUARD + end]
        if table.period:
            frames = np.arange(start, end)
            return table.padded[:, GUARD + _wrapped(table, frames)]
        sound = np.zeros((len(table.padded), end - start), np.float32)
        rest = table.padded[:, GUARD + start : GUARD + table.frames]
        sound[:, : rest.shape[1]] = rest
        return sound

    def _leaving(
        self, start: int, end: int, first: int, places: NDArray[np.float64] | None
    ) -> NDArray[np.float32]:
        """On from where the loop was when the key was let go, to the end of the sample."""
        if self._origin is None or places is None:
            now, gone = np.arange(start, end, dtype=np.float64), float(self._voice.gate)
        else:
            now = places[start - first : end - first]
            # In the block in which it is let go the gate lies; later blocks know the exit.
            gone = 0.0 if self._exit else float(places[self._voice.gate - first])
        self._exit = self._exit or self._exit_at(gone)
        table, shift = self._exit
        return read_at(table.padded, now + shift, self._cutoff)

    def _exit_at(self, gone: float) -> tuple[Pitched, float]:
        """The sample without its loop, and what turns a place of the output into one of it."""
        origin = self._voice.start if self._origin is None else self._origin
        table, loop = self._table, self._table.loop
        place = float(_wrapped(table, np.array([gone - origin]))[0]) * table.ratio
        if loop is not None and place >= loop.end:
            place = loop.start + (place - loop.start) % (loop.end - loop.start)
        voice = self._voice
        plain = self._tables.get(voice.region, voice.key, voice.rate, MAX_FRAMES, looped=False)
        return plain, place / table.ratio - gone


T = TypeVar("T", np.int64, np.float64)


def _wrapped(table: Pitched, places: NDArray[T]) -> NDArray[T]:
    if not table.period:
        return places
    behind = places - table.seam
    return np.where(behind < table.period, places, table.seam + behind % table.period)
