"""From a score and its instruments to a finished sound."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sonolume.errors import DataError, MediaError
from sonolume.media.atomic import atomic_path
from sonolume.media.audio import Audio
from sonolume.media.sound_stream_writer import encoder, stream_rate
from sonolume.music.kit import Instrument
from sonolume.music.mixdown.balance import roles_of
from sonolume.music.mixdown.bus import Desk, desk_for
from sonolume.music.mixdown.master import highest_gain, master_gain, mastered
from sonolume.music.mixdown.settings import MixSettings
from sonolume.music.mixdown.spool import Spool
from sonolume.music.mixdown.stems import stem_names, write_stems
from sonolume.music.parts import Role
from sonolume.music.sampler.ensemble import check_tracks
from sonolume.music.score import Score
from sonolume.signal.loudness import LoudnessMeter
from sonolume.signal.true_peak import PeakMeter

__all__ = ["MixReport", "mix", "mixdown"]

# Held whole by `mix`; an hour in stereo at 44.1 kHz is 1.3 GB.
MAX_SECONDS: Final = 1800.0
CLOSE_ENOUGH: Final = 0.1  # LU
ATTEMPTS: Final = 3

Blocks = Iterator[NDArray[np.float32]]


@dataclass(frozen=True)
class MixReport:
    """What came out.

    Attributes:
        seconds: length.
        loudness: integrated, in LUFS; -inf for silence and for sounds under 0.4 s. It is below
            what was asked for where that would have taken more than 14 dB of limiting.
        true_peak: of what came out, in dBTP; -inf for silence.
        gain: dB by which the bus, and each stem, was raised before the limiter.
        roles: of the tracks that were played, in their order.
        silent: indices of the tracks of the score that could not be heard.
        stems: the files of the stems.
    """

    seconds: float
    loudness: float
    true_peak: float
    gain: float
    roles: tuple[Role, ...]
    silent: tuple[int, ...]
    stems: tuple[Path, ...] = ()


def mixdown(
    score: Score,
    instruments: Mapping[int, Instrument],
    path: Path | str,
    *,
    roles: Mapping[int, Role] | None = None,
    settings: MixSettings | None = None,
    stems: Path | str | None = None,
    provenance: dict[str, Any] | None = None,
    force: bool = False,
) -> MixReport:
    """Play a score and write the mix to ``path``, in bounded memory.

    The stems are what each track gives the bus: with its balance, pan, equaliser, room, its share
    of the bus compressor and the master gain. They add up to the sound before the limiter.

    Args:
        instruments: by index of the track in ``score.tracks``; tracks without one are left out.
        path: .wav, .flac, .ogg, .opus or .mp3. A format that does not take the settings' rate
            gets the next one that it takes.
        roles: by index of the track; the others are told by `parts.part_of`.
        stems: folder for one 32-bit float WAV a track; made where it is missing.
        provenance: how the sound was made, JSON values.

    Raises:
        DataError: there is no note to play.
        OptionError: an index that no track has, an unknown role, suffix or target not writable.
        MediaError: the format cannot hold a sound of this length.
    """
    target, settings = Path(path), settings or MixSettings()
    settings = replace(settings, rate=stream_rate(target, settings.rate))

    def write_all(blocks: Blocks) -> None:
        with encoder(temporary, target, settings.rate, provenance=provenance) as write:
            for block in blocks:
                write(block)

    with atomic_path(target, force=force) as temporary, Spool(settings.rate) as spool:
        desk = _desk(score, instruments, roles, settings)
        spool.write(desk.bus())
        done = _master(spool, settings, write_all)
        files = _stems(desk, done.gain, stems, force=force)
        return _report(desk, spool.frames, done, files)


def mix(
    score: Score,
    instruments: Mapping[int, Instrument],
    *,
    roles: Mapping[int, Role] | None = None,
    settings: MixSettings | None = None,
) -> tuple[Audio, MixReport]:
    """The sound that `mixdown` writes, in memory; raises as it does, and MediaError for scores of
    more than half an hour."""
    settings, parts = settings or MixSettings(), list[NDArray[np.float32]]()
    if score.duration > MAX_SECONDS:
        raise MediaError(
            f"a score of {score.duration:.0f} s; at most {MAX_SECONDS:.0f} s are mixed in memory: "
            "write it to a file with mixdown"
        )

    def keep_all(blocks: Blocks) -> None:
        parts[:] = list(blocks)

    with Spool(settings.rate) as spool:
        desk = _desk(score, instruments, roles, settings)
        spool.write(desk.bus())
        done = _master(spool, settings, keep_all)
        report = _report(desk, spool.frames, done, ())
    return Audio(np.concatenate(parts, axis=1), settings.rate), report


def _desk(
    score: Score,
    instruments: Mapping[int, Instrument],
    roles: Mapping[int, Role] | None,
    settings: MixSettings,
) -> Desk:
    check_tracks(score, instruments)
    indices = sorted(instruments)
    if not any(len(score.tracks[index].notes) for index in indices):
        raise DataError("there is no note to play: give a score with notes, and instruments for it")
    return desk_for(score, instruments, roles_of(score, indices, roles), settings)


class _Done(NamedTuple):
    """Gain in dB, loudness in LUFS and true peak in dBTP that were reached."""

    gain: float
    loudness: float
    true_peak: float


def _master(spool: Spool, settings: MixSettings, take: Callable[[Blocks], None]) -> _Done:
    """Give the mastered sound to ``take``, again where its loudness was missed."""
    rate, ceiling = settings.rate, settings.ceiling
    gain = master_gain(spool.outline, rate, settings.loudness, ceiling)
    highest = highest_gain(spool.outline, ceiling)
    for attempt in range(1, ATTEMPTS + 1):
        meter, peaks = LoudnessMeter(rate), PeakMeter(2)
        take(mastered(spool.read(), rate, gain, ceiling, meter, peaks))
        better = min(gain + settings.loudness - meter.integrated, highest)
        if attempt == ATTEMPTS or not CLOSE_ENOUGH < abs(better - gain) < math.inf:
            break
        gain = better
    return _Done(gain, meter.integrated, peaks.highest)


def _stems(desk: Desk, gain: float, folder: Path | str | None, *, force: bool) -> tuple[Path, ...]:
    if folder is None:
        return ()
    factor = np.float32(10 ** (gain / 20))
    titles = [desk.score.tracks[index].name for index in sorted(desk.instruments)]
    names = stem_names(titles, desk.roles)
    blocks = (block * factor for block in desk.stems())
    return tuple(write_stems(Path(folder), names, blocks, desk.settings.rate, force=force))


def _report(desk: Desk, frames: int, done: _Done, stems: tuple[Path, ...]) -> MixReport:
    indices = sorted(desk.instruments)
    silent = tuple(
        index for index, level in zip(indices, desk.loudness, strict=True) if level == -math.inf
    )
    seconds = frames / desk.settings.rate
    return MixReport(seconds, done.loudness, done.true_peak, done.gain, desk.roles, silent, stems)
