"""What is blown: pipes and bottles with breath, wind, surf, rustling."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sonolume.music.foley.noise import band, lowpass, resonate, slow, swell
from sonolume.music.foley.voice import Voice
from sonolume.music.foley.waves import harmonics, rolloff

__all__ = ["blown"]

Samples = NDArray[np.float64]


@dataclass(frozen=True)
class Pipe:
    """Harmonics of a wind instrument: ``bright`` is added, ``even`` weakens the even ones (closed
    pipes), ``breath`` is the share of noise, ``octaves`` lies between a blow and a breath."""

    bright: float
    even: float
    breath: float
    octaves: float


PIPES: Final[dict[str, Pipe]] = {
    "bar": Pipe(-0.1, 0.7, 0.12, 0.0),
    "plate": Pipe(0.15, 0.5, 0.15, 0.4),
    "bell": Pipe(0.3, 1.0, 0.04, -0.8),
    "glass": Pipe(-0.45, 0.15, 0.2, -1.2),
    "membrane": Pipe(0.1, 0.9, 0.1, 0.8),
    "string": Pipe(-0.2, 0.6, 0.3, 0.5),
}


def blown(voice: Voice, frames: int, rate: int, rng: np.random.Generator) -> Samples:
    """A breath over the whole length."""
    match voice.material.body:
        case "loose":
            return _rustle(voice, frames, rate, rng)
        case "gas":
            return _wind(voice, frames, rate, rng)
        case "liquid":
            return _surf(voice, frames, rate, rng)
    return _pipe(voice, PIPES[voice.material.body], frames, rate, rng)


def _pipe(voice: Voice, pipe: Pipe, frames: int, rate: int, rng: np.random.Generator) -> Samples:
    """Harmonics over breath that the same pipe colours: Fletcher & Rossing (1998), §16.8."""
    time = np.arange(frames) / rate
    pitch = float(np.clip(voice.pitch * 2**pipe.octaves, 40.0, 2500.0))
    vibrato = 0.004 * np.sin(2 * np.pi * 4.8 * time) * np.clip((time - 0.35) / 0.4, 0, 1)
    drift = 0.0015 * slow(rng, frames, rate, 6.0) * (1 + 6 * voice.roughness)
    brightness = float(np.clip(voice.brightness + pipe.bright, 0, 1))
    wave = harmonics(
        pitch * (1 + vibrato + drift), rolloff(pitch, brightness, even=pipe.even), rate
    )
    loud = 1 + 0.06 * slow(rng, frames, rate, 7.0) + 0.4 * voice.roughness * _growl(time)
    noise = rng.standard_normal(frames)
    partials = pitch * np.arange(1, 6)
    coloured = resonate(noise, partials, 40.0, 0.6 ** np.arange(5), rate)
    breath = coloured / coloured.std() + 0.35 * band(noise, 800.0, 6000.0, rate)
    share = 0.5 * pipe.breath + 0.4 * max(0.0, voice.breath - voice.material.noise)
    chiff = 1 + 3 * np.exp(-time / 0.05)
    tone = wave / wave.std() * loud * np.clip(time / 0.09, 0, 1)
    return np.asarray((tone + share * breath * chiff) * swell(frames, rate, 0.06, 0.12))


def _growl(time: Samples) -> Samples:
    return np.asarray(np.sin(2 * np.pi * 27.0 * time))


def _wind(voice: Voice, frames: int, rate: int, rng: np.random.Generator) -> Samples:
    """Wind that whistles: noise through resonances, whose loudness wanders from one to the next.

    It begins and ends at half a gust, so that an instrument made of it sounds at once.
    """
    noise = rng.standard_normal(frames)
    steps = 2.0 ** np.arange(-0.25, 0.26, 1 / 12)
    gust = slow(rng, frames, rate, 0.5)
    whistle = np.zeros(frames)
    for step in steps:
        place = np.log2(step) - 0.1 * gust
        near = np.exp(-0.5 * (place / 0.07) ** 2)
        whistle += near * resonate(noise, voice.pitch * 2 * step, 12.0, 1.0, rate)
    low = lowpass(noise, max(120.0, voice.pitch), rate, 1)
    hiss = band(noise, 700.0, 1500.0 + 6000.0 * voice.brightness, rate)
    mix = whistle / whistle.std() + 0.7 * low / low.std()
    mix += 0.6 * voice.breath * voice.brightness * hiss / hiss.std()
    loud = 0.75 + 0.2 * np.tanh(gust)
    return np.asarray(mix * loud * swell(frames, rate, 0.12, 0.15))


def _surf(voice: Voice, frames: int, rate: int, rng: np.random.Generator) -> Samples:
    """A wave that breaks and runs out: it brightens as it rises."""
    time = np.arange(frames) / max(1, frames)
    noise = rng.standard_normal(frames)
    rising = np.exp(-0.5 * ((time - 0.4) / 0.22) ** 2)
    low = lowpass(noise, 160.0 + voice.pitch, rate)
    high = band(noise, 600.0, 2500.0 + 8000.0 * voice.brightness, rate)
    foam = 1 + 0.25 * slow(rng, frames, rate, 25.0)
    mix = low / low.std() * (0.35 + rising) + 0.7 * high / high.std() * (0.12 + rising**2) * foam
    return np.asarray(mix * swell(frames, rate, 0.15, 0.2))


def _rustle(voice: Voice, frames: int, rate: int, rng: np.random.Generator) -> Samples:
    """Leaves in the wind: noise around the material's pitch in gusts and flutters."""
    noise = rng.standard_normal(frames)
    wide = 2 ** (0.6 + voice.brightness)
    mix = band(noise, voice.pitch / wide, voice.pitch * wide, rate)
    gust = np.exp(0.35 * slow(rng, frames, rate, 0.8))
    flutter = 0.35 + np.abs(slow(rng, frames, rate, 40.0)) * (0.3 + voice.roughness)
    return np.asarray(mix / mix.std() * gust * flutter * swell(frames, rate, 0.08, 0.15))
