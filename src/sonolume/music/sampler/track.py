"""One track, played by one instrument."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sonolume.errors import OptionError
from sonolume.media.audio import check_rate
from sonolume.music.kit import Instrument
from sonolume.music.sampler.curves import Warp, held_until, mix_gains
from sonolume.music.sampler.pitched import TableCache
from sonolume.music.sampler.playing import Player
from sonolume.music.sampler.voices import Allocator
from sonolume.music.score import Track

__all__ = ["BLOCK", "POLYPHONY", "render_track"]

BLOCK: Final = 1 << 16
POLYPHONY: Final = 64
MAX_POLYPHONY: Final = 1024


def render_track(
    track: Track,
    instrument: Instrument,
    rate: int = 44_100,
    *,
    block: int = BLOCK,
    polyphony: int = POLYPHONY,
    tables: TableCache | None = None,
) -> Iterator[NDArray[np.float32]]:
    """Play a track in bounded memory.

    Notes start on the nearest frame. Every region that matches a note sounds; keys that no region
    answers are silent. Full modulation is a vibrato of 50 cents at 5.5 Hz.

    Args:
        rate: Hz, 1000 to 768000.
        block: frames of a block, 256 or more; the sound does not depend on it.
        polyphony: voices at once, 1 to 1024; beyond, the voice released first, or else the
            oldest, fades within 5 ms.
        tables: resampled sounds, to be shared between calls with the same instruments.

    Returns:
        float32 [2, n] blocks from 0 s until the last voice is silent, none for a silent track;
        all but the last are ``block`` long. They may pass full scale.

    Raises:
        OptionError: at the call, for an option out of range.
    """
    check_rate(rate, OptionError)
    if block < 256:
        raise OptionError(f"a block of {block} frames; expected 256 or more")
    if not 1 <= polyphony <= MAX_POLYPHONY:
        raise OptionError(f"a polyphony of {polyphony}; expected 1 to {MAX_POLYPHONY}")
    warp = Warp(track, rate)
    end = track.notes.end.max() if len(track.notes) else 0.0
    slowest = min(1.0, 2 ** (warp.reach(0.0, end + 3600)[0] / 12))
    voices = Allocator(instrument, rate, polyphony, slowest)
    player = Player(tables or TableCache(), rate, warp)
    return _blocks(track, voices, player, rate, block)


def _blocks(
    track: Track, voices: Allocator, player: Player, rate: int, block: int
) -> Iterator[NDArray[np.float32]]:
    notes = track.notes
    starts = np.rint(notes.start * rate).astype(np.int64)
    key_ups = np.maximum(np.rint(notes.end * rate).astype(np.int64), starts + 1)
    gates = np.maximum(np.rint(held_until(track) * rate).astype(np.int64), key_ups)
    done, first = 0, 0
    while done < len(notes) or voices.active:
        last = first + block
        until = int(np.searchsorted(starts, last))
        rows = zip(
            starts[done:until].tolist(), key_ups[done:until].tolist(), gates[done:until].tolist(),
            notes.key[done:until].tolist(), notes.velocity[done:until].tolist(), strict=True,
        )  # fmt: skip
        for row in rows:
            voices.admit(*row)
        done = until
        if done == len(notes):
            last = min(last, max((voice.end for voice in voices.active), default=first))
        if last > first:
            sound = player.play(voices.active, first, last)
            sound *= mix_gains(track, first, last, rate)
            yield sound
        voices.forget(last)
        first = last
