"""The master chain: the gain and the limiter that meet a loudness and a ceiling."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sonolume.music.mixdown.spool import Outline
from sonolume.signal.limiter import LOOKAHEAD, RELEASE, Limiter
from sonolume.signal.loudness import ABSOLUTE_GATE, LoudnessMeter, gated
from sonolume.signal.true_peak import PeakMeter

__all__ = ["highest_gain", "master_gain", "mastered"]

# Beyond this much limiting a mix sounds crushed; it stays quieter than asked for instead.
MAX_LIMITING: Final = 14.0
MAX_GAIN: Final = 100.0
# What samples show of a true peak, as a rule.
BETWEEN: Final = 0.3
STEPS: Final = 14
OVERLAP: Final = 4


def master_gain(outline: Outline, rate: int, loudness: float, ceiling: float) -> float:
    """Gain in dB after which the limited sound is ``loudness`` LUFS, found on its outline.

    Less where that would take more than 14 dB of limiting; 0 for silence. A sound too short or
    too faint to have a loudness is brought to the ceiling.
    """
    highest = highest_gain(outline, ceiling)
    reached = _limited_loudness(outline, rate, highest, ceiling)
    if reached <= loudness:
        # Without a loudness there is nothing to reach.
        return highest if math.isfinite(reached) else highest - MAX_LIMITING if highest else 0.0
    low, high = highest - (reached - loudness) - 2 * MAX_LIMITING, highest
    for _ in range(STEPS):
        middle = (low + high) / 2
        louder = _limited_loudness(outline, rate, middle, ceiling) >= loudness
        low, high = (low, middle) if louder else (middle, high)
    return (low + high) / 2


def highest_gain(outline: Outline, ceiling: float) -> float:
    """Gain in dB that takes all the limiting that is allowed; 0 for silence."""
    peak = float(outline.peak.max(initial=0.0))
    if peak <= 0:
        return 0.0
    return min(ceiling - BETWEEN - 20 * math.log10(peak), MAX_GAIN) + MAX_LIMITING


def mastered(
    blocks: Iterable[NDArray[np.float32]],
    rate: int,
    gain: float,
    ceiling: float,
    meter: LoudnessMeter,
    peaks: PeakMeter,
) -> Iterator[NDArray[np.float32]]:
    """Blocks [2, n] with ``gain`` dB and limited, heard by the meters on their way."""
    limiter = Limiter(rate, 2, ceiling)
    factor = np.float32(10 ** (gain / 20))
    for block in _limited(blocks, limiter, factor):
        meter.add(block)
        peaks.envelope(block)
        yield block
    peaks.flush()


def _limited(
    blocks: Iterable[NDArray[np.float32]], limiter: Limiter, factor: np.float32
) -> Iterator[NDArray[np.float32]]:
    for block in blocks:
        yield limiter.process(block * factor)
    yield limiter.flush()


def _limited_loudness(outline: Outline, rate: int, gain: float, ceiling: float) -> float:
    """LUFS after gain and limiter, as far as the outline shows.

    The limiter's gain is slow beside the sound, so that it scales the weighted power of a hop.
    """
    power = outline.power * 10 ** (gain / 10)
    over = 20 * np.log10(np.maximum(outline.peak, 1e-9)) + gain + BETWEEN - ceiling
    power = power * 10 ** (-_reduction(np.maximum(over, 0.0), rate, outline.hop) / 10)
    step = max(1, round(0.1 * rate / outline.hop))
    whole = len(power) - len(power) % step
    means = power[:whole].reshape(-1, step).mean(axis=1)
    if len(means) < OVERLAP:
        return -math.inf
    windows = np.lib.stride_tricks.sliding_window_view(means, OVERLAP).mean(axis=1)
    return gated(windows, ABSOLUTE_GATE)


def _reduction(over: NDArray[np.float64], rate: int, hop: int) -> NDArray[np.float64]:
    """What `Limiter` does, in hops."""
    from scipy.ndimage import maximum_filter1d, uniform_filter1d

    ramp = np.arange(len(over)) * (RELEASE * hop / rate)
    released = np.maximum.accumulate(over + ramp) - ramp
    look = 2 * round(LOOKAHEAD * rate / hop) + 1
    held = maximum_filter1d(np.maximum(released, 0.0), look)
    smooth: NDArray[np.float64] = uniform_filter1d(held, look)
    return smooth
