"""Auditory cues: what can be heard of a sound's style, as numbers that have gradients.

Windows are in seconds and bands in hertz, so that a sound keeps its cues at another rate as long as
its content does. Silence, and a band without anything in it, has the cue of nothing special.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from types import MappingProxyType
from typing import Final, Literal

import torch
from torch import Tensor

from sonolume.signal.cue_envelopes import (
    band_powers,
    dynamics,
    punch,
    reverberation,
    roughness,
)
from sonolume.signal.cue_spectra import Spectra, spectra
from sonolume.signal.cue_spectra import loudness as _loudness

__all__ = ["CUES", "Cue", "Head", "measure_cues"]

Head = Literal["timbre", "energy", "texture", "space"]


@dataclass(frozen=True)
class Cue:
    """One audible property.

    Attributes:
        name: as in `CUES`.
        unit: of its values.
        head: what it belongs to: "timbre", "texture" and "space" are style, "energy" is structure
            that may move as a whole.
        step: the change, in its unit, that listeners hear clearly.
        doc: how it is measured.
    """

    name: str
    unit: str
    head: Head
    step: float
    doc: str


_ALL: Final = (
    Cue("brightness", "octaves", "timbre", 0.5, "power-weighted mean frequency re 1 kHz, log2"),
    Cue("warmth", "dB", "timbre", 3.0, "energy of 80 to 500 Hz against 500 Hz to 8 kHz"),
    Cue("richness", "octaves", "timbre", 0.3, "power-weighted standard deviation of log2 f"),
    Cue("loudness", "LU", "energy", 3.0, "integrated loudness, BS.1770-4"),
    Cue("dynamics", "dB", "energy", 3.0, "95th less 10th percentile of the level of 50 ms"),
    Cue("punch", "dB/10 ms", "texture", 1.0, "mean of the steepest tenth of rises of level"),
    Cue("roughness", "dB", "texture", 2.0, "modulation of 20 to 150 Hz in bands re their mean"),
    Cue("noisiness", "dB", "texture", 3.0, "spectral flatness in bands of two thirds octave"),
    Cue("reverberation", "dB", "space", 2.0, "decay time of the steepest fifth of falls re 1 s"),
    Cue("width", "dB", "space", 3.0, "energy of half the difference against the mean of channels"),
)

CUES: Final[Mapping[str, Cue]] = MappingProxyType({cue.name: cue for cue in _ALL})
"""Every cue by name, in the order in which `measure_cues` gives them."""

WIDTH_FLOOR: Final = 1e-3  # of the middle's energy: -30 dB, where width is no longer heard
SILENT: Final = 1e-11


def measure_cues(samples: Tensor, rate: int, found: Spectra | None = None) -> dict[str, Tensor]:
    """The cues of sounds, each [B], differentiable almost everywhere.

    Args:
        samples: floats [B, C, N], C 1 or 2 (of more, energies are summed and the first two make
            the width), N ≥ 1; level in full scale.
        rate: Hz.
        found: their `spectra`, where they are at hand.
    """
    found = found or spectra(samples, rate)
    powers = band_powers(samples.mean(dim=1), rate)
    measured = {
        "brightness": _brightness(found),
        "warmth": _warmth(found),
        "richness": _richness(found),
        "loudness": _loudness(found),
        "dynamics": dynamics(samples, rate),
        "punch": punch(samples, rate),
        "roughness": roughness(powers),
        "noisiness": _noisiness(found),
        "reverberation": reverberation(powers),
        "width": _width(samples),
    }
    return {name: measured[name] for name in CUES}


def _brightness(found: Spectra) -> Tensor:
    """Of nothing: 0, which is 1 kHz."""
    power = found.heard()
    centroid = (power * found.hertz).sum(-1) + 1000 * found.floor
    return torch.log2(centroid / (power.sum(-1) + found.floor) / 1000)


def _richness(found: Spectra) -> Tensor:
    power = found.heard()
    octaves = torch.log2(found.hertz.clamp(min=1.0))
    total = power.sum(-1) + found.floor
    mean = (power * octaves).sum(-1) / total
    variance = (power * (octaves - mean[:, None]).square()).sum(-1) / total
    # A root has no slope at zero, which is where pure tones are.
    return torch.sqrt(variance + 1e-4) - 1e-2


def _warmth(found: Spectra) -> Tensor:
    low, high = found.band(80.0, 500.0), found.band(500.0, 8000.0)
    return 10 * torch.log10((low + found.floor) / (high + found.floor))


FLAT_BANDS: Final = tuple(100.0 * 2 ** (k * 2 / 3) for k in range(11))  # to 10.2 kHz
FLAT_FLOOR: Final = 1e-5


def _noisiness(found: Spectra) -> Tensor:
    """Geometric against arithmetic mean of a band's power in each frame, weighted by its energy.

    White noise has −2.5 dB (Euler's constant in dB), tones −20 dB and below.
    """
    flat, energy = [], []
    for low, high in pairwise(FLAT_BANDS):
        inside = (found.hertz >= low) & (found.hertz < high)
        if int(inside.sum()) < 2:
            continue
        power = found.power[..., inside]
        mean = power.mean(-1)
        floored = power + FLAT_FLOOR * mean[..., None] + found.floor
        flat.append(floored.log().mean(-1) - (mean + found.floor).log())
        # The square root lets quiet bands speak, too.
        energy.append((mean + found.floor).sqrt())
    if not flat:
        return found.power.new_zeros(len(found.power))
    weight = torch.stack(energy, -1)
    nats = (torch.stack(flat, -1) * weight).sum((1, 2)) / weight.sum((1, 2))
    return nats * (10 / math.log(10))


def _width(samples: Tensor) -> Tensor:
    """−30 dB for mono and for silence; 0 dB for independent channels."""
    left, right = samples[:, 0], samples[:, min(1, samples.shape[1] - 1)]
    middle = ((left + right) / 2).square().mean(-1)
    side = ((left - right) / 2).square().mean(-1)
    floor = WIDTH_FLOOR * (middle + side)
    return 10 * torch.log10((side + floor + WIDTH_FLOOR * SILENT) / (middle + floor + SILENT))
