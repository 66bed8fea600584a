"""The loudness of a note over time, in closed form, so that any stretch of it can be had alone."""

from __future__ import annotations

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sonolume.music.kit import Envelope

__all__ = ["SILENT", "fade_frames", "level", "lifetime", "release_frames"]

DECADES: Final = 5.0  # 100 dB
SILENT: Final = 10.0**-DECADES
# A gain that drops to nothing at once clicks.
SHORTEST_RELEASE: Final = 0.001
FADE: Final = 0.005  # seconds in which stolen and choked voices end


def fade_frames(rate: int) -> int:
    return max(1, round(FADE * rate))


def release_frames(envelope: Envelope, rate: int) -> int:
    """Frames from the release until -100 dB below where it began."""
    return max(1, math.ceil(max(envelope.release, SHORTEST_RELEASE) * rate))


def lifetime(envelope: Envelope, rate: int) -> int | None:
    """Frames until a held note has decayed to silence; None where it is sustained."""
    if envelope.sustain > SILENT:
        return None
    return max(1, math.ceil(_settled(envelope) * rate))


def level(
    envelope: Envelope, first: int, last: int, released: int, rate: int
) -> NDArray[np.float32]:
    """Gain of frames ``first`` to ``last`` (excluded) behind the start of a note, float32.

    Args:
        released: frame in which the release begins; the fall starts where the envelope stood.
    """
    middle = min(max(released, first), last)
    held = _held(envelope, first, middle, rate)
    if middle == last:
        return held
    stood = _held(envelope, released, released + 1, rate)
    frames = np.arange(middle - released, last - released)
    return np.concatenate([held, stood * _fall(frames, release_frames(envelope, rate))])


def _held(envelope: Envelope, first: int, last: int, rate: int) -> NDArray[np.float32]:
    """The gain while the key is held: it moves at first, then it rests."""
    sustain = min(max(envelope.sustain, 0.0), 1.0)
    settled = math.ceil(_settled(envelope) * rate) + 1
    gain = np.full(last - first, sustain, np.float32)
    if first < min(last, settled):
        moving = min(last, settled) - first
        gain[:moving] = _moving(envelope, np.arange(first, first + moving), rate, sustain)
    return gain


def _settled(envelope: Envelope) -> float:
    """Seconds until the sustained level."""
    decades = -math.log10(max(min(envelope.sustain, 1.0), SILENT))
    decay = envelope.decay * decades / DECADES
    return envelope.delay + envelope.attack + envelope.hold + decay


def _moving(
    envelope: Envelope, frame: NDArray[np.int64], rate: int, sustain: float
) -> NDArray[np.float32]:
    begin = envelope.delay * rate
    attack = envelope.attack * rate
    fall = begin + attack + envelope.hold * rate
    rise = (frame - begin) / attack if attack >= 1 else frame >= begin
    gain = np.clip(rise, 0, 1).astype(np.float32)
    if frame[-1] > fall:
        decay = _fall(np.maximum(frame - fall, 0), envelope.decay * rate)
        gain = np.minimum(gain, np.maximum(decay, np.float32(sustain)))
    return gain


def _fall(frame: NDArray[np.int64] | NDArray[np.float64], frames: float) -> NDArray[np.float32]:
    """Linear in dB, -100 dB after ``frames``."""
    rate = -DECADES * math.log(10) / max(frames, 1e-9)
    fall: NDArray[np.float32] = np.exp(np.maximum(frame * rate, -80.0).astype(np.float32))
    return fall
