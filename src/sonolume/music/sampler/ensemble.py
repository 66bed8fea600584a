"""A score, played by one instrument for each track."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sonolume.errors import OptionError
from sonolume.music.kit import Instrument
from sonolume.music.sampler.pitched import TableCache
from sonolume.music.sampler.track import BLOCK, POLYPHONY, render_track
from sonolume.music.score import Score

__all__ = ["render"]

MAX_TRACKS: Final = 256
MAX_THREADS: Final = 4
Stream = Iterator[NDArray[np.float32]]


def render(
    score: Score,
    instruments: Mapping[int, Instrument],
    rate: int = 44_100,
    *,
    block: int = BLOCK,
    polyphony: int = POLYPHONY,
    tables: TableCache | None = None,
) -> Iterator[NDArray[np.float32]]:
    """Play the tracks of a score at once, each as `render_track`, in bounded memory.

    Args:
        instruments: by index of the track in ``score.tracks``; tracks without one are left out.

    Returns:
        float32 [tracks, 2, n] blocks, tracks in the order of their indices, until the last voice
        of all is silent; all but the last are ``block`` long.

    Raises:
        OptionError: at the call, for an option out of range, an index that no track has, or more
            than 256 tracks.
    """
    check_tracks(score, instruments)
    shared = tables or TableCache()
    streams = [
        render_track(
            score.tracks[index], instruments[index], rate,
            block=block, polyphony=polyphony, tables=shared,
        )
        for index in sorted(instruments)
    ]  # fmt: skip
    return _together(streams)


def check_tracks(score: Score, instruments: Mapping[int, Instrument]) -> None:
    """Raise OptionError for an index that no track has, or more than 256 tracks."""
    for index in instruments:
        if not 0 <= index < len(score.tracks):
            raise OptionError(
                f"an instrument for track {index}; the score has {len(score.tracks)}, from 0 on"
            )
    if len(instruments) > MAX_TRACKS:
        raise OptionError(f"{len(instruments)} tracks; at most {MAX_TRACKS} are played at once")


def _together(streams: list[Stream]) -> Stream:
    # NumPy lets go of the interpreter inside a block, so tracks share the cores.
    workers = min(len(os.sched_getaffinity(0)), MAX_THREADS, max(1, len(streams)))
    with ThreadPoolExecutor(workers) as pool:
        while True:
            blocks = list(pool.map(_next, streams))
            length = max((block.shape[1] for block in blocks), default=0)
            if not length:
                return
            joined = np.zeros((len(streams), 2, length), np.float32)
            for part, block in zip(joined, blocks, strict=True):
                part[:, : block.shape[1]] = block
            yield joined


def _next(stream: Stream) -> NDArray[np.float32]:
    return next(stream, np.zeros((2, 0), np.float32))
