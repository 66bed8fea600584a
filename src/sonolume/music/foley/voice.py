"""What every way of playing reads: a source as numbers."""

from __future__ import annotations

import zlib
from dataclasses import dataclass

import numpy as np

from sonolume.music.foley.materials import Material, material_of
from sonolume.music.foley.timbre import Timbre, timbre_of
from sonolume.music.scene import Source

__all__ = ["Voice", "voice_of"]

LOWEST, HIGHEST = 32.0, 5000.0


@dataclass(frozen=True)
class Voice:
    """A source as numbers.

    Attributes:
        name: what it is, for what is called.
        material: what it is made of.
        pitch: Hz of its lowest mode, 32..5000.
        shift: octaves by which words moved it.
        brightness: 0..1.
        ring: factor on how long it rings, 1/4..4.
        roughness: 0..1.
        breath: 0..1, share of noise.
        hardness: 0..1, of the contact.
    """

    name: str
    material: Material
    pitch: float
    shift: float = 0.0
    brightness: float = 0.5
    ring: float = 1.0
    roughness: float = 0.0
    breath: float = 0.1
    hardness: float = 0.5


def voice_of(source: Source, rng: np.random.Generator) -> Voice:
    """The voice of a source. Its name moves the pitch by up to ±3 semitones, so that two things
    of one material differ; ``rng`` moves it by up to a further semitone."""
    material, timbre = material_of(source.material, source.name), timbre_of(source.timbre)
    named = zlib.crc32(source.name.lower().encode()) / 2**32 - 0.5
    shift = timbre.octaves + named / 2 + rng.uniform(-1, 1) / 12
    return Voice(
        source.name.lower(),
        material,
        float(np.clip(material.pitch * 2**shift, LOWEST, HIGHEST)),
        float(shift),
        _within(0.5 + timbre.brightness + rng.uniform(-0.05, 0.05)),
        float(2**timbre.sustain),
        _within(timbre.roughness),
        _within(material.noise + timbre.breath),
        _hardness(material, timbre),
    )


def _hardness(material: Material, timbre: Timbre) -> float:
    return _within(material.hardness + timbre.attack / 2)


def _within(value: float) -> float:
    return float(np.clip(value, 0.0, 1.0))
