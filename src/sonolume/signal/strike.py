"""The note that a struck body is heard to have: bells, bars, glasses and bowls.

Their partials are no harmonics, so periods say little about them. What is known is how such
bodies vibrate (`signal.modes`): the partials of a sound are held against these ratios. A bar, a
glass or a bowl is heard at its lowest mode. A bell is heard at its strike note, an octave below
the nominal, whether or not there is a partial: E. Terhardt and M. Seewann, "Auditive und objektive
Bestimmung der Schlagtonhöhe von historischen Kirchenglocken", Acustica 54, 1984; N. H. Fletcher
and T. D. Rossing, The Physics of Musical Instruments, 2nd ed., 1998, section 21.5.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sonolume.signal.modes import BELL, GLASS, PLATE, free_bar, membrane
from sonolume.signal.trim import levels

__all__ = ["Strike", "find_strike", "strike_pitch"]

# The contact itself lies before; a second tells partials 5 Hz apart.
AFTER, LONGEST, SHORTEST = 0.02, 1.0, 0.1
BAND: Final = (60.0, 10_000.0)
FAINTEST_DB, CLEAR_DB = 40.0, 14.0
MOST: Final = 16
# Strongest partials, and lowest modes, of which one is taken for the other.
TRIED: Final = 5
# Bodies of uneven shape: the share by which a mode may lie off its place.
OFF: Final = 0.025
# dB under the strongest at which the modes that tell a body are still looked for.
TELLING_DB: Final = 35.0
# To fall by 30 dB: what is gone in half of that clacks, as wood blocks do.
FULL_SECONDS: Final = 0.3
HARMONICS, REACH = 4, 0.03
FADED_DB, FALL_DB = 30.0, 1.0


@dataclass(frozen=True)
class Strike:
    """What a struck body says.

    Attributes:
        body: "bell", "bar" or "glass".
        f0: Hz of the strike note.
        start, end: seconds between which it rings, from its loudest to 30 dB under that.
        confidence: 0..1: share of energy in partials that rest, times the share of these that
            lie at modes of the body, times the length over 0.3 s, at most 1.
    """

    body: str
    f0: float
    start: float
    end: float
    confidence: float


@dataclass(frozen=True)
class _Body:
    """Ratios over the lowest mode; the strike note's; the modes without which it is another."""

    name: str
    ratios: tuple[float, ...]
    strike: float
    telling: tuple[int, ...]
    pitched: bool = True


@cache
def _bodies() -> tuple[_Body, ...]:
    return (
        # Prime, tierce and nominal: the tierce keeps harmonic sounds away.
        _Body("bell", BELL, 2.0, (1, 2, 4)),
        _Body("bar", tuple(free_bar(6)), 1.0, (0, 1)),
        _Body("glass", GLASS, 1.0, (0, 1)),
        # Those whose modes are many and crowd, and tell no note.
        _Body("plate", PLATE, 1.0, (0, 1, 2), pitched=False),
        _Body("membrane", tuple(membrane(12)), 1.0, (0, 1, 2), pitched=False),
    )


@dataclass(frozen=True, eq=False)
class _Partials:
    """Hz [P] and amplitudes [P] of partials that rest, and their share of the energy."""

    hertz: NDArray[np.float64]
    amplitude: NDArray[np.float64]
    share: float


def find_strike(samples: NDArray[np.float32], rate: int) -> Strike | None:
    """The strike note of mono samples [n]; None where nothing rings as a bell, a bar, a glass or
    a bowl does: noise, skins, sheets of metal, whatever is held, and what lasts under 0.1 s. Of
    harmonic sounds and sheets some come back with a confidence below 0.5.

    What follows the loudest moment is heard until it has fallen by 30 dB, a second at most. Its
    partials are the peaks of the spectrum that stand out by 14 dB and rest from one half to the
    other. The body is that whose modes explain most of their amplitude, each within 2.5 %; those
    by which it is known must be among them.
    """
    first, last = _ringing(samples, rate)
    if last - first < SHORTEST * rate:
        return None
    heard = samples[first : min(last, first + int(LONGEST * rate))]
    partials = _partials(heard, rate) if _dies(heard) else None
    if partials is None:
        return None
    found = [(*_match(body, partials), body) for body in _bodies()]
    score, explained, lowest, body = max(found, key=lambda each: each[0])
    if score <= 0 or not body.pitched:
        return None
    seconds = (last - first) / rate
    confidence = partials.share * explained * min(1.0, seconds / FULL_SECONDS)
    return Strike(body.name, body.strike * lowest, first / rate, last / rate, confidence)


def strike_pitch(samples: NDArray[np.float32], rate: int, guess: float) -> float:
    """Hz of a strike note near ``guess`` in samples [n], as its strongest harmonic says it.

    Of a bell these are prime, nominal, superquint and octave nominal, of a bar the lowest mode.
    They are looked for within 3 % of their places; without any of them it is the guess.
    """
    power, width = _spectrum(samples[: int(LONGEST * rate)], rate)
    best, found = 0.0, guess
    for number in range(1, HARMONICS + 1):
        low, high = (round(number * guess * by / width) for by in (1 - REACH, 1 + REACH))
        if high >= len(power) - 1 or low < 1:
            break
        at = low + int(power[low : high + 1].argmax())
        inside = power[at] > max(power[at - 1], power[at + 1])
        if inside and power[at] > best:
            best, found = float(power[at]), _vertex(power, at) * width / number
    return found


