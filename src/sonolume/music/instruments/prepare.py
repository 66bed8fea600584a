"""A recording of any kind, made ready to become an instrument."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sonolume.errors import MediaError
from sonolume.media.audio import Audio
from sonolume.signal.trim import centre, loudest_stretch, sounding

__all__ = ["LONGEST", "prepare"]

LONGEST = 10.0
# Channels this much alike are one; a stereo picture of so little width is not worth its memory.
ALIKE = 0.98


def prepare(audio: Audio, name: str, rate: int) -> NDArray[np.float32]:
    """Samples [1 or 2, n] at ``rate``, centred, without silence around, at most 10 s.

    Of a longer sound, the ten seconds with most energy are taken. More than two channels are
    mixed, two that are nearly equal too.

    Raises:
        MediaError: a silent sound.
    """
    cut = loudest_stretch(audio.samples, audio.rate, LONGEST)
    samples = centre(audio.samples[:, cut])
    if float(np.ptp(samples, axis=1).max()) < 2e-4:
        raise MediaError(f"{name}: the sound is silent; an instrument needs one that is heard")
    if len(samples) > 2 or (len(samples) == 2 and _alike(samples)):
        mixed = samples.mean(axis=0, keepdims=True)
        # Channels in opposite phase would cancel.
        samples = mixed if mixed.std() > 0.1 * samples.std() else samples[:1]
    samples = Audio(samples, audio.rate).resample(rate).samples
    return np.ascontiguousarray(samples[:, sounding(samples, rate)])


def _alike(samples: NDArray[np.float32]) -> bool:
    left, right = samples.astype(np.float64)
    size = np.sqrt((left**2).sum() * (right**2).sum())
    return bool(
        size == 0 or (left * right).sum() > ALIKE * size or min(left.std(), right.std()) == 0
    )
