"""What is rubbed: stick and slip that a body colours, or a scrape."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sonolume.music.foley.bubbles import stream
from sonolume.music.foley.modes import modes_of
from sonolume.music.foley.noise import band, lowpass, resonate, slow, swell
from sonolume.music.foley.voice import Voice
from sonolume.music.foley.waves import harmonics, rolloff

__all__ = ["rubbed"]

Samples = NDArray[np.float64]


def rubbed(voice: Voice, frames: int, rate: int, rng: np.random.Generator) -> Samples:
    """Friction over the whole length."""
    match voice.material.body:
        case "loose" | "gas":
            return _scrape(voice, frames, rate, rng)
        case "liquid":
            return stream(voice, frames, rate, rng)
        case "glass" | "bell":
            return _rim(voice, frames, rate, rng)
    return _stick_slip(voice, frames, rate, rng)


def _stick_slip(voice: Voice, frames: int, rate: int, rng: np.random.Generator) -> Samples:
    """Helmholtz motion, a sawtooth (Fletcher & Rossing 1998, §10.3), whose period trembles as
    friction grows rough, on the modes of the body."""
    time = np.arange(frames) / rate
    rough = voice.roughness
    # Rough friction sticks longer: a creak is the same motion, an octave or two below.
    pitch = float(np.clip(voice.pitch * 2 ** (-1.6 * rough), 32.0, 1600.0))
    vibrato = 0.004 * np.sin(2 * np.pi * 5.2 * time) * np.clip((time - 0.4) / 0.5, 0, 1)
    tremble = (0.002 + 0.03 * rough**2) * slow(rng, frames, rate, 12.0 + 30 * rough)
    wander = 0.06 * rough**2 * slow(rng, frames, rate, 1.5)
    frequency = pitch * np.exp2(vibrato + tremble + wander)
    wave = harmonics(frequency, rolloff(pitch, 0.6 + 0.3 * voice.brightness), rate)
    modes = pitch * 1.31 * modes_of(voice.material.body)[:6]
    body = resonate(wave, modes, 120.0, 0.8 ** np.arange(6), rate)
    bow = band(rng.standard_normal(frames), pitch, max(3000.0, 3 * pitch), rate)
    # The hair's noise comes with each slip, so it beats with the pitch.
    bow *= np.clip(wave / max(wave.std(), 1e-9), 0, None)
    mix = wave / wave.std() + 0.6 * body / max(body.std(), 1e-9)
    mix += (0.05 + 0.25 * voice.breath + 0.2 * rough) * bow / bow.std()
    loud = 1 + (0.05 + 0.35 * rough) * slow(rng, frames, rate, 5.0 + 6 * rough)
    return np.asarray(mix * loud * swell(frames, rate, 0.12, 0.12))


def _rim(voice: Voice, frames: int, rate: int, rng: np.random.Generator) -> Samples:
    """A wet finger on a rim: nearly one mode, swelling, beating as the finger goes round."""
    time = np.arange(frames) / rate
    ratios = modes_of(voice.material.body)[:3]
    gains = np.array([1.0, 0.1, 0.03]) * np.array([1.0, 2.0, 2.0]) ** (2 * voice.brightness - 1)
    drift = 1 + 0.0006 * slow(rng, frames, rate, 3.0) * (1 + 10 * voice.roughness)
    phase = np.cumsum(voice.pitch * drift) / rate
    audible = ratios * voice.pitch < 0.4 * rate
    rows = zip(ratios[audible], gains[audible], strict=True)
    tone = sum((gain * np.sin(2 * np.pi * ratio * phase) for ratio, gain in rows), np.zeros(frames))
    beats = 1 + 0.12 * np.sin(2 * np.pi * (1.3 + rng.random()) * time)
    noise = rng.standard_normal(frames)
    hiss = resonate(noise, voice.pitch * ratios, 60.0, gains, rate)
    mix = tone * beats + (0.05 + 0.2 * voice.breath) * hiss / hiss.std()
    return np.asarray(mix * swell(frames, rate, 0.3, 0.15))


def _scrape(voice: Voice, frames: int, rate: int, rng: np.random.Generator) -> Samples:
    """Strokes to and fro over something loose."""
    time = np.arange(frames) / rate
    stroke = 0.55 + 0.45 * np.sin(2 * np.pi * 1.6 * time - 0.5)
    grain = 0.3 + np.abs(slow(rng, frames, rate, 60.0)) * (0.5 + voice.roughness)
    noise = rng.standard_normal(frames)
    wide = 2 ** (0.5 + voice.brightness)
    high = band(noise, voice.pitch / wide, voice.pitch * wide, rate)
    low = lowpass(noise, 250.0, rate)
    mix = high / high.std() * grain + 0.15 * low / low.std()
    return np.asarray(mix * stroke * swell(frames, rate, 0.05, 0.1))
