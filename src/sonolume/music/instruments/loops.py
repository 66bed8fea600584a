"""Loops: where a sound can go back without being heard to, and a seam made smooth."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sonolume.music.kit import Loop

__all__ = ["Seam", "bake", "find_seam", "hold_level"]

# Cross-fade: as long as it may be, for the longer the smoother, within a quarter of the loop.
LONGEST_FADE, SHORTEST_FADE = 0.12, 0.01
# Short loops buzz: a third of what there is, up to 0.4 s, is the least that is tried.
SHORTEST_LOOP, LEAST_WANTED = 0.08, 0.4
PERIODS = 8
ENDS = 12
# Scores are in units of correlation: what a dB of level, a dB of spectrum and an octave of loop
# length are worth.
LEVEL_COST, SPECTRUM_COST, LENGTH_WORTH = 0.03, 0.02, 0.03
# Frames after the loop's end that repeat its start: interpolating players read a few.
GUARD = 32
CANDIDATES = 4


@dataclass(frozen=True)
class Seam:
    """A loop and how well its ends fit.

    Attributes:
        loop: the frames that repeat.
        fade: frames of cross-fade before the loop's end (and before its start, where they are
            read); at most ``loop.start``.
        correlation: -1..1, of the two stretches that are cross-faded.
    """

    loop: Loop
    fade: int
    correlation: float


def find_seam(
    samples: NDArray[np.float32],
    rate: int,
    *,
    first: int,
    last: int,
    period: float | None,
) -> Seam | None:
    """The best loop of samples [C, n] within frames ``first`` to ``last``.

    Twelve ends in the last third are tried. For each, the stretch before it is compared with
    every earlier stretch by normalised cross-correlation (through an FFT), so for a pitched sound
    the peaks lie at multiples of the period; the best of them are weighed further by level, by
    spectrum (windows of 46 ms before the two points) and by length.

    Args:
        samples: [C, n].
        rate: Hz.
        first, last: frames; the attack lies before, the release after.
        period: frames of a period, None for noise.

    Returns:
        None where the stretch is too short for a loop (80 ms and eight periods).
    """
    from scipy.signal import correlate

    mono = samples.mean(axis=0).astype(np.float64)
    wanted = min(int(LEAST_WANTED * rate), (last - first) // 3)
    shortest = max(int(SHORTEST_LOOP * rate), int(PERIODS * (period or 0)), wanted)
    fade = int(np.clip((last - first) // 5, SHORTEST_FADE * rate, LONGEST_FADE * rate))
    if last - first < shortest + fade:
        return None
    zone = mono[first:last]
    running = np.pad(np.cumsum(zone**2), (1, 0))
    energy = running[fade:] - running[:-fade] + 1e-12
    earliest = max(shortest + fade, (2 * len(zone)) // 3)
    best: Seam | None = None
    most = -np.inf
    for end in np.unique(np.linspace(earliest, len(zone), ENDS).astype(int)):
        template = zone[end - fade : end]
        overlap = correlate(zone[: end - shortest], template, mode="valid", method="fft")
        if not len(overlap):
            continue
        likeness = overlap / np.sqrt(energy[: len(overlap)] * energy[end - fade])
        levels = 5 * np.abs(np.log10(energy[: len(overlap)] / energy[end - fade])) * 2
        length = end - fade - np.arange(len(overlap))
        score = likeness - LEVEL_COST * levels + LENGTH_WORTH * np.log2(length / shortest)
        for start in _peaks(score, max(1, int(period or fade // 2))):
            total = score[start] - SPECTRUM_COST * _difference(zone, start + fade, end, rate)
            if total > most:
                loop = Loop(first + int(start) + fade, first + int(end))
                most, best = total, Seam(loop, fade, float(np.clip(likeness[start], -1, 1)))
    return best


def _peaks(score: NDArray[np.float64], apart: int) -> list[int]:
    """Places of the highest values, at least ``apart`` from one another."""
    left = score.copy()
    found = []
    for _ in range(CANDIDATES):
        place = int(left.argmax())
        if not np.isfinite(left[place]):
            break
        found.append(place)
        left[max(0, place - apart) : place + apart + 1] = -np.inf
    return found


def _difference(zone: NDArray[np.float64], start: int, end: int, rate: int) -> float:
    """Mean distance in dB of the spectra before two points, over 24 bands."""
    size = min(1 << int(np.log2(0.046 * rate)), start, end)
    window = np.hanning(size)
    pair = np.stack([zone[start - size : start], zone[end - size : end]]) * window
    power = np.abs(np.fft.rfft(pair)) ** 2
    edges = np.unique(np.geomspace(1, power.shape[1] - 1, 24).astype(int))
    bands = np.add.reduceat(power, edges, axis=1)
    decibels = 10 * np.log10(bands + 1e-5 * bands.max() + 1e-20)
    return float(np.abs(decibels[0] - decibels[1]).mean())


def bake(samples: NDArray[np.float32], seam: Seam) -> NDArray[np.float32]:
    """Samples [C, loop.end + 32] whose seam is smooth in any player.

    The frames before the loop's end fade into those before its start, so that the last frame of
    the loop is followed by the one that followed it in the recording. Gains keep the power for
    the correlation r that was found: with a linear fade a = t, b = 1 - t, both are divided by
    sqrt(a² + b² + 2 · a · b · r). For like stretches (r = 1) that is the equal-gain fade, for
    unlike ones (r = 0) an equal-power one; neither bumps nor dips. The 32 frames after the end
    repeat the loop's start, for players that interpolate across it.
    """
    start, end, fade = seam.loop.start, seam.loop.end, seam.fade
    into = ((np.arange(fade) + 1) / fade).astype(np.float64)
    out = 1 - into
    # Opposite stretches would need infinite gain.
    likeness = max(seam.correlation, 0.0)
    power = np.sqrt(into**2 + out**2 + 2 * into * out * likeness)
    baked = samples[:, :end].copy()
    baked[:, end - fade :] = (
        baked[:, end - fade :] * (out / power) + samples[:, start - fade : start] * (into / power)
    ).astype(np.float32)
    loop = np.arange(GUARD) % (end - start) + start
    return np.concatenate([baked, baked[:, loop]], axis=1)


def hold_level(
    samples: NDArray[np.float32], rate: int, first: int, last: int
) -> NDArray[np.float32]:
    """Samples [C, n] without the trend of level between two frames, at most 40 dB.

    A loop of a sound that fades would pump. From ``first`` on, the straight line through the
    level in dB is taken away; what lies after ``last`` keeps the last gain.
    """
    from sonolume.signal.trim import levels

    block = max(1, min(round(0.02 * rate), last - first))
    level = 20 * np.log10(levels(samples[:, first:last], rate, 0.02) + 1e-9)
    if len(level) < 3:
        return samples
    slope = float(np.polyfit(np.arange(len(level)) * block, level, 1)[0])
    frames = np.clip(np.arange(samples.shape[1]) - first, 0, last - first)
    rise_db = np.clip(-slope * frames, -40.0, 40.0)
    even: NDArray[np.float32] = (samples * 10 ** (rise_db / 20)).astype(np.float32)
    return even