def _ringing(samples: NDArray[np.float32], rate: int) -> tuple[int, int]:
    """Frames from just after the loudest moment to where the sound has fallen by 30 dB."""
    level = levels(samples[None], rate, 0.01)
    block = max(1, min(round(0.01 * rate), len(samples)))
    peak = int(level.argmax())
    under = np.flatnonzero(level[peak:] < level[peak] * 10 ** (-FADED_DB / 20))
    last = (peak + int(under[0])) * block if len(under) else len(samples)
    return peak * block + round(AFTER * rate), last


def _dies(samples: NDArray[np.float32]) -> bool:
    """Whether the second half is weaker by a decibel: nothing that is struck is held."""
    first, second = (float(np.square(half).mean()) for half in np.array_split(samples, 2))
    return second < first * 10 ** (-FALL_DB / 10)


def _partials(samples: NDArray[np.float32], rate: int) -> _Partials | None:
    power, width = _spectrum(samples, rate)
    hertz = np.arange(len(power)) * width
    inside = (hertz > BAND[0]) & (hertz < min(BAND[1], 0.45 * rate))
    total = float(power[inside].sum())
    lobe = max(2, round(3 * rate / len(samples) / width))
    places = _peaks(power, inside, lobe)
    if total <= 0 or not len(places):
        return None
    halves = [_spectrum(part, rate) for part in np.array_split(samples, 2)]
    place = np.array([_vertex(power, at) * width for at in places])
    rests = _rest(place, halves, 2 * rate / len(samples))
    if not rests.any():
        return None
    near = np.zeros(len(power), bool)
    for at in places[rests]:
        near[max(0, at - lobe) : at + lobe + 1] = True
    share = float(power[near & inside].sum()) / total
    return _Partials(place[rests], np.sqrt(power[places[rests]]), min(1.0, share))


def _spectrum(samples: NDArray[np.float32], rate: int) -> tuple[NDArray[np.float64], float]:
    """Power, and Hz from one bin to the next. The window rises fast and falls slowly: what dies
    away is heard while it is loud."""
    count = len(samples)
    window = np.hanning(2 * count)[count:]
    rise = max(2, count // 16)
    window[:rise] *= np.hanning(2 * rise)[:rise]
    size = 1 << (4 * count - 1).bit_length()
    power: NDArray[np.float64] = np.abs(np.fft.rfft(samples * window, size)) ** 2
    return power, rate / size


def _peaks(power: NDArray[np.float64], inside: NDArray[np.bool_], lobe: int) -> NDArray[np.intp]:
    """Bins of the strongest peaks that stand out from what is around them."""
    from scipy.ndimage import maximum_filter1d, percentile_filter

    top = power == maximum_filter1d(power, 2 * lobe + 1)
    loud = power > power[inside].max(initial=0.0) * 10 ** (-FAINTEST_DB / 10)
    places = np.flatnonzero(top & loud & inside)
    # The median over forty lobes, looked at in every fourth bin: the spectrum is that smooth.
    floor = percentile_filter(power[::4], 50, size=max(3, 10 * lobe))
    places = places[power[places] > floor[places // 4] * 10 ** (CLEAR_DB / 10)]
    strongest: NDArray[np.intp] = places[np.argsort(-power[places])][:MOST]
    return strongest


def _vertex(power: NDArray[np.float64], at: int) -> float:
    low, middle, high = np.log(power[at - 1 : at + 2] + 1e-30)
    bend = low - 2 * middle + high
    return at + (float(np.clip(0.5 * (low - high) / bend, -0.5, 0.5)) if bend < 0 else 0.0)


def _rest(
    place: NDArray[np.float64], halves: list[tuple[NDArray[np.float64], float]], bin_hertz: float
) -> NDArray[np.bool_]:
    """Which partials [P] stay within half a bin from one half of the sound to the other."""
    found = []
    for power, width in halves:
        reach = max(1, round(2 * bin_hertz / width))
        rows = []
        for hertz in place:
            low = max(1, round(hertz / width) - reach)
            at = low + int(power[low : low + 2 * reach + 1].argmax())
            rows.append(_vertex(power, min(at, len(power) - 2)) * width)
        found.append(rows)
    first, second = np.array(found)
    rests: NDArray[np.bool_] = np.abs(first - second) < 0.5 * bin_hertz
    return rests


def _match(body: _Body, partials: _Partials) -> tuple[float, float, float]:
    """Score, share of amplitude at modes, and Hz of the lowest mode; the best that can be."""
    ratios = np.array(body.ratios)
    amplitude, hertz = partials.amplitude, partials.hertz
    faint = amplitude.max() * 10 ** (-TELLING_DB / 20)
    best = (0.0, 0.0, 0.0)
    for lowest in (hertz[:TRIED, None] / ratios[:TRIED]).ravel():
        off = np.abs(np.log(hertz[:, None] / (lowest * ratios)))
        near = (off < np.log1p(OFF)) & (amplitude[:, None] > faint)
        there = near.any(axis=0)
        if not there[list(body.telling)].all():
            continue
        explained = float(amplitude[near.any(axis=1)].sum() / amplitude.sum())
        score = explained * float(there[:TRIED].mean())
        if score > best[0]:
            strike = int(near[:, 0].argmax())
            exact = hertz[strike] if near[:, 0].any() else lowest
            best = (score, explained, float(exact))
    return best
