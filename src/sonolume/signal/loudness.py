"""Loudness as it is heard: ITU-R BS.1770-4, integrated and gated, of sounds of any length."""

from __future__ import annotations

import math
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from sonolume.errors import MediaError

__all__ = ["LoudnessMeter", "Weighting", "gated", "k_weighting", "loudness"]

OFFSET: Final = -0.691
ABSOLUTE_GATE: Final = -70.0
RELATIVE_GATE: Final = -10.0
STEP: Final = 0.1  # seconds; gating blocks of 400 ms overlap by three of these
STEPS: Final = 4
MAX_CHANNELS: Final = 2
AWAKE: Final = 1e-20


def loudness(samples: NDArray[np.float32], rate: int) -> float:
    """Integrated loudness in LUFS of samples [channels, n] at ``rate`` Hz.

    -inf for silence and for sounds shorter than 400 ms, which have no gating block.

    Raises:
        MediaError: not one or two channels.
    """
    meter = LoudnessMeter(rate, len(samples))
    meter.add(samples)
    return meter.integrated


class LoudnessMeter:
    """Measures a sound that comes in blocks [channels, n].

    Args:
        rate: Hz, 1000 or more.
        channels: 1 or 2, of weight one; a mono sound is one speaker, 3 LU below the same sound
            on both.
        absolute_gate: LUFS below which a gating block is silence; -70 in the recommendation.

    Raises:
        MediaError: not one or two channels.
    """

    def __init__(
        self, rate: int, channels: int = 2, *, absolute_gate: float = ABSOLUTE_GATE
    ) -> None:
        if not 1 <= channels <= MAX_CHANNELS:
            raise MediaError(f"loudness of {channels} channels; expected 1 or 2: mix it down")
        self._weighting, self._gate = Weighting(rate, channels), absolute_gate
        self._step = max(1, round(STEP * rate))
        self._held = np.zeros(0)
        self._steps: list[NDArray[np.float64]] = []

    def add(self, block: NDArray[np.float32]) -> None:
        """Listen to the next frames."""
        if not block.shape[1]:
            return
        power = np.concatenate([self._held, self._weighting.power(block).sum(axis=0)])
        whole = len(power) - len(power) % self._step
        self._steps.append(power[:whole].reshape(-1, self._step).mean(axis=1))
        self._held = power[whole:]

    @property
    def integrated(self) -> float:
        """LUFS of all that was heard; -inf where no block passes the gates."""
        return gated(self._windows(STEPS), self._gate)

    @property
    def momentary(self) -> float:
        """The loudest 400 ms, in LUFS (EBU Tech 3341)."""
        return _level(float(self._windows(STEPS).max(initial=0.0)))

    @property
    def short_term(self) -> float:
        """The loudest 3 s, in LUFS (EBU Tech 3341)."""
        return _level(float(self._windows(30).max(initial=0.0)))

    def _windows(self, steps: int) -> NDArray[np.float64]:
        """Mean power of each window of so many steps."""
        if sum(map(len, self._steps)) < steps:
            return np.zeros(0)
        means = np.concatenate(self._steps)
        total: NDArray[np.float64] = np.lib.stride_tricks.sliding_window_view(means, steps).mean(1)
        return total


class Weighting:
    """The K weighting of a sound that comes in blocks [channels, n]."""

    def __init__(self, rate: int, channels: int) -> None:
        self._sections = k_weighting(rate)
        self._state = np.zeros((len(self._sections), channels, 2))

    def power(self, block: NDArray[np.float32]) -> NDArray[np.float64]:
        """Squares [channels, n] of the weighted samples."""
        from scipy.signal import sosfilt

        # In silence the filters' memory would fade into denormal numbers, ten times slower to
        # reckon with; a tone at half the rate and -400 dB keeps it above.
        awake = block.astype(np.float64)
        awake[:, ::2] += AWAKE
        awake[:, 1::2] -= AWAKE
        weighted, self._state = sosfilt(self._sections, awake, zi=self._state)
        squares: NDArray[np.float64] = np.square(weighted, out=weighted)
        return squares


def gated(power: NDArray[np.float64], absolute_gate: float = ABSOLUTE_GATE) -> float:
    """LUFS of the mean power of gating blocks [n] that pass both gates (BS.1770-4, eq. 5 to 7);
    -inf where none does."""
    loud = power[power > 10 ** ((absolute_gate - OFFSET) / 10)]
    if not len(loud):
        return -math.inf
    return _level(float(loud[loud > loud.mean() * 10 ** (RELATIVE_GATE / 10)].mean()))


def k_weighting(rate: int) -> NDArray[Any]:
    """Second-order sections [2, 6] of the K weighting at ``rate``: the filters that BS.1770-4
    lists for 48 kHz, from the analogue prototypes that give them (Mansbridge et al. 2012)."""
    shelf = _biquad(rate, 1681.974450955533, 0.7071752369554196, 3.999843853973347)
    rumble = _biquad(rate, 38.13547087602444, 0.5003270373238773, None)
    return np.array([shelf, rumble])


def _biquad(rate: int, hertz: float, q: float, gain: float | None) -> list[float]:
    """A high shelf of ``gain`` dB, or a high pass; bilinear transform."""
    k = math.tan(math.pi * min(hertz / rate, 0.49))
    a0 = 1 + k / q + k * k
    a1, a2 = 2 * (k * k - 1) / a0, (1 - k / q + k * k) / a0
    if gain is None:
        # As listed in the recommendation: the numerator is not divided by a0.
        return [1.0, -2.0, 1.0, 1.0, a1, a2]
    high = 10 ** (gain / 20)
    band = high**0.4996667741545416
    b0, b2 = high + band * k / q + k * k, high - band * k / q + k * k
    return [b0 / a0, 2 * (k * k - high) / a0, b2 / a0, 1.0, a1, a2]


def _level(power: float) -> float:
    return OFFSET + 10 * math.log10(power) if power > 0 else -math.inf
