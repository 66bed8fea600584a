"""Synthesise the example sounds from nothing: thunder, rain, waves, birds, fire, wind, bell.

    python examples/make_sounds.py [FOLDER]

Each is made of what makes the real sound: impulses, resonances, noise in bands, slow random
envelopes. Seeds are fixed, so every run writes the same files: mono FLAC, 32 kHz, 16 bits.
"""

import argparse
from collections.abc import Callable
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray
from scipy.interpolate import CubicSpline
from scipy.signal import fftconvolve

RATE = 32_000
PEAK = 0.8
FADE = 0.02
# Steps of 32 out of 32,768 add noise 71 dB below full scale, which these sounds cover, and FLAC
# leaves the empty low bits out.
STEP = 32

Wave = NDArray[np.float64]
Rng = np.random.Generator


def clock(seconds: float) -> Wave:
    """Time of every sample, in seconds."""
    return np.arange(round(seconds * RATE)) / RATE


def noise(rng: Rng, count: int, gain: Callable[[Wave], Wave]) -> Wave:
    """White noise of unit level, coloured by the amplitude `gain` at each frequency in Hz."""
    frequencies = np.fft.rfftfreq(count, 1 / RATE)
    phases = rng.uniform(0, 2 * np.pi, len(frequencies))
    wave = np.fft.irfft(gain(frequencies) * np.exp(1j * phases), count)
    return wave / wave.std()


def band(low: float, high: float, order: int = 4) -> Callable[[Wave], Wave]:
    """Gain of a smooth band-pass between two frequencies in Hz."""

    def gain(f: Wave) -> Wave:
        f = np.maximum(f, 1e-3)
        return 1 / np.sqrt((1 + (low / f) ** order) * (1 + (f / high) ** order))

    return gain


def wander(rng: Rng, t: Wave, rate: float, low: float, high: float) -> Wave:
    """A smooth random curve between `low` and `high` that turns about `rate` times a second."""
    knots = np.arange(0, t[-1] + 3 / rate, 1 / rate)
    curve = CubicSpline(knots, rng.uniform(low, high, len(knots)))(t)
    return np.clip(curve, low, high)


def impulses(rng: Rng, count: int, density: float | Wave, spread: float) -> Wave:
    """Poisson impulses, `density` a second, of log-normal size with deviation `spread`."""
    hits = rng.random(count) < np.asarray(density) / RATE
    signs = rng.choice([-1.0, 1.0], count)
    return hits * signs * rng.lognormal(0, spread, count)


def ring(frequency: float, decay: float, phase: float = 0.0) -> Wave:
    """A struck resonance: a sine that falls to 1/e in `decay` seconds."""
    t = clock(6 * decay)
    return np.sin(2 * np.pi * frequency * t + phase) * np.exp(-t / decay)


def spread(impulse_train: Wave, kernel: Wave) -> Wave:
    """Put `kernel` at every impulse; what rings past the end is cut."""
    return fftconvolve(impulse_train, kernel)[: len(impulse_train)]


def place(wave: Wave, sound: Wave, at: float) -> None:
    """Add `sound` to `wave` from second `at` on."""
    start = round(at * RATE)
    room = max(0, min(len(sound), len(wave) - start))
    wave[start : start + room] += sound[:room]


def echoes(rng: Rng, wave: Wave, decay: float) -> Wave:
    """Diffuse reflections of a sound out of doors, dying to 1/e in `decay` seconds."""
    t = clock(5 * decay)
    tail = noise(rng, len(t), band(250, 5000, 2)) * np.exp(-t / decay)
    return spread(wave, tail / np.sqrt(np.sum(tail**2)))


def thunder(rng: Rng) -> Wave:
    """A tearing crack of the near channel, then ever duller rolls of the far ones; distant rain."""
    t = clock(7.5)
    wave = 0.035 * noise(rng, len(t), band(300, 3000, 3))
    for at in 0.25 + rng.exponential(0.25, 60):
        burst = clock(0.6)
        fall = rng.uniform(0.02, 0.1)
        tear = noise(rng, len(burst), band(50, 1500 * np.exp(-at), 3)) * np.exp(-burst / fall)
        place(wave, 0.25 * np.exp(-at) * rng.lognormal(0, 0.5) * tear, at)
    for cutoff, last, rolls in ((400, 2.4, 18), (150, 5.5, 30), (80, 6.5, 20)):
        for at in rng.uniform(0.3, last, rolls):
            roll = clock(3)
            rise, fall = rng.uniform(0.05, 0.25), rng.uniform(0.3, 0.8)
            shape = (1 - np.exp(-roll / rise)) * np.exp(-roll / fall)
            loudness = rng.lognormal(0, 0.4) * np.exp(-at / 2.2)
            place(wave, 0.8 * loudness * shape * noise(rng, len(roll), band(28, cutoff, 4)), at)
    return wave


