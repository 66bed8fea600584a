"""Structure in a few numbers, quick enough to be asked at every step of a search."""

from typing import Final

import torch
from torch import Tensor
from torch.nn import functional as F

from sonolume.signal.cue_spectra import Spectra, spectra

__all__ = ["lost", "lost_each", "traces"]

DEPTH: Final = 1e-6  # of the loudest frame: 60 dB
RANGE: Final = 1e-4  # of the loudest moment: 40 dB
MOMENT: Final = 16  # frames of 25 ms: 400 ms
LOWEST, HIGHEST = 150.0, 3000.0  # Hz of the pitches that are compared
PITCHES: Final = 12


def traces(samples: Tensor, rate: int, found: Spectra | None = None) -> list[Tensor]:
    """Level, rises of level and pitch classes over time of samples [B, C, N]: [B, T] or [B, n].

    ``found`` are their `spectra`, where they are at hand.
    """
    found = found or spectra(samples, rate)
    bands = _banded(found.power, found.hertz)
    floor = bands.amax((1, 2), keepdim=True) * DEPTH + found.floor
    levels = 10 * torch.log10(bands + floor)
    rises = levels.diff(dim=1).clamp(min=0).mean(-1)
    whole = found.power.sum(-1)
    momentary = F.avg_pool1d(whole, min(MOMENT, whole.shape[1]), 1)
    floor = momentary.amax(1, keepdim=True) * RANGE + found.floor
    level = 10 * torch.log10(momentary + floor)
    return [level, rises, _pitches(found.power, found.hertz).flatten(1)]


def lost(before: list[Tensor], after: list[Tensor]) -> Tensor:
    """`lost_each`, mean over sounds: [3]."""
    return lost_each(before, after).mean(0)


def lost_each(before: list[Tensor], after: list[Tensor]) -> Tensor:
    """One less the correlation of each trace of each sound: [B, 3], 0 where nothing is lost."""
    pairs = zip(before, after, strict=True)
    return torch.stack([1 - _correlation(a, b) for a, b in pairs], dim=1)


def _correlation(a: Tensor, b: Tensor) -> Tensor:
    """[B]."""
    if not a.shape[-1]:
        return a.new_ones(len(a))
    a, b = (x - x.mean(-1, keepdim=True) for x in (a, b))
    # What hardly varies agrees with what hardly varies.
    shared = 1e-3 + 1e-2 * a.square().mean(-1)
    power = ((a.square().mean(-1) + shared) * (b.square().mean(-1) + shared)).sqrt()
    agreed: Tensor = ((a * b).mean(-1) + shared) / power
    return agreed


def _banded(power: Tensor, hertz: Tensor) -> Tensor:
    """Octaves from 100 Hz on, [B, T, 8]."""
    band = torch.log2(hertz.clamp(min=1) / 100).floor().clamp(0, 7).long()
    return power.new_zeros(*power.shape[:2], 8).index_add_(2, band, power)


def _pitches(power: Tensor, hertz: Tensor) -> Tensor:
    """Amplitude of each pitch class, of 20 Hz wide bins coarse below 500 Hz, [B, T, 12]."""
    inside = (hertz >= LOWEST) & (hertz <= HIGHEST)
    pitch = (PITCHES * torch.log2(hertz[inside] / 440)).round().long() % PITCHES
    empty = power.new_zeros(*power.shape[:2], PITCHES)
    return empty.index_add_(2, pitch, power[..., inside].sqrt())
