"""Filters of first and second order, digital by the bilinear transform, as frequency responses.

R. Bristow-Johnson, "Cookbook formulae for audio equalizer biquad filter coefficients" (W3C note,
2021) has the analogue prototypes in p = s / ω0.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

__all__ = ["high_pass", "high_shelf", "low_pass", "low_shelf", "peak", "ringing", "tilt"]

HIGHEST = 0.49  # of the sample rate; a corner above it is moved here
FADED = math.log(1e5)  # 100 dB

Coefficients = tuple[Tensor | float, Tensor | float, Tensor | float]


def low_pass(hertz: Tensor, q: Tensor, rate: int, size: int) -> Tensor:
    """12 dB an octave above ``hertz``; Butterworth for q = 1/√2. Arguments [B, 1, 1]."""
    return _section((1.0, 0.0, 0.0), (1.0, 1 / q, 1.0), hertz, rate, size)


def high_pass(hertz: Tensor, q: Tensor, rate: int, size: int) -> Tensor:
    """12 dB an octave below ``hertz``."""
    return _section((0.0, 0.0, 1.0), (1.0, 1 / q, 1.0), hertz, rate, size)


def peak(hertz: Tensor, gain: Tensor, q: Tensor, rate: int, size: int) -> Tensor:
    """A bell of ``gain`` dB."""
    a = _root(gain)
    return _section((1.0, a / q, 1.0), (1.0, 1 / (a * q), 1.0), hertz, rate, size)


def low_shelf(hertz: Tensor, gain: Tensor, rate: int, size: int) -> Tensor:
    """``gain`` dB below ``hertz``, half of it there, no overshoot."""
    a = _root(gain)
    slope = torch.sqrt(2 * a)
    return _section((a * a, a * slope, a), (1.0, slope, a), hertz, rate, size)


def high_shelf(hertz: Tensor, gain: Tensor, rate: int, size: int) -> Tensor:
    """``gain`` dB above ``hertz``, half of it there."""
    a = _root(gain)
    slope = torch.sqrt(2 * a)
    return _section((a, a * slope, a * a), (a, slope, 1.0), hertz, rate, size)


def tilt(hertz: Tensor, gain: Tensor, rate: int, size: int) -> Tensor:
    """−gain/2 dB far below ``hertz``, nothing there, +gain/2 dB far above: first order."""
    a = _root(gain)
    return _section((1.0, a, 0.0), (a, 1.0, 0.0), hertz, rate, size)


def ringing(hertz: Tensor, q: Tensor | float, rate: int) -> int:
    """Frames until a section of that corner and quality has faded by 100 dB."""
    quality = torch.as_tensor(q)
    slowness = torch.maximum(quality, 1 / quality) / (math.pi * hertz)
    # Near half the rate the transform squeezes frequencies, and poles come close to -1.
    return 512 + math.ceil(FADED * float(slowness.detach().max()) * rate)


def _root(gain: Tensor) -> Tensor:
    """Square root of a gain in dB."""
    root: Tensor = 10 ** (gain / 40)
    return root


def _section(b: Coefficients, a: Coefficients, hertz: Tensor, rate: int, size: int) -> Tensor:
    """(b0 + b1 p + b2 p²) / (a0 + a1 p + a2 p²) at p = i tan(ω/2) / tan(ω0/2), complex [B, 1, F].

    Written with sine and cosine instead of powers of z, which near 0 Hz cancel in single precision.
    """
    half = torch.linspace(0, math.pi / 2, size // 2 + 1, dtype=hertz.dtype, device=hertz.device)
    corner = torch.tan(math.pi * (hertz / rate).clamp(max=HIGHEST))
    cosine, sine = torch.cos(half) * corner, torch.sin(half)
    powers = cosine * cosine, sine * cosine, sine * sine
    above = torch.complex(b[0] * powers[0] - b[2] * powers[2], b[1] * powers[1])
    below = torch.complex(a[0] * powers[0] - a[2] * powers[2], a[1] * powers[1])
    if isinstance(b[2], float) and b[2] == 0 and isinstance(a[2], float) and a[2] == 0:
        # A first-order section at half the rate is 0/0 in this form: its slope is what counts.
        above = torch.complex(b[0] * cosine, b[1] * sine)
        below = torch.complex(a[0] * cosine, a[1] * sine)
    return above / below
