"""Stretches of equal length out of the spectrograms of clips of any length."""

import numpy as np
from numpy.typing import NDArray

Mel = NDArray[np.float32]

LASTING = 3.0  # ln of power (13 dB) that the end of a lasting sound may lie below its loud parts
QUIET = 0.1  # share of frames that lie below a band's floor
RIPPLE = 0.6  # deviation of ln of power of noise in a band: it has about three bins
END = 0.15  # share of frames that are its end


def stretch(mel: Mel, frames: int, speed: float, rng: np.random.Generator) -> Mel:
    """`frames` columns of log-mel [64, T], read at `speed`, from a random place.

    A shorter clip is treated as its kind asks. One that is as loud at its end as before (rain, an
    engine) was cut out of something longer: it is repeated. One that dies away (a bark, a note)
    stands once, at the start half of the time and anywhere else otherwise, in its own floor.
    """
    length = int(mel.shape[1] / speed)
    if length > frames:
        start = rng.uniform(0, mel.shape[1] - frames * speed)
        columns = start + np.arange(frames) * speed
        return mel[:, np.minimum(columns.astype(int), mel.shape[1] - 1)]
    if lasts(mel):
        columns = rng.uniform(0, mel.shape[1]) + np.arange(frames) * speed
        return mel[:, columns.astype(int) % mel.shape[1]]
    return _alone(mel, frames, speed, rng)


def lasts(mel: Mel) -> bool:
    """Whether a sound [64, T] ends as loud as it is."""
    loudness = _loudness(mel)
    end = loudness[-max(1, round(END * len(loudness))) :]
    return float(np.quantile(loudness, 0.9) - end.mean()) < LASTING


def _alone(mel: Mel, frames: int, speed: float, rng: np.random.Generator) -> Mel:
    out = _floor(mel, frames, rng)
    length = max(1, int(mel.shape[1] / speed))
    start = int(rng.integers(frames - length + 1)) if rng.random() < 0.5 else 0
    out[:, start : start + length] = mel[:, (np.arange(length) * speed).astype(int)]
    return out


def _floor(mel: Mel, frames: int, rng: np.random.Generator) -> Mel:
    """Noise [64, frames] as loud as each band's quiet moments; where they are silent, silence."""
    lowest = float(mel.min())
    level = np.quantile(mel, QUIET, axis=1)[:, None]
    noise = level + RIPPLE * rng.standard_normal((len(mel), frames))
    out: Mel = np.where(level > lowest + RIPPLE, np.maximum(noise, lowest), level)
    return out.astype(np.float32)


def _loudness(mel: Mel) -> Mel:
    """ln of the power of each frame."""
    loudness: Mel = np.logaddexp.reduce(mel, axis=0)
    return loudness
