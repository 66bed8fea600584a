"""What is plucked: strings by Karplus and Strong, tongues and bodies by their modes."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sonolume.music.foley.noise import lowpass
from sonolume.music.foley.struck import contact, decay_rates, modal, struck
from sonolume.music.foley.voice import Voice
from sonolume.signal.modes import clamped_bar

__all__ = ["karplus_strong", "plucked"]

Samples = NDArray[np.float64]
LAGRANGE: Final = 3  # order of the fractional delay
SHORTEST: Final = 0.25  # seconds that any cord rings
WHERE: Final = 0.23  # of the string's length, where it is plucked


def plucked(voice: Voice, frames: int, rate: int, rng: np.random.Generator) -> Samples:
    """One pluck at the start."""
    match voice.material.body:
        case "bar" | "plate" | "bell" | "glass":
            return _tongue(voice, frames, rate, rng)
        case "gas" | "liquid":
            return struck(voice, frames, rate, rng)
        case "string":
            return _string(voice, frames, rate, rng)
    # A taut cord of it: soft stuff damps soon and plays low.
    damped = replace(voice, ring=0.3 * voice.ring, brightness=0.6 * voice.brightness)
    pitch = float(np.clip(130.0 * 2**voice.shift, 40.0, 700.0))
    return _string(replace(damped, pitch=pitch), frames, rate, rng)


def karplus_strong(
    excitation: Samples, frequency: float, t60: float, damping: float, frames: int, rate: int
) -> Samples:
    """A plucked string [frames]: a loop of one period through a low-pass.

    y[n] = x[n] + g · Σₖ hₖ · y[n − D − k], Karplus & Strong (1983), with the fractional delay and
    the decay stretching of Jaffe & Smith (1983). h is a symmetric low-pass [s/2, 1 − s, s/2],
    which delays every frequency alike, and a Lagrange interpolator; so the string is in tune.

    Args:
        excitation: x [n], no longer than a period.
        frequency: Hz of the fundamental, below 1/12 of the rate.
        t60: seconds in which the fundamental falls by 60 dB.
        damping: s, 0 (all harmonics last) to 0.5 (dark soon); less where ``t60`` asks for it.
    """
    angle = 2 * np.pi * frequency / rate
    kept = 10 ** (-3 / (frequency * t60))
    # A darker loop would take more from the fundamental than it may lose.
    taps, delay = _loop(rate / frequency, min(damping, (1 - kept) / (1 - np.cos(angle))))
    response = abs(np.sum(taps * np.exp(-1j * angle * np.arange(len(taps)))))
    # At DC the loop passes everything, so the gain must stay below 1.
    gain = min(kept / response, 0.999999)
    out = np.zeros(frames + delay + len(taps))
    lead = delay + len(taps) - 1
    first = excitation[:frames]
    out[lead : lead + len(first)] = first
    # Everything a stretch of `delay` samples needs has been made by the one before.
    for start in range(lead, len(out), delay):
        stop = min(start + delay, len(out))
        past = out[start - lead : stop - delay]
        out[start:stop] += gain * np.convolve(past, taps, "valid")
    return out[lead : lead + frames]


def _loop(period: float, damping: float) -> tuple[Samples, int]:
    """Taps h of the loop filter, and its whole delay D."""
    # The low-pass delays by 1, the interpolator by 1 to 2.
    delay = int(np.floor(period - 2.0))
    fraction = period - 1.0 - delay
    place = np.arange(LAGRANGE + 1)
    lagrange = np.array(
        [np.prod((fraction - place[place != k]) / (k - place[place != k])) for k in place]
    )
    return np.convolve([damping / 2, 1 - damping, damping / 2], lagrange), delay


def _string(voice: Voice, frames: int, rate: int, rng: np.random.Generator) -> Samples:
    frequency = min(voice.pitch, rate / 13)
    period = rate / frequency
    length = max(4, round(period))
    corner = frequency * (3 + 40 * voice.brightness**1.5 * (0.4 + voice.hardness))
    pull = np.tile(_pull(length, voice.brightness, rng), 3)
    pull = lowpass(pull, corner, rate)[length : 2 * length]
    loss = np.pi * frequency * voice.material.loss + voice.material.mount
    t60 = max(SHORTEST, 6.9 * voice.ring / loss)
    damping = float(np.clip(0.45 - 0.43 * voice.brightness, 0.01, 0.5))
    return karplus_strong(pull - pull.mean(), frequency, t60, damping, frames, rate)


def _pull(length: int, brightness: float, rng: np.random.Generator) -> Samples:
    """One period [length] of a string that is let go at a point.

    Harmonic n has the force sin(π n β) / n at the bridge (Fletcher & Rossing, sec. 2.7), more of
    the high ones for bright words, and each a little more or less from pluck to pluck. A burst of
    noise, the usual excitation, would leave the loudest harmonic to chance.
    """
    number = np.arange(1, length // 2 + 1)
    force = np.sin(np.pi * number * WHERE) / number ** (1.3 - 0.6 * brightness)
    spectrum = np.concatenate([[0.0], force * rng.uniform(0.8, 1.2, len(number))])
    return np.fft.irfft(spectrum * length, length)


def _tongue(voice: Voice, frames: int, rate: int, rng: np.random.Generator) -> Samples:
    """A bar held at one end, as in a music box or a thumb piano."""
    from scipy.signal import fftconvolve

    ratios = clamped_bar(5)
    frequencies = voice.pitch * ratios
    gains = ratios ** -(1.2 - 0.5 * voice.brightness) * rng.uniform(0.7, 1.0, len(ratios))
    gains[0] = 1.0
    rates = decay_rates(frequencies, voice.material, voice.ring)
    tone = modal(frequencies, rates, gains, frames, rate)
    return np.asarray(fftconvolve(tone, contact(0.6 * voice.hardness, voice.pitch, rate))[:frames])
