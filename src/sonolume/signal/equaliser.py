"""Second-order filters from the Audio EQ Cookbook (Bristow-Johnson), as sections for SciPy."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "Section",
    "band_limit",
    "high_pass",
    "high_shelf",
    "impulse_response",
    "low_pass",
    "low_shelf",
    "peak",
]

Section = tuple[float, float, float, float, float, float]

BUTTERWORTH: Final = 1 / math.sqrt(2)
# Of the rate; a corner beyond it would fold.
HIGHEST: Final = 0.49


def high_pass(rate: int, hertz: float, q: float = BUTTERWORTH) -> Section:
    """12 dB an octave below ``hertz``, -3 dB there for the default ``q``."""
    cos, alpha = _angle(rate, hertz, q)
    return _section((1 + cos) / 2, -(1 + cos), (1 + cos) / 2, 1 + alpha, -2 * cos, 1 - alpha)


def low_pass(rate: int, hertz: float, q: float = BUTTERWORTH) -> Section:
    """12 dB an octave above ``hertz``, -3 dB there for the default ``q``."""
    cos, alpha = _angle(rate, hertz, q)
    return _section((1 - cos) / 2, 1 - cos, (1 - cos) / 2, 1 + alpha, -2 * cos, 1 - alpha)


def band_limit() -> list[Section]:
    """-60 dB from 0.455 of the rate on and 0.1 dB of ripple below 0.43 (elliptic, order 8).

    What lies between the samples of such a sound is the same for every way of looking at it:
    only then does a true peak mean anything.
    """
    from scipy.signal import ellip

    sections = ellip(8, 0.1, 60, 0.43, fs=1.0, output="sos")
    return [_section(*map(float, row)) for row in sections]


def peak(rate: int, hertz: float, gain: float, q: float = 1.0) -> Section:
    """``gain`` dB around ``hertz``."""
    cos, alpha = _angle(rate, hertz, q)
    a = 10 ** (gain / 40)
    return _section(1 + alpha * a, -2 * cos, 1 - alpha * a, 1 + alpha / a, -2 * cos, 1 - alpha / a)


def low_shelf(rate: int, hertz: float, gain: float, q: float = BUTTERWORTH) -> Section:
    """``gain`` dB below ``hertz``, half of it there."""
    return _shelf(rate, hertz, gain, q, 1)


def high_shelf(rate: int, hertz: float, gain: float, q: float = BUTTERWORTH) -> Section:
    """``gain`` dB above ``hertz``, half of it there."""
    return _shelf(rate, hertz, gain, q, -1)


def impulse_response(sections: Sequence[Section], frames: int) -> NDArray[np.float32]:
    """The answer [frames] of filters in a row to a unit impulse; the impulse for none."""
    from scipy.signal import sosfilt

    impulse = np.zeros(frames)
    impulse[0] = 1
    answer = sosfilt(np.array(sections), impulse) if sections else impulse
    response: NDArray[np.float32] = answer.astype(np.float32)
    return response


def _shelf(rate: int, hertz: float, gain: float, q: float, side: int) -> Section:
    cos, alpha = _angle(rate, hertz, q)
    cos *= side  # the high shelf is the low one mirrored at a quarter of the rate
    a = 10 ** (gain / 40)
    root = 2 * math.sqrt(a) * alpha
    return _section(
        a * ((a + 1) - (a - 1) * cos + root),
        side * 2 * a * ((a - 1) - (a + 1) * cos),
        a * ((a + 1) - (a - 1) * cos - root),
        (a + 1) + (a - 1) * cos + root,
        side * -2 * ((a - 1) + (a + 1) * cos),
        (a + 1) + (a - 1) * cos - root,
    )


def _angle(rate: int, hertz: float, q: float) -> tuple[float, float]:
    omega = 2 * math.pi * min(hertz / rate, HIGHEST)
    return math.cos(omega), math.sin(omega) / (2 * q)


def _section(b0: float, b1: float, b2: float, a0: float, a1: float, a2: float) -> Section:
    return (b0 / a0, b1 / a0, b2 / a0, 1.0, a1 / a0, a2 / a0)
