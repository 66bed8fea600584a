"""Cues of level over time."""

from __future__ import annotations

import math
from typing import Final

import torch
from torch import Tensor
from torch.nn import functional as F

__all__ = ["band_powers", "dynamics", "punch", "reverberation", "roughness"]

SILENT: Final = 1e-10  # mean power, -100 dBFS
RANGE: Final = 1e-6  # of the loudest: what is 60 dB below it is the floor of a level
BANDS: Final = tuple(200.0 * 2 ** (k / 2) for k in range(11))  # 200 Hz to 6.4 kHz
WINDOW: Final = 0.012
STEP: Final = 0.0025
FALL: Final = 0.1  # seconds over which a fall is measured
MODULATED: Final = (20.0, 150.0)  # Hz


def dynamics(samples: Tensor, rate: int) -> Tensor:
    """95th less 10th percentile of the level of 50 ms, in dB [B], 0 to 60."""
    level = _decibels(_power(samples, max(1, round(0.05 * rate))))
    loud, quiet = torch.quantile(level, torch.tensor([0.95, 0.1]).to(level), dim=-1)
    crest: Tensor = loud - quiet
    return crest


def punch(samples: Tensor, rate: int) -> Tensor:
    """Mean of the steepest tenth of rises of level, in dB per 10 ms [B]."""
    level = _decibels(_power(samples, max(1, round(0.01 * rate))), RANGE * 10)
    rises = F.relu(level.diff(dim=-1, prepend=level[:, :1]))
    return _top_mean(rises, 0.1)


def roughness(powers: Tensor) -> Tensor:
    """Power of modulations of 20 to 150 Hz against the mean of a band's envelope, in dB [B].

    Half-octave bands as of `band_powers` [B, 10, T], weighted by their mean; a tone modulated at
    depth m has 10 log10(m² / 2), less what windows of 12 ms smooth away; −60 dB at least.
    """
    envelopes = powers.clamp(min=0).add(SILENT * 1e-2).sqrt()
    mean = envelopes.mean(-1, keepdim=True)
    frames = envelopes.shape[-1]
    taper = (
        torch.hann_window(frames, dtype=powers.dtype, device=powers.device) if frames > 4 else 1.0
    )
    spectrum = torch.fft.rfft((envelopes - mean) * taper)
    hertz = torch.fft.rfftfreq(frames, STEP, dtype=powers.dtype, device=powers.device)
    inside = (hertz >= MODULATED[0]) & (hertz <= MODULATED[1])
    power = spectrum.real.square() + spectrum.imag.square()
    share = 0.375 if frames > 4 else 1.0  # mean square of the window
    modulated = (power * inside).sum(-1) * 2 / (frames * frames * share)
    depth = modulated / mean[..., 0].square()
    weight = mean[..., 0]
    return 10 * torch.log10((depth * weight).sum(-1) / weight.sum(-1) + 1e-6)


def reverberation(powers: Tensor) -> Tensor:
    """10 log10 of the decay time in seconds that the steepest fifth of falls shows, in dB [B].

    Of band powers [B, 10, T]. A blind estimate: in each band the level falls by so many dB in
    100 ms; the steepest falls are those of the sound after its ends, slowed down by what rings on
    (compare R. Ratnam et al., "Blind estimation of reverberation time", JASA 114, 2003, where
    decays bound the room's). The decay time is the one in which such a fall comes to 60 dB. Steady
    sounds fall little and seem to ring for long: compare a sound with itself.
    """
    width = max(1, round(0.02 / STEP))
    smooth = F.avg_pool1d(powers, min(width, powers.shape[-1]), max(1, width // 2))
    level = _decibels(smooth, RANGE * 10)
    late = min(round(FALL / (STEP * max(1, width // 2))), level.shape[-1] - 1)
    if late < 1:
        return 0 * powers.sum((1, 2))
    falls = F.softplus(level[..., :-late] - level[..., late:])
    steep = _top_mean(falls, 0.2)
    weight = smooth.mean(-1).add(SILENT).sqrt()
    fall = (steep * weight).sum(-1) / weight.sum(-1)
    return 10 * torch.log10(60 * FALL / fall)


def band_powers(mono: Tensor, rate: int) -> Tensor:
    """Power of samples [B, N] in ten half-octave bands every 2.5 ms, [B, 10, T].

    Time is counted in exact steps, whatever the rate: a frame begins at the nearest sample.
    """
    size = 2 * max(4, round(WINDOW * rate / 2))
    padded = F.pad(mono, (size // 2, size // 2))
    hop = round(STEP * rate)
    if hop == STEP * rate:
        frames = padded.unfold(-1, size, hop)
    else:
        count = 1 + int(mono.shape[-1] / (STEP * rate))
        starts = torch.round(torch.arange(count, device=mono.device) * (STEP * rate)).long()
        frames = padded.unfold(-1, size, 1)[:, starts]
    window = torch.hann_window(size, dtype=mono.dtype, device=mono.device)
    spectrum = torch.fft.rfft(frames * window)
    power = spectrum.real.square() + spectrum.imag.square()
    weights = _bands(rate, size).to(power)
    banded: Tensor = (power @ weights).mT * (16 / 3 / (size * size))
    return banded


def _bands(rate: int, size: int) -> Tensor:
    """[F, 10]: overlapping triangles over log2 f, each with its neighbours adding up to one."""
    octaves = torch.log2(torch.fft.rfftfreq(size, 1 / rate, dtype=torch.float64).clamp(min=1.0))
    centres = torch.tensor([math.log2(edge) + 0.25 for edge in BANDS[:-1]], dtype=torch.float64)
    triangles: Tensor = (1 - (octaves[:, None] - centres).abs() / 0.5).clamp(min=0)
    return triangles


def _power(samples: Tensor, width: int) -> Tensor:
    """Mean power of whole stretches of ``width`` samples, channels summed, [B, T]."""
    frames = samples.shape[-1]
    if frames < width:
        return samples.square().sum(1).mean(-1, keepdim=True)
    whole = samples[..., : frames // width * width].reshape(*samples.shape[:2], -1, width)
    return whole.square().sum(1).mean(-1)


def _decibels(power: Tensor, depth: float = RANGE) -> Tensor:
    """Levels that end ``depth`` below the loudest."""
    floor = power.amax(-1, keepdim=True) * depth + SILENT
    return 10 * torch.log10(power + floor)


def _top_mean(values: Tensor, share: float) -> Tensor:
    """Mean of the largest share of values over the last dimension."""
    count = max(1, round(share * values.shape[-1]))
    return values.topk(count, dim=-1).values.mean(-1)
