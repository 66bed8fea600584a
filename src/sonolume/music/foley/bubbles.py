"""Water: bubbles that ring as they rise.

van den Doel (2005), "Physically based models for liquid sounds", eqs. 1 to 5: a bubble of radius r
metres rings at 3/r Hz, loses 0.13/r + 0.0072·r^-1.5 nepers a second, and rises in pitch.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from sonolume.music.foley.noise import band, lowpass, scatter, slow, swell
from sonolume.music.foley.voice import Voice

__all__ = ["bubble_decay", "bubble_frequency", "bubbles", "drops", "stream"]

Samples = NDArray[np.float64]
Grains = NDArray[np.float32]
SMALLEST, LARGEST = 0.00025, 0.02  # metres
GRAIN: Final = 0.16  # seconds at most of one bubble
ONSET: Final = 0.0008  # seconds in which a bubble closes
AT_ONCE: Final = 16  # bubbles


def bubble_frequency(radius: Samples) -> Samples:
    """Hz of a bubble of that radius in metres (Minnaert 1933): 3/r."""
    return np.asarray(3.0 / radius)


def bubble_decay(radius: Samples) -> Samples:
    """Nepers a second."""
    return np.asarray(0.13 / radius + 0.0072 * radius**-1.5)


def bubbles(radius: Samples, rise: Samples, rate: int, seconds: float = GRAIN) -> Grains:
    """Grains [N, L]: f(t) = f₀·(1 + σ·t) with σ = rise · decay, of unit amplitude.

    Those that would pass 0.45 of the rate ring at a pitch that does not rise.
    """
    time = np.arange(round(seconds * rate), dtype=np.float32) / np.float32(rate)
    radius, rise = radius[:, None].astype(np.float32), rise[:, None].astype(np.float32)
    frequency, decay = bubble_frequency(radius), bubble_decay(radius)
    sigma = rise * decay
    end = frequency * (1 + sigma * np.minimum(seconds, 7.0 / decay))
    sigma = np.where(end > 0.45 * rate, np.float32(0), sigma)
    phase = frequency * (time + sigma * time**2 / 2)
    # Past -60 dB the rise would fold back; the bubble has burst by then.
    burst = np.clip(4.0 * (1 - time * decay / 7.0), 0.0, 1.0)
    fade = burst * np.clip(10.0 * (1 - time / seconds), 0.0, 1.0) * np.clip(time / ONSET, 0.0, 1.0)
    return np.asarray(np.exp(-decay * time) * np.sin(np.float32(2 * np.pi) * phase) * fade)


def stream(voice: Voice, frames: int, rate: int, rng: np.random.Generator) -> Samples:
    """Bubbles without end: a trickle when bright and small, a torrent when deep and large."""
    per_second = 60.0 * 2 ** (0.6 * abs(voice.shift) + min(1.0, 1.5 * voice.breath))
    count = max(4, rng.poisson(per_second * frames / rate))
    radius = _radii(voice, count, rng, spread=0.55)
    rise = np.where(rng.random(count) < 0.4, rng.uniform(0.02, 0.1, count), 0.0)
    # Large bubbles are loud and rare: amplitude grows with the radius.
    loud = (radius / radius.max()) ** 0.7 * rng.uniform(0.2, 1.0, count) ** 2
    starts = rng.integers(0, frames, count)
    ringing = np.zeros(frames)
    # Bubbles of about one size at a time: small ones are over long before large ones.
    for part in np.array_split(np.argsort(radius), -(-count // AT_ONCE)):
        seconds = min(GRAIN, 7.0 / float(bubble_decay(radius[part]).min()))
        grains = bubbles(radius[part], rise[part], rate, seconds)
        scatter(ringing, starts[part], loud[part, None] * grains)
    hiss = band(rng.standard_normal(frames), 350.0, 3000.0 + 6000.0 * voice.brightness, rate)
    hiss *= 1 + 0.3 * slow(rng, frames, rate, 6.0)
    # A shower is many bubbles too small to be told apart.
    share = 0.05 + 0.35 * voice.breath + 4.0 * max(0.0, voice.breath - 0.6)
    wash = share * ringing.std() * hiss / hiss.std()
    return np.asarray((ringing + wash) * swell(frames, rate, 0.05, 0.05))


def drops(voice: Voice, frames: int, rate: int, rng: np.random.Generator) -> Samples:
    """One drop: a slap, then the bubble it encloses, and now and then a second one."""
    radius = _radii(voice, 2, rng, spread=0.05)
    grains = bubbles(radius * np.array([1.0, 0.7]), np.array([0.1, 0.08]), rate, 0.3)
    starts = np.array([0.012 * rate, 0.09 * rate]).astype(np.int64)
    out = np.zeros(frames)
    scatter(out, starts, np.array([[1.0], [0.25]]) * grains)
    length = min(frames, round(0.03 * rate))
    time = np.arange(length) / rate
    slap = lowpass(rng.standard_normal(length), 1500.0 + 6000.0 * voice.brightness, rate)
    out[:length] += 0.25 * slap * np.minimum(time / 0.001, 1.0) * np.exp(-time / 0.003)
    return out


def _radii(voice: Voice, count: int, rng: np.random.Generator, *, spread: float) -> Samples:
    """Radii around the one that rings at the voice's pitch, log-normal, ``spread`` in nepers."""
    middle = 3.0 / (voice.pitch * 2 ** (0.4 * (voice.brightness - 0.5)))
    return np.clip(middle * np.exp(spread * rng.standard_normal(count)), SMALLEST, LARGEST)
