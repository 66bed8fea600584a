"""What is struck: modes set off by a contact, or a crunch where nothing rings."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from sonolume.music.foley.bubbles import drops
from sonolume.music.foley.materials import Material
from sonolume.music.foley.modes import modes_of
from sonolume.music.foley.noise import band, lowpass, slow
from sonolume.music.foley.voice import Voice

__all__ = ["contact", "decay_rates", "modal", "struck"]

Samples = NDArray[np.float64]
DEEPEST: Final = 11.5  # nepers, -100 dB: where a mode ends


def struck(voice: Voice, frames: int, rate: int, rng: np.random.Generator) -> Samples:
    """One blow at the start."""
    match voice.material.body:
        case "loose":
            return _crunch(voice, frames, rate, rng)
        case "gas":
            return _clap_of_thunder(voice, frames, rate, rng)
        case "liquid":
            return drops(voice, frames, rate, rng)
    return _ring(voice, frames, rate, rng)


def modal(frequencies: Samples, rates: Samples, gains: Samples, frames: int, rate: int) -> Samples:
    """Σ gain · exp(−rate·t) · sin(2π·frequency·t) [frames]: modal synthesis.

    Modes above 0.45 of the sample rate are left out. van den Doel & Pai (1998), "The sounds of
    physical shapes".
    """
    out = np.zeros(frames)
    audible = frequencies < 0.45 * rate
    rows = zip(frequencies[audible], rates[audible], gains[audible], strict=True)
    for frequency, loss, gain in rows:
        length = min(frames, int(DEEPEST / loss * rate) + 1)
        time = np.arange(length) / rate
        out[:length] += gain * np.exp(-loss * time) * np.sin(2 * np.pi * frequency * time)
    return out


def decay_rates(frequencies: Samples, material: Material, ring: float) -> Samples:
    """Nepers a second of each mode: internal friction and mounting, see `Material`."""
    return np.asarray((np.pi * frequencies * material.loss + material.mount) / ring)


def contact(hardness: float, pitch: float, rate: int) -> Samples:
    """The force of a blow: half a sine whose area is 1, from 0.1 ms (hard) to most of half the
    period of the lowest mode (soft). Fletcher & Rossing (1998), §19.5, on mallets."""
    softest = min(0.012, 0.4 / pitch)
    seconds = 1e-4 * (softest / 1e-4) ** (1 - hardness)
    pulse = np.sin(np.pi * (np.arange(max(2, round(seconds * rate))) + 0.5) / (seconds * rate))
    pulse = np.clip(pulse, 0, None)
    return np.asarray(pulse / pulse.sum())


def _ring(voice: Voice, frames: int, rate: int, rng: np.random.Generator) -> Samples:
    from scipy.signal import fftconvolve

    ratios = modes_of(voice.material.body)
    frequencies = voice.pitch * ratios
    # A struck thing of uneven shape splits and moves its upper modes; the lowest tells the pitch.
    frequencies[1:] *= 1 + 0.01 * rng.standard_normal(len(ratios) - 1)
    gains = ratios ** -(1.3 - 1.2 * voice.brightness) * rng.uniform(0.6, 1.0, len(ratios))
    gains[0] = 1.0
    rates = decay_rates(frequencies, voice.material, voice.ring)
    tone = modal(frequencies, rates, gains, frames, rate)
    if voice.material.body == "membrane":
        tone = _glide(tone, voice, rate)
    force = contact(voice.hardness * (0.6 + 0.4 * voice.brightness), voice.pitch, rate)
    out = fftconvolve(tone, force)[:frames]
    return np.asarray(out + _tap(voice, frames, rate, rng) * np.abs(out).max())


def _glide(tone: Samples, voice: Voice, rate: int) -> Samples:
    """A hard blow stretches a skin: the pitch starts higher and falls to rest in some 60 ms."""
    time = np.arange(len(tone)) / rate
    ahead = 0.35 * voice.hardness * 0.06 * (1 - np.exp(-time / 0.06))
    return np.asarray(np.interp(time + ahead, time, tone, right=0.0))


def _tap(voice: Voice, frames: int, rate: int, rng: np.random.Generator) -> Samples:
    """The noise of the contact itself."""
    length = min(frames, round(0.12 * rate))
    time = np.arange(length) / rate
    top = 600.0 + 9000.0 * voice.brightness * voice.hardness
    noise = lowpass(rng.standard_normal(length), top, rate)
    seconds = 0.004 + 0.03 * voice.breath
    shape = np.minimum(time / 0.0007, 1.0) * np.exp(-time / seconds)
    tap = noise / max(noise.std(), 1e-9) * shape
    out = np.zeros(frames)
    out[:length] = 0.5 * voice.breath * tap * (1 - time / (length / rate))
    return out


def _crunch(voice: Voice, frames: int, rate: int, rng: np.random.Generator) -> Samples:
    """Grains that give way under a blow: noise that tears, over the thud beneath."""
    time = np.arange(frames) / rate
    centre = voice.pitch * 2 ** (voice.brightness - 0.5)
    noise = band(rng.standard_normal(frames), centre / 2.2, centre * 2.2, rate)
    torn = 0.4 + np.abs(slow(rng, frames, rate, 90.0)) * (0.5 + voice.roughness)
    seconds = 0.035 * voice.ring * (1.4 - voice.hardness)
    shape = np.minimum(time / (0.001 + 0.006 * (1 - voice.hardness)), 1.0) * np.exp(-time / seconds)
    low = max(50.0, 90.0 * 2**voice.shift)
    thud = np.sin(2 * np.pi * low * time) * np.exp(-time / 0.05)
    return np.asarray(noise / noise.std() * torn * shape + 0.8 * thud)


def _clap_of_thunder(voice: Voice, frames: int, rate: int, rng: np.random.Generator) -> Samples:
    """Air that is torn: a crack, then echoes from afar that roll and darken."""
    time = np.arange(frames) / rate
    noise = rng.standard_normal(frames)
    # Long ones roll as thunder does, short ones pop.
    seconds = 0.12 * voice.ring**2 * 2 ** -min(voice.shift, 1.0)
    corner = max(60.0, 1.2 * voice.pitch)
    roll = lowpass(noise, corner, rate, 2)
    rolling = 0.3 + np.abs(slow(rng, frames, rate, 5.0))
    body = roll / roll.std() * rolling * np.exp(-time / seconds) * np.minimum(time / 0.012, 1.0)
    snap = band(noise, 150.0, 900.0 + 5000.0 * voice.brightness, rate)
    crack = snap / snap.std() * np.exp(-time / 0.05) * np.minimum(time / 0.002, 1.0)
    return np.asarray(body + 0.6 * voice.hardness * crack)
