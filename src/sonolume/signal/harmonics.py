"""Partials of a pitched sound: octaves checked by energy, frequency to a fraction of a cent."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sonolume.signal.yin import frames_of

__all__ = ["Partials", "octave_factors", "refine"]

# Octave check: harmonics up to the sixth, so that stiff strings still fall on the grid.
CHECKED = 6
BAND, FLOOR_AT, FLOOR_BAND = 0.12, 0.25, 0.06
# Share of energy half-way between harmonics that makes the octave below the better reading,
# and the share at odd harmonics under which the octave above is.
SUBHARMONIC, ODD = 0.15, 0.01
BATCH = 256

PERIODS = 8
SHORTEST, LONGEST = 0.03, 0.4
PARTIALS = 10
HIGHEST = 6000.0
# Partials this far below the strongest are left out of the fit.
AUDIBLE = 1e-3
# Stiffness of the stiffest strings (treble of a piano); Fletcher and Rossing, sec. 12.2.
STIFFEST = 0.02
# Cents by which partials may miss the law of strings; those of bells and bars miss it by more.
UNEVEN = 6.0


@dataclass(frozen=True)
class Partials:
    """What a harmonic fit says about a steady sound.

    Attributes:
        f0: Hz, of the first partial (or where it would be).
        inharmonicity: B in f_k = k · f · sqrt(1 + B · k²), 0 for a harmonic sound.
        explained: 0..1, the share of energy up to 6 kHz that lies at the partials.
    """

    f0: float
    inharmonicity: float
    explained: float


def octave_factors(
    samples: NDArray[np.float32],
    rate: int,
    time: NDArray[np.float64],
    f0: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Factors [F] of 0.5, 1 or 2 that bring each voiced stretch of ``f0`` [F] to its octave.

    Energy half-way between the harmonics of f0 belongs to the octave below; where the odd
    harmonics hold none, the sound is an octave above. Energy a quarter off the harmonics is
    taken for noise and subtracted. Unvoiced frames (NaN) have 1.
    """
    factors = np.ones(len(f0))
    voiced = np.flatnonzero(~np.isnan(f0))
    if not len(voiced):
        return factors
    size = min(1 << round(np.log2(0.19 * rate)), 1 << 15)
    padded = np.pad(samples, size // 2 + 1)
    starts = np.rint(time[voiced] * rate).astype(np.intp)
    window = np.hanning(size).astype(np.float32)
    energies = []
    for first in range(0, len(voiced), BATCH):
        rows = starts[first : first + BATCH, None] + np.arange(size)
        frames = padded[np.minimum(rows, len(padded) - 1)] * window
        power = np.abs(np.fft.rfft(frames, 2 * size)) ** 2
        ratio = (
            np.arange(power.shape[1])
            * (rate / (2 * size))
            / f0[voiced, None][first : first + BATCH]
        )
        energies.append(np.stack([_at_half(power, ratio), _at_half(power, ratio / 2)], axis=1))
    energy = np.concatenate(energies)
    joins = np.diff(voiced) > 1
    leaps = np.abs(np.log2(f0[voiced][1:] / f0[voiced][:-1])) > 0.4
    first_of = np.concatenate([[0], np.flatnonzero(joins | leaps) + 1])
    totals = np.add.reduceat(energy, first_of, axis=0)
    share = totals[:, :, 0] / np.maximum(totals.sum(axis=2), 1e-30)
    chosen = np.where(share[:, 0] > SUBHARMONIC, 0.5, np.where(share[:, 1] < ODD, 2.0, 1.0))
    lengths = np.diff(np.append(first_of, len(voiced)))
    factors[voiced] = np.repeat(chosen, lengths)
    return factors


def _at_half(power: NDArray[np.float32], ratio: NDArray[np.float64]) -> NDArray[np.float64]:
    """Energy [F, 2] half-way between harmonics and at them, without the noise between."""
    inside = (ratio > 0.3) & (ratio < CHECKED + 0.4)
    phase = np.abs(ratio - np.rint(ratio))
    floor = inside & (np.abs(phase - FLOOR_AT) < FLOOR_BAND)
    noise = (power * floor).sum(axis=1) / (2 * FLOOR_BAND) * BAND
    half = (power * (inside & (phase > 0.5 - BAND))).sum(axis=1)
    at = (power * (inside & (phase < BAND))).sum(axis=1)
    energy: NDArray[np.float64] = np.stack([half - noise, at - noise], axis=1).astype(np.float64)
    return np.maximum(energy, 0.0)


def refine(samples: NDArray[np.float32], rate: int, guess: float) -> Partials:
    """The pitch of a steady sound [n] near ``guess`` Hz.

    Each partial is the peak of a Blackman-windowed spectrum (parabola through its logarithm),
    within 3 % of its place; frames are averaged by energy. The partials are then fitted by
    f_k = k · f · sqrt(1 + B · k²), weighted least squares in f_k² / k², which is linear in f² and
    f² · B. Harmonic tones of any timbre come within 0.1 cent, also without a fundamental. Where
    the partials follow no such law, as those of bells and bars, the strongest one says the pitch.
    """
    seconds = float(np.clip(PERIODS / guess, SHORTEST, LONGEST))
    size = max(16, min(int(seconds * rate), len(samples)))
    frames = frames_of(samples, size, max(1, size // 4))
    if len(frames) > 4:
        # Frames at the ends see the cut as well as the sound.
        frames = frames[2:-2]
    padded = 1 << (4 * size - 1).bit_length()
    power = np.abs(np.fft.rfft(frames * np.blackman(size), padded)) ** 2
    width = rate / padded
    count = int(np.clip(min(HIGHEST, 0.45 * rate) / guess, 1, PARTIALS))
    number = np.arange(1, count + 1)
    frequency, energy = (
        np.stack(column, axis=1)
        for column in zip(*(_peak(power, k * guess / width) for k in number), strict=True)
    )
    strength = energy.sum(axis=0)
    mean = (frequency * energy).sum(axis=0) / np.maximum(strength, 1e-30) * width
    f0, stiffness = _fit(mean, number, strength, guess)
    return Partials(f0, stiffness, _explained(power.sum(axis=0), f0, stiffness, width, size, rate))


def _peak(
    power: NDArray[np.float64], place: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Where each row peaks near ``place``, in bins, and how high."""
    reach = max(2, round(0.03 * place))
    low = max(1, round(place) - reach)
    high = min(power.shape[1] - 1, round(place) + reach + 1)
    rows = np.arange(len(power))
    best = low + power[:, low:high].argmax(axis=1)
    around = np.log(np.stack([power[rows, best + step] for step in (-1, 0, 1)]) + 1e-30)
    bend = around[0] - 2 * around[1] + around[2]
    shift = np.where(bend < 0, 0.5 * (around[0] - around[2]) / np.where(bend < 0, bend, 1), 0.0)
    return best + np.clip(shift, -0.5, 0.5), power[rows, best]


def _fit(
    mean: NDArray[np.float64], number: NDArray[np.int_], strength: NDArray[np.float64], guess: float
) -> tuple[float, float]:
    heard = strength > AUDIBLE * strength.max()
    if not heard.any():
        return guess, 0.0
    k, y = number[heard].astype(np.float64), (mean[heard] / number[heard]) ** 2
    # The variance of f_k / k falls with the partial's energy and with k².
    weight = strength[heard] * k**2
    stiffness = 0.0
    if len(k) >= 4:
        slope, base = np.polyfit(k**2, y, 1, w=np.sqrt(weight))
        stiffness = float(np.clip(slope / base, 0.0, STIFFEST)) if base > 0 else 0.0
    f_squared = np.average(y / (1 + stiffness * k**2), weights=weight)
    off = 600 * np.log2(y / (1 + stiffness * k**2) / f_squared)
    if np.sqrt(np.average(off**2, weights=strength[heard])) > UNEVEN:
        strongest = int(strength.argmax())
        return float(mean[strongest] / number[strongest]), 0.0
    return float(np.sqrt(f_squared * (1 + stiffness))), stiffness


def _explained(
    power: NDArray[np.float64], f0: float, stiffness: float, width: float, size: int, rate: int
) -> float:
    bins = np.arange(len(power)) * width
    heard = (bins > 20) & (bins < HIGHEST)
    base = f0 / np.sqrt(1 + stiffness)
    count = max(1, int(min(HIGHEST, rate / 2) / f0))
    places = base * np.arange(1, count + 1) * np.sqrt(1 + stiffness * np.arange(1, count + 1) ** 2)
    nearest = np.abs(bins[:, None] - places).min(axis=1)
    near = nearest < 3 * rate / size
    total = power[heard].sum()
    return float(power[heard & near].sum() / total) if total > 0 else 0.0
