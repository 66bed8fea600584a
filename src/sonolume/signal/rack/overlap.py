"""Gains laid upon short spectra: analysis, gain, overlap-add."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional as F

__all__ = ["OVERLAP", "frame_size", "with_gains"]

OVERLAP = 4  # frames over each sample


def frame_size(rate: int, seconds: float) -> int:
    """Samples of a frame of so many seconds or a little more, a multiple of `OVERLAP` that
    transforms quickly."""
    from scipy.fft import next_fast_len

    return OVERLAP * int(next_fast_len(max(4, round(seconds * rate / OVERLAP)), real=True))


def with_gains(samples: Tensor, size: int, start: int, gains: Callable[[Tensor], Tensor]) -> Tensor:
    """Samples [B, C, N] whose short spectra were multiplied by gains.

    Frames under a sine window, twice, whose squares add up to `OVERLAP` / 2 everywhere (D. Griffin
    and J. Lim, "Signal estimation from modified short-time Fourier transform", 1984): gains of one
    give the samples themselves up to rounding. Frames are counted from the sound's beginning, so
    that a stretch that is heard with ``size`` frames more on either side is part of the whole.

    Args:
        samples: [B, C, N], N ≥ 1.
        size: of a frame, see `frame_size`.
        start: the number of the first sample.
        gains: power of all channels together [B, T, F] → gains of the same shape.
    """
    frames = samples.shape[-1]
    hop = size // OVERLAP
    lead = start % hop + size - hop
    count = -(-(lead + frames) // hop)
    whole = (count - 1) * hop + size
    padded = F.pad(samples, (lead, whole - lead - frames))
    phase = torch.arange(size, dtype=samples.dtype, device=samples.device) + 0.5
    window = torch.sin(phase * (math.pi / size))
    spectrum = torch.fft.rfft(padded.unfold(-1, size, hop) * window)
    power = (spectrum.real.square() + spectrum.imag.square()).sum(1)
    changed = torch.fft.irfft(spectrum * gains(power)[:, None], size) * window
    quarters = changed.unflatten(-1, (OVERLAP, hop))
    shifted = (F.pad(quarters[..., k, :], (0, 0, k, OVERLAP - 1 - k)) for k in range(OVERLAP))
    joined = sum(shifted, quarters.new_zeros(())).flatten(-2)
    done: Tensor = joined[..., lead : lead + frames] / (OVERLAP / 2)
    return done
