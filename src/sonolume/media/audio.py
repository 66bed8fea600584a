"""Sounds in memory."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray

from sonolume.errors import MediaError, OptionError
from sonolume.media import provenance as made
from sonolume.media.atomic import atomic_path
from sonolume.media.sound_file import (
    MAX_RATE,
    MIN_RATE,
    container_for,
    open_sound,
    read_blocks,
    write_sound,
)

__all__ = ["Audio"]

HOUR = 3600.0
# Decoded samples held at once; three hours of 48 kHz mono are 2.07e9 bytes.
MAX_BYTES = 2**31
# Peak to peak; 1e-4 of full scale is -80 dBFS, above the dither of 16-bit silence.
SILENT_RANGE = 2e-4
QUALITY = "HQ"


@dataclass(frozen=True, eq=False)
class Audio:
    """A sound.

    Attributes:
        samples: float32 [channels, frames], both at least 1, finite; full scale is -1..1, and a
            clipped or loud file may pass it. A constant offset (DC) is kept.
        rate: sample rate in Hz, 1000 to 768000.
        provenance: how sonolume made the sound, JSON values only; None for other sounds. A sound
            derived from it by `mono` or `resample` has none.

    Raises:
        MediaError: samples of another shape or kind, none, not finite, or a rate out of range.
    """

    samples: NDArray[np.float32]
    rate: int
    provenance: dict[str, Any] | None = None

    def __post_init__(self) -> None:
        samples = np.asarray(self.samples)
        if samples.ndim != 2 or not np.issubdtype(samples.dtype, np.floating):
            raise MediaError(
                f"a sound has samples of shape {samples.shape} and type {samples.dtype}; "
                "expected floats [channels, frames]"
            )
        if samples.size == 0:
            raise MediaError("a sound holds no samples; expected at least one")
        samples = samples.astype(np.float32, copy=False)
        if not np.isfinite(samples.min()) or not np.isfinite(samples.max()):
            raise MediaError("a sound holds NaN or infinite samples; expected numbers")
        check_rate(self.rate, MediaError)
        object.__setattr__(self, "samples", samples)
        object.__setattr__(self, "rate", int(self.rate))

    @classmethod
    def read(cls, path: Path | str, *, max_seconds: float = 3 * HOUR) -> Audio:
        """Read a WAV, FLAC, Ogg Vorbis, Opus, MP3, AIFF, CAF, AU or W64 file whole.

        Costs are known from the header and the size of the file before memory is taken. For
        sounds that are longer than memory, see `media.blocks`.

        Raises:
            MediaError: the file is missing, empty, not a sound, truncated, damaged, longer than
                ``max_seconds`` or larger than 2 GiB when decoded; its rate is not 1000 to 768000
                Hz, it has more than 64 channels, no samples, or samples that are not finite.
        """
        path = Path(path)
        with open_sound(path) as sound:
            check_length(path, sound, max_seconds)
            _check_memory(path, sound.frames, sound.channels)
            samples = _collect(path, sound)
            provenance = made.of_sound(path, sound)
            return cls(samples.T, sound.samplerate, provenance)

    def save(self, path: Path | str, *, force: bool = False) -> None:
        """Write to ``path``: .wav and .flac (24 bit), .ogg (Vorbis), .opus, .mp3.

        Samples are clipped to -1..1. Opus and MP3 know few rates: the sound is resampled to the
        next one above, or to the highest. The same sound and provenance give the same bytes.

        Raises:
            OptionError: unknown suffix, existing file without ``force``, target not writable.
            MediaError: more channels, frames or provenance than the format can hold.
        """
        path = Path(path)
        container = container_for(path)
        comment = self._comment(path, container.max_provenance, wrap=container.format != "WAV")
        sound = self.resample(container.rate_for(self.rate))
        with atomic_path(path, force=force) as temporary:
            write_sound(
                temporary,
                sound.samples,
                sound.rate,
                container=container,
                name=path,
                comment=comment,
            )

    def _comment(self, path: Path, max_bytes: int, *, wrap: bool) -> str | None:
        if self.provenance is None:
            return None
        text = made.provenance_text(self.provenance, path, max_bytes=max_bytes)
        return made.tagged(text) if wrap else text

    @property
    def duration(self) -> float:
        """Length in seconds."""
        return float(self.samples.shape[1] / self.rate)

    @property
    def is_silent(self) -> bool:
        """Whether no channel moves by more than -80 dBFS around its mean; DC is silent."""
        return float(np.ptp(self.samples, axis=1).max()) < SILENT_RANGE

    def mono(self) -> Audio:
        """The mean of the channels, [1, frames]; the sound itself if it has one channel."""
        if len(self.samples) == 1:
            return self
        return Audio(self.samples.mean(axis=0, keepdims=True, dtype=np.float32), self.rate)

    def resample(self, rate: int) -> Audio:
        """The sound at ``rate`` Hz (1000 to 768000) by soxr, round(frames · rate / old) long.

        The result is what the same resampler gives when fed in blocks, as `blocks` does.

        Raises:
            OptionError: ``rate`` is out of range.
            MediaError: the sound is too short to leave a sample, or would pass 2 GiB.
        """
        check_rate(rate, OptionError)
        if rate == self.rate:
            return self
        channels, frames = self.samples.shape
        _check_memory(None, round(frames * rate / self.rate), channels)
        resampled = soxr.resample(self.samples.T, self.rate, rate, quality=QUALITY)
        if len(resampled) == 0:
            raise MediaError(f"a sound of {frames} frames is too short to resample to {rate} Hz")
        return Audio(resampled.T, rate)


def _collect(path: Path, sound: soundfile.SoundFile) -> NDArray[np.float32]:
    """All samples, [frames, channels]."""
    try:
        samples = np.empty((sound.frames, sound.channels), np.float32)
    except MemoryError as error:
        raise MediaError(f"{path} needs more memory than there is; shorten it") from error
    done = 0
    for block in read_blocks(path, sound):
        samples[done : done + len(block)] = block
        done += len(block)
    return samples[:done]


def check_rate(rate: int, error: type[MediaError] | type[OptionError]) -> None:
    if not isinstance(rate, int | np.integer) or not MIN_RATE <= rate <= MAX_RATE:
        raise error(
            f"a sample rate of {rate} Hz; expected a whole number from {MIN_RATE} to {MAX_RATE} Hz"
        )


def check_length(path: Path, sound: soundfile.SoundFile, max_seconds: float) -> None:
    seconds = sound.frames / sound.samplerate
    if seconds > max_seconds:
        raise MediaError(
            f"{path} is {seconds:.1f} s long; expected at most {max_seconds:.1f} s: shorten it"
        )


def _check_memory(path: Path | None, frames: int, channels: int) -> None:
    needed = 4 * frames * channels
    if needed > MAX_BYTES:
        raise MediaError(
            f"{path or 'a resampled sound'} takes {needed / 2**30:.1f} GiB in memory; expected at "
            "most 2 GiB: shorten it, lower its rate or mix it down"
        )
