"""Whether whole scores come out as loud as asked for, and in the harmony of the score."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sonolume.media import Audio
from sonolume.music.ensemble import seat
from sonolume.music.kit import Kit
from sonolume.music.mixdown import MixSettings, mix
from sonolume.music.sampler import render
from sonolume.music.score import Notes, Score
from sonolume.signal.loudness import loudness
from sonolume.signal.true_peak import true_peak

RATE = 22_050
FRAME, HOP = 8192, 4096
HARMONICS = 4
LOWEST, HIGHEST = 55.0, 4000.0


@dataclass(frozen=True)
class Heard:
    """One score on a kit: LU beside the loudness asked for, dB above the ceiling (negative: below
    it), and the correlation of its chroma with the score's; None without pitches."""

    loudness_error: float
    over: float
    chroma: float | None


def hear_score(score: Score, kit: Kit, settings: MixSettings) -> Heard:
    """Play a score on a kit and measure. Raises DataError where nothing can be played."""
    seated = seat(score, kit)
    sound: Audio = mix(seated.score, seated.instruments, roles=seated.roles, settings=settings)[0]
    error = abs(loudness(sound.samples, sound.rate) - settings.loudness)
    over = true_peak(sound.samples) - settings.ceiling
    pitched = {i: each for i, each in seated.instruments.items() if each.pitched}
    if not pitched:
        return Heard(error, over, None)
    blocks = [block.sum((0, 1)) for block in render(seated.score, pitched, RATE)]
    heard = chroma(np.concatenate(blocks)) if blocks else np.zeros((12, 1))
    wanted = chroma(additive([seated.score.tracks[i].notes for i in pitched]))
    return Heard(error, over, correlation(heard, wanted))


def additive(parts: list[Notes]) -> NDArray[np.float64]:
    """The notes as plain tones [n] of four harmonics that die away: a reference of its own."""
    end = max((float(notes.end.max()) for notes in parts if len(notes)), default=0.1)
    out = np.zeros(round((end + 0.1) * RATE) + 1)
    for notes in parts:
        rows = zip(notes.start, notes.end, notes.key, notes.velocity, strict=True)
        for start, stop, key, velocity in rows:
            first, count = round(start * RATE), max(1, round((stop - start) * RATE))
            time = np.arange(count) / RATE
            f0 = 440.0 * 2 ** ((int(key) - 69) / 12)
            tone = sum(
                np.sin(2 * np.pi * n * f0 * time) / n
                for n in range(1, HARMONICS + 1)
                if n * f0 < RATE / 2
            )
            out[first : first + count] += velocity / 127 * np.exp(-1.5 * time) * tone
    return out


def chroma(samples: NDArray[np.floating]) -> NDArray[np.float64]:
    """Share of each pitch class in the amplitude between 55 Hz and 4 kHz, [12, frames].

    As the chromagram of Fujishima (1999): bins are summed into the nearest of twelve classes.
    """
    padded = np.pad(np.asarray(samples, np.float64), (0, FRAME))
    frames = np.lib.stride_tricks.sliding_window_view(padded, FRAME)[::HOP]
    spectrum = np.abs(np.fft.rfft(frames * np.hanning(FRAME)))
    hertz = np.fft.rfftfreq(FRAME, 1 / RATE)
    used = (hertz >= LOWEST) & (hertz <= HIGHEST)
    classes = np.round(69 + 12 * np.log2(hertz[used] / 440.0)).astype(int) % 12
    sums = np.stack([spectrum[:, used][:, classes == c].sum(1) for c in range(12)])
    shares: NDArray[np.float64] = sums / np.maximum(sums.sum(0), 1e-9)
    return shares


def correlation(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    """Pearson's, over the frames that both have."""
    frames = min(a.shape[1], b.shape[1])
    first, second = a[:, :frames].ravel(), b[:, :frames].ravel()
    if first.std() == 0 or second.std() == 0:
        return 0.0
    return float(np.corrcoef(first, second)[0, 1])
