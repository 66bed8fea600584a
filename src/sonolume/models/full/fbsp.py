"""The front end of ESResNe(X)t-fbsp (Guzhov et al. 2021): a learned complex spectrogram."""

import math
from typing import Final

import torch
import torch.nn.functional as F
from torch import Tensor, nn

RATE: Final = 44_100
FRAME: Final = 1654
HOP: Final = 561
SIZE: Final = 2048  # samples that a kernel spans; a frame stands in its middle
BINS: Final = SIZE // 2 + 1
BANDS: Final = 3
LOWEST_POWER: Final = 1e-18
EPS: Final = 1e-8


class Fbsp(nn.Module):
    """Frequency B-splines: kernels √fb · sinc(fb · t / m)^m · e^(−i · fc · t) / √2048.

    t runs over π · (−1 … 1), sinc(x) = sin(x) / x, and the power is the complex one: where sinc is
    negative it turns the phase by π · m. With m = 0 and fb = 1 it is a Fourier transform, except
    that t reaches both ends: its 2048 places lie 2π / 2047 apart.
    """

    def __init__(self) -> None:
        super().__init__()
        self.m = nn.Parameter(torch.zeros(BINS))
        self.fb = nn.Parameter(torch.ones(BINS))
        self.fc = nn.Parameter(torch.arange(BINS, dtype=torch.float32))
        self.bias = nn.Parameter(torch.empty(0))  # published so

    def kernels(self) -> tuple[Tensor, Tensor]:
        """Real and imaginary part, each [1025, 2048]."""
        m, fb, fc = (values[:, None] for values in (self.m, self.fb, self.fc))
        t = math.pi * torch.linspace(-1, 1, SIZE, device=m.device) + EPS
        x = fb * t / (m + EPS)
        sinc = torch.where(x == 0, 1.0, torch.sin(x) / x)
        gain = fb.sqrt() * sinc.abs() ** m / SIZE**0.5
        phase = math.pi * m * (sinc < 0) - fc * t
        return gain * phase.cos(), gain * phase.sin()

    def forward(self, frames: Tensor) -> Tensor:
        """Windowed frames [B, T, 1654] → power [B, 1025, T]."""
        start = (SIZE - FRAME) // 2  # beyond the frame there are zeros
        real, imaginary = (part[:, start : start + FRAME] for part in self.kernels())
        power = F.linear(frames, real).square() + F.linear(frames, imaginary).square()
        return power.transpose(1, 2)


def frames(samples: Tensor, window: Tensor) -> Tensor:
    """Samples [B, n] in −1..1 → windowed frames [B, T, 1654], T = 1 + ⌈(n − 1654) / 561⌉.

    What is missing at the last frame is added as zeros, half of it before the sound. The network
    was trained on whole numbers −32768 … 32767 mapped to −1 … 1.
    """
    samples = (samples + 1) * (65536 / 65535) - 1
    count = 1 + max(0, math.ceil((samples.shape[-1] - FRAME) / HOP))
    missing = (count - 1) * HOP + FRAME - samples.shape[-1]
    padded = F.pad(samples, (missing // 2, missing - missing // 2))
    return padded.unfold(-1, FRAME, HOP) * window


def bands(power: Tensor) -> Tensor:
    """Power [B, 1025, T] → decibels [B, 3, 341, T]: low, middle and high bins as three channels."""
    B, _, T = power.shape
    height = BINS // BANDS
    kept = power[:, : BANDS * height].reshape(B, BANDS, height, T)
    return 10 * torch.where(kept > 0, kept, LOWEST_POWER).log10()
