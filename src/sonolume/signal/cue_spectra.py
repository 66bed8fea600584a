"""The spectrogram from which cues of timbre and loudness are read."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import torch
from torch import Tensor
from torch.nn import functional as F

from sonolume.signal.loudness import ABSOLUTE_GATE, OFFSET, RELATIVE_GATE, STEPS, k_weighting

__all__ = ["Spectra", "loudness", "spectra"]

HOP: Final = 0.025  # seconds; a frame is two hops long
LOWEST, HIGHEST = 30.0, 16_000.0  # Hz: what loudspeakers and ears share
SILENT: Final = 1e-11  # mean power, -110 dBFS


@dataclass(frozen=True, eq=False)
class Spectra:
    """Power of a sound over time and frequency.

    Attributes:
        power: [B, T, F], channels summed; over F it adds up to the frame's mean power.
        hertz: [F].
        rate: Hz.
        floor: power that counts as silence.
    """

    power: Tensor
    hertz: Tensor
    rate: int
    floor: float = SILENT

    def heard(self) -> Tensor:
        """Mean power [B, F], without what lies below 30 Hz and above 16 kHz."""
        inside = (self.hertz >= LOWEST) & (self.hertz <= HIGHEST)
        return self.power.mean(1) * inside

    def band(self, low: float, high: float) -> Tensor:
        """Mean power [B] of a band."""
        inside = (self.hertz >= low) & (self.hertz < high)
        return self.power.mean(1)[:, inside].sum(-1)


def spectra(samples: Tensor, rate: int) -> Spectra:
    """Of samples [B, C, N]: frames of 50 ms every 25 ms, sine windows, whose squares add up to one
    at every sample between the first and the last."""
    hop = max(8, round(HOP * rate))
    frames = max(1, math.ceil(samples.shape[-1] / hop) - 1)
    missing = (frames + 1) * hop - samples.shape[-1]
    padded = F.pad(samples, (0, max(0, missing)))
    blocks = padded.unfold(-1, 2 * hop, hop)
    phase = torch.arange(2 * hop, dtype=samples.dtype, device=samples.device) + 0.5
    spectrum = torch.fft.rfft(blocks * torch.sin(math.pi * phase / (2 * hop)))
    power = (spectrum.real.square() + spectrum.imag.square()).sum(1)
    # Parseval: both halves of the spectrum, over 2 hop samples of a window of mean power 1/2.
    weight = torch.full_like(power[0, 0], 2.0)
    weight[0], weight[-1] = 1.0, 1.0
    hertz = torch.fft.rfftfreq(2 * hop, 1 / rate, dtype=samples.dtype, device=samples.device)
    return Spectra(power * weight / (2 * hop * hop), hertz, rate)


def loudness(found: Spectra) -> Tensor:
    """Integrated loudness [B] in LUFS (BS.1770-4); −70 for silence. A sound shorter than 400 ms is
    one gating block.

    Frames are weighted by the response of the K filters, which is within 0.1 LU of filtering.
    """
    weighted = found.power @ _k_power(found)
    # A gating block of 400 ms every 100 ms: as many frames, every fourth.
    per_step = round(0.1 / HOP)
    blocks = min(STEPS * per_step - 1, weighted.shape[-1])
    power = weighted.unfold(-1, blocks, per_step).mean(-1)
    quietest = 10 ** ((ABSOLUTE_GATE - OFFSET) / 10)
    loud = power.detach() > quietest
    mean = _masked_mean(power, loud)
    relative = loud & (power.detach() > mean.detach()[:, None] * 10 ** (RELATIVE_GATE / 10))
    gated = _masked_mean(power, relative)
    return OFFSET + 10 * torch.log10(gated.clamp(min=quietest))


def _masked_mean(power: Tensor, mask: Tensor) -> Tensor:
    return (power * mask).sum(-1) / mask.sum(-1).clamp(min=1)


def _k_power(found: Spectra) -> Tensor:
    from scipy.signal import sosfreqz

    _, response = sosfreqz(k_weighting(found.rate), found.hertz.cpu().numpy(), fs=found.rate)
    return torch.from_numpy(abs(response) ** 2).to(found.power)