def rain(rng: Rng) -> Wave:
    """Thousands of small splashes, short as clicks, over the hiss of those far away."""
    t = clock(5.5)
    intensity = wander(rng, t, 0.7, 0.7, 1.0)
    wave = 0.5 * noise(rng, len(t), band(500, 5000, 2)) * intensity
    wave += 0.3 * noise(rng, len(t), band(50, 300, 2))
    for pitch in np.geomspace(700, 7500, 20):
        drops = impulses(rng, len(t), 100 * intensity, 0.9)
        wave += 0.36 * spread(drops, ring(pitch, rng.uniform(0.5, 1.5) / pitch, np.pi / 2))
    near = impulses(rng, len(t), 30, 0.4)
    return wave + 1.5 * spread(near, ring(1900, 0.001)) + 1.5 * spread(near, ring(4400, 0.0006))


def waves(rng: Rng) -> Wave:
    """Three swells: a dark roar that gathers, breaks into white noise and washes out as hiss."""
    t = clock(6.6)
    roar, surf = noise(rng, len(t), band(60, 500, 2)), noise(rng, len(t), band(250, 1700, 3))
    foam = noise(rng, len(t), band(1600, 5000, 3)) * wander(rng, t, 60, 0.4, 1.0)
    wave = 0.16 * roar + 0.05 * surf
    for breaks, loud in ((1.2, 0.8), (3.3, 1.0), (5.3, 0.75)):
        before, after = np.minimum(t - breaks, 0), np.maximum(t - breaks, 0)
        swell = loud * np.exp(before / 0.4 - after / 0.6)
        wash = loud * np.exp(before / 0.25 - after / 0.9) * (1 - np.exp(-after / 0.3))
        wave += 0.8 * swell * roar + 0.9 * swell**1.4 * surf + 0.22 * wash * foam
    return wave


def chirp(start: float, middle: float, end: float, seconds: float) -> Wave:
    """A syllable of song: a whistle through three pitches in Hz, with a weak octave."""
    t = clock(seconds)
    x = t / seconds
    pitch = start * (1 - x) * (1 - 2 * x) + 4 * middle * x * (1 - x) + end * x * (2 * x - 1)
    phase = 2 * np.pi * np.cumsum(pitch) / RATE
    return np.sin(np.pi * x) ** 1.5 * (np.sin(phase) + 0.12 * np.sin(2 * phase))


def birds(rng: Rng) -> Wave:
    """One bird sings phrases of sweeps, another answers with trills; a little air and wood."""
    t = clock(7)
    song = np.zeros_like(t)
    for start in (0.3, 2.5, 4.9):
        at = start
        for _ in range(rng.integers(4, 7)):
            low = rng.uniform(2800, 3600)
            pitches = (low, low * rng.uniform(1.1, 1.6), low * rng.uniform(0.8, 1.3))
            seconds = rng.uniform(0.08, 0.2)
            place(song, chirp(*pitches, seconds) * rng.uniform(0.6, 1), at)
            at += seconds + rng.uniform(0.04, 0.12)
    for start, pitch in ((1.6, 5200), (4.1, 5600), (6.1, 5200)):
        for beat in range(rng.integers(8, 13)):
            note = chirp(pitch * 1.12, pitch, pitch * 0.86, 0.045)
            place(song, 0.4 * note, start + 0.062 * beat)
    return song + 0.25 * echoes(rng, song, 0.1) + 0.008 * noise(rng, len(t), band(150, 2500, 2))


def fire(rng: Rng) -> Wave:
    """Snaps of bursting wood at random pitches, now and then in clusters, over a low roar."""
    t = clock(6)
    wave = 0.2 * noise(rng, len(t), band(35, 110, 3)) * wander(rng, t, 3, 0.5, 1.0)
    wave += 0.025 * noise(rng, len(t), band(500, 5000, 2)) * wander(rng, t, 6, 0.3, 1.0)
    bursts = wander(rng, t, 2.5, 0.05, 1.0) ** 3
    for pitch in np.geomspace(900, 9000, 12):
        snaps = impulses(rng, len(t), 0.7 + 6 * bursts, 1.2)
        wave += 0.14 * spread(snaps, ring(pitch, rng.uniform(0.8, 2) / pitch, np.pi / 2))
    for at in rng.uniform(0.2, 5.7, 16):
        crack = clock(0.03)
        snap = noise(rng, len(crack), band(900, 8000, 2)) * np.exp(
            -crack / rng.uniform(0.001, 0.004)
        )
        place(wave, rng.uniform(0.5, 1.3) * snap, at)
    return wave


