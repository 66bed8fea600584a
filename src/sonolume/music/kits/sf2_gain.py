"""Loudness in SF2, which can only attenuate."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sonolume.music.kit import Kit, Region, Sample

__all__ = ["Levels", "levels"]


@dataclass(frozen=True)
class Levels:
    """How gains become attenuations: decibels put into each sample, and taken off the kit."""

    boosts: dict[int, float]
    lowered: float

    def factor(self, sample: Sample) -> float:
        """What the sample is multiplied by."""
        return float(10 ** (self.boosts[id(sample)] / 20))

    def attenuation(self, region: Region) -> float:
        """What the region asks of the player, in dB, ≥ 0."""
        return max(0.0, self.lowered + self.boosts[id(region.sample)] - region.gain_db)


def levels(kit: Kit) -> Levels:
    """Gains above 0 dB go into the samples as far as they stay below full scale; what is left
    over lowers the whole kit, so that its regions keep their balance. A sample beyond full scale
    is brought down to it, likewise. A kit without either is left as it is."""
    gains: dict[int, float] = {}
    samples: dict[int, Sample] = {}
    for instrument in kit.instruments:
        _collect(instrument.regions, gains, samples)
    boosts = {key: min(gain, _headroom(samples[key])) for key, gain in gains.items()}
    lowered = max((gain - boosts[key] for key, gain in gains.items()), default=0.0)
    return Levels(boosts, lowered)


def _collect(
    regions: Sequence[Region], gains: dict[int, float], samples: dict[int, Sample]
) -> None:
    for region in regions:
        key = id(region.sample)
        samples[key] = region.sample
        gains[key] = max(gains.get(key, 0.0), region.gain_db)


def _headroom(sample: Sample) -> float:
    peak = max(float(sample.samples.max()), -float(sample.samples.min()))
    return float(-20 * np.log10(peak)) if peak > 0 else 0.0
