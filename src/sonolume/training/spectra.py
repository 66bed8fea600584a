"""Distances between waveforms by their spectra, at several resolutions."""

import torch
import torch.nn.functional as F
from torch import Tensor

WINDOWS = (256, 512, 1024)  # samples; hops are a quarter of them
QUIETEST = 1e-3  # magnitude below which differences do not count


def stft_distance(made: Tensor, true: Tensor) -> Tensor:
    """Multi-resolution STFT distance of waveforms [B, n], a number.

    Spectral convergence and mean difference of log-magnitudes, each the mean over the windows
    (Yamamoto, Song & Kim 2020, eqs. 4-6).
    """
    parts = []
    for size in WINDOWS:
        a, b = magnitudes(made, size), magnitudes(true, size)
        norm = torch.linalg.vector_norm
        converged = norm(a - b, dim=(1, 2)) / norm(b, dim=(1, 2)).clamp(min=QUIETEST)
        parts.append(converged.mean() + F.l1_loss(a.log(), b.log()))
    return torch.stack(parts).mean()


def magnitudes(waveform: Tensor, size: int, hop: int | None = None) -> Tensor:
    """|STFT| [B, size / 2 + 1, T] under Hann windows, not below 1e-3."""
    window = torch.hann_window(size, device=waveform.device)
    spectrum = torch.stft(
        waveform,
        size,
        hop or size // 4,
        window=window,
        pad_mode="constant",
        return_complex=True,
    )
    # The square root has no gradient at 0.
    power = spectrum.real.square() + spectrum.imag.square()
    return power.clamp(min=QUIETEST**2).sqrt()