def wind(rng: Rng) -> Wave:
    """Turbulence, as loud in every octave up to 600 Hz, that flutters in gusts; a little howl.

    The howl is narrow bands of noise that follow a pitch, which rises with the gusts.
    """
    t = clock(8)
    gusts = wander(rng, t, 0.5, 0.5, 1.0)
    wave = noise(rng, len(t), even(60, 600)) * gusts * wander(rng, t, 8, 0.5, 1.5)
    howl = 460 * 2 ** wander(rng, t, 0.6, -0.15, 0.15) * (0.8 + 0.45 * gusts)
    for ratio, level in ((1, 0.1), (1.6, 0.05)):
        for centre in np.geomspace(howl.min() / 1.1, howl.max() * 1.1, 16):
            distance = np.log2(howl / centre) / 0.12
            reed = noise(rng, len(t), band(centre * ratio * 0.975, centre * ratio * 1.025, 16))
            wave += level * gusts**1.5 * np.exp(-(distance**2) / 2) * reed
    return wave + 0.03 * gusts * noise(rng, len(t), band(1000, 3500, 2))


def even(low: float, high: float) -> Callable[[Wave], Wave]:
    """Gain of a band with equal energy in every octave."""
    within = band(low, high, 3)
    return lambda f: within(f) / np.sqrt(np.maximum(f, 10))


# Ratio to the prime, level, seconds to 1/e: hum, prime, tierce, quint, nominal and what is above.
PARTIALS = (
    (0.5, 0.5, 6.0),
    (1.0, 0.45, 3.5),
    (1.2, 0.7, 3.0),
    (1.5, 0.3, 1.8),
    (2.0, 1.0, 2.4),
    (2.5, 0.35, 1.2),
    (2.61, 0.4, 1.1),
    (3.0, 0.8, 1.5),
    (3.35, 0.3, 0.9),
    (4.0, 0.7, 1.0),
    (5.05, 0.35, 0.7),
    (5.33, 0.45, 0.6),
    (6.2, 0.3, 0.45),
    (6.7, 0.3, 0.4),
    (8.2, 0.2, 0.3),
    (9.6, 0.15, 0.25),
)
PRIME = 440.0


def bell(rng: Rng) -> Wave:
    """Three strokes of a church bell, heard across a square under an open sky."""
    t = clock(6.4)
    wave = np.zeros_like(t)
    for at, loud in ((0.1, 1.0), (2.2, 0.85), (4.3, 0.95)):
        place(wave, loud * stroke(rng, PRIME, t), at)
    wave += 0.9 * echoes(rng, wave, 1.1)
    return wave + 0.06 * np.abs(wave).max() * noise(rng, len(t), band(80, 2500, 2))


def stroke(rng: Rng, prime: float, t: Wave) -> Wave:
    """A bell of this prime in Hz. Each partial is a close pair, for no bell is round: it beats."""
    wave = np.zeros_like(t)
    for ratio, level, decay in PARTIALS:
        pitch, beat = prime * ratio, rng.uniform(1, 5) * min(1, ratio / 2)
        one, other = rng.uniform(0, 2 * np.pi, 2)
        pair = np.sin(2 * np.pi * pitch * t + one)
        pair += 0.9 * np.sin(2 * np.pi * (pitch + beat) * t + other)
        wave += level * pair * np.exp(-t / decay)
    clapper = clock(0.1)
    clang = noise(rng, len(clapper), band(900, 6000, 2)) * np.exp(-clapper / 0.015)
    place(wave, 0.8 * clang, 0)
    return wave * (1 - np.exp(-t / 0.001))


SOUNDS: dict[str, Callable[[Rng], Wave]] = {
    "thunder": thunder,
    "rain": rain,
    "waves": waves,
    "birds": birds,
    "fire": fire,
    "wind": wind,
    "bell": bell,
}


def synthesise(name: str, seed: int = 0) -> NDArray[np.int16]:
    """The named sound, faded at both ends, with its peak at 0.8 of full scale."""
    wave = SOUNDS[name](np.random.default_rng(seed))
    edge = np.minimum(np.arange(len(wave)), np.arange(len(wave))[::-1]) / (FADE * RATE)
    wave = wave * np.clip(edge, 0, 1)
    steps = np.round(wave / np.abs(wave).max() * PEAK * 32_768 / STEP)
    return (steps * STEP).astype(np.int16)


def main() -> None:
    """Write every sound into the folder of the command line."""
    parser = argparse.ArgumentParser(description="Write the example sounds as FLAC files.")
    here = Path(__file__).parent / "sounds"
    parser.add_argument("folder", nargs="?", type=Path, default=here, help="default: %(default)s")
    folder: Path = parser.parse_args().folder
    folder.mkdir(parents=True, exist_ok=True)
    for name in SOUNDS:
        soundfile.write(folder / f"{name}.flac", synthesise(name), RATE, subtype="PCM_16")


if __name__ == "__main__":
    main()
