"""What is shaken, poured out dry, or burning: sounds of many small collisions."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sonolume.music.foley.bubbles import stream
from sonolume.music.foley.modes import modes_of
from sonolume.music.foley.noise import band, lowpass, resonate, scatter, slow, swell
from sonolume.music.foley.struck import decay_rates
from sonolume.music.foley.voice import Voice

__all__ = ["burning", "poured", "shaken"]

Samples = NDArray[np.float64]
SHAKES = 4.0  # a second


def shaken(voice: Voice, frames: int, rate: int, rng: np.random.Generator) -> Samples:
    """A shaker, shaken four times a second: PhISEM, Cook (1997), "Physically informed sonic
    modeling (PhISM): synthesis of percussive sounds".

    Each shake adds energy that decays; collisions come by chance, each as strong as the energy
    left; they add up to a level that decays fast, and noise at that level rings in the body.
    """
    from scipy.signal import lfilter

    if voice.material.body == "liquid":
        return stream(voice, frames, rate, rng)
    energy = np.zeros(frames)
    beats = np.arange(0, frames, round(rate / SHAKES))
    energy[beats] = np.where(np.arange(len(beats)) % 2 == 0, 1.0, 0.55)
    energy = lfilter([1.0], [1.0, -np.exp(-1 / (0.045 * voice.ring * rate))], energy)
    # Each swing of the hand lasts a moment; beans do not start as one.
    energy = lowpass(energy, 30.0, rate, 1)
    per_second = 1500.0 * 2 ** (voice.material.noise - voice.roughness - 0.4 * voice.hardness)
    hits = rng.random(frames) < per_second / rate
    level = lfilter([1.0], [1.0, -np.exp(-1 / (0.0018 * rate))], hits * np.clip(energy, 0, None))
    return _colour(level * rng.standard_normal(frames), voice, rate)


def poured(voice: Voice, frames: int, rate: int, rng: np.random.Generator) -> Samples:
    """Water as bubbles; anything else as grains that fall on their like."""
    if voice.material.body in ("liquid", "gas"):
        return stream(voice, frames, rate, rng)
    per_second = 40.0 * 2 ** (4.0 * voice.material.noise)
    hits = rng.random(frames) < per_second / rate
    strength = rng.pareto(2.0, frames) * hits
    rain = np.minimum(strength + 0.3 * hits, 2.0) * rng.standard_normal(frames)
    flow = 1 + 0.25 * slow(rng, frames, rate, 3.0)
    return np.asarray(_colour(rain * flow, voice, rate) * swell(frames, rate, 0.08, 0.15))


def burning(voice: Voice, frames: int, rate: int, rng: np.random.Generator) -> Samples:
    """Crackles of every strength, few of them loud, over hiss and the roar of the flames."""
    count = max(3, rng.poisson(16.0 * (1 + voice.roughness) * frames / rate))
    length = round(0.03 * rate)
    time = np.arange(length) / rate
    centre = np.exp(rng.uniform(np.log(900.0), np.log(1500.0 + 5000.0 * voice.brightness), count))
    tone = np.sin(2 * np.pi * np.minimum(centre, 0.4 * rate)[:, None] * time)
    shape = np.minimum(time / 0.0003, 1.0) * np.exp(-time / rng.uniform(0.0008, 0.004, (count, 1)))
    snap = (tone + rng.standard_normal((count, length))) * shape * (1 - time * rate / length)
    strength = np.minimum(rng.pareto(1.3, count) + 0.1, 4.0)
    crackle = np.zeros(frames)
    scatter(crackle, rng.integers(0, frames, count), snap * strength[:, None])
    noise = rng.standard_normal(frames)
    roar = lowpass(noise, max(110.0, 0.6 * voice.pitch), rate)
    hiss = band(noise, 1500.0, 4000.0 + 6000.0 * voice.brightness, rate)
    flicker = 1 + 0.35 * slow(rng, frames, rate, 7.0)
    mix = lowpass(crackle, 7000.0, rate, 1) + 0.7 * roar / roar.std() * flicker
    mix += 0.06 * hiss / hiss.std() * (1 + 0.4 * slow(rng, frames, rate, 20.0))
    return np.asarray(mix * swell(frames, rate, 0.05, 0.1))


def _colour(grit: Samples, voice: Voice, rate: int) -> Samples:
    """What rings rings in its modes; what is loose passes a band around its pitch."""
    if voice.material.body in ("loose", "gas"):
        wide = 2 ** (0.5 + 0.7 * voice.brightness)
        return band(grit, voice.pitch / wide, voice.pitch * wide, rate)
    # Small pieces: they ring two octaves above the thing in the hand.
    modes = 4 * voice.pitch * modes_of(voice.material.body)[:6]
    decays = 15.0 + 4 * decay_rates(modes, voice.material, voice.ring)
    gains = modes / modes[0]
    gains = gains ** -(1.0 - voice.brightness) * np.sqrt(decays)
    return resonate(grit, modes, decays, gains / gains.max(), rate)
