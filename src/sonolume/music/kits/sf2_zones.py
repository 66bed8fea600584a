"""Regions as SF2 zones: lists of generators and modulators."""

from __future__ import annotations

from dataclasses import dataclass

from sonolume.music.kit import Region
from sonolume.music.kits.sf2_format import (
    ADDITIVE,
    CONTINUOUS,
    DECIBELS_PER_STEP,
    FULL_VELOCITY,
    NO_LOOP,
    SUSTAIN,
    VELOCITY_FILTER,
    VELOCITY_LOUDNESS,
    G,
    centibels,
    timecents,
    velocity_amount,
)

__all__ = ["ZoneOut", "common_zone", "zones"]

MODES = {"none": NO_LOOP, "one_shot": NO_LOOP, "continuous": CONTINUOUS, "sustain": SUSTAIN}
MOST = 32_767


@dataclass(frozen=True)
class ZoneOut:
    """A zone to be written: (generator, signed amount) in order, and modulators."""

    generators: tuple[tuple[int, int], ...]
    modulators: tuple[tuple[int, int, int, int, int], ...] = ()


def common_zone() -> ZoneOut:
    """What holds for all zones of an instrument: velocity leaves the filter alone."""
    return ZoneOut((), tuple((s, t, 0, a, 0) for s, t, a in VELOCITY_FILTER))


def zones(
    region: Region, samples: tuple[int, ...], attenuation: float, choke: int
) -> list[ZoneOut]:
    """One zone a channel; ``samples`` are numbers of headers, ``attenuation`` is in dB, ≥ 0.

    A stereo region panned to a side is narrowed towards it: its far channel moves.
    """
    settings = _settings(region, attenuation, choke)
    modulators = _velocity(region.velocity_gain)
    pans: tuple[float, ...] = (region.pan,)
    if len(samples) == 2:
        pans = (-1 + 2 * max(region.pan, 0.0), 1 + 2 * min(region.pan, 0.0))
    result = []
    for sample, pan in zip(samples, pans, strict=True):
        placed = settings | {G.PAN: _held(G.PAN, 500 * pan)}
        # Section 8.1.2: the key range is first, then the velocity range, and the sample is last.
        ranges = [(G.KEYS, _range(region.keys)), (G.VELOCITIES, _range(region.velocities))]
        changed = [(g, v) for g, v in sorted(placed.items()) if v != _default(g)]
        result.append(ZoneOut((*ranges, *changed, (G.SAMPLE, sample)), modulators))
    return result


def _settings(region: Region, attenuation: float, choke: int) -> dict[int, int]:
    envelope = region.envelope
    coarse, fine = divmod(abs(round(region.tune)), 100)
    sign = 1 if region.tune >= 0 else -1
    one_shot = region.loop_mode == "one_shot"
    return {
        G.START: region.offset % (MOST + 1),
        G.START_COARSE: region.offset // (MOST + 1),
        G.DELAY: timecents(envelope.delay, G.DELAY),
        G.ATTACK: timecents(envelope.attack, G.ATTACK),
        G.HOLD: timecents(envelope.hold, G.HOLD),
        G.DECAY: timecents(envelope.decay, G.DECAY),
        G.SUSTAIN: centibels(envelope.sustain),
        # The format knows no one-shot: a release beyond hearing lets the sample end by itself.
        G.RELEASE: 8000 if one_shot else min(7972, timecents(envelope.release, G.RELEASE)),
        G.ATTENUATION: _held(G.ATTENUATION, attenuation / DECIBELS_PER_STEP),
        G.COARSE_TUNE: _held(G.COARSE_TUNE, sign * coarse),
        G.FINE_TUNE: sign * fine,
        G.SCALE: _held(G.SCALE, region.key_cents),
        G.MODES: MODES[region.loop_mode],
        G.CLASS: choke,
        G.ROOT: region.root,
    }


def _velocity(gain: float) -> tuple[tuple[int, int, int, int, int], ...]:
    amount = velocity_amount(gain)
    source, target, by = VELOCITY_LOUDNESS
    return () if amount == FULL_VELOCITY else ((source, target, amount, by, 0),)


def _default(number: int) -> int:
    return ADDITIVE[number][0] if number in ADDITIVE else -1 if number == G.ROOT else 0


def _held(number: int, value: float) -> int:
    _, low, high = ADDITIVE[number]
    return max(low, min(high, round(value)))


def _range(ends: tuple[int, int]) -> int:
    return ends[0] | ends[1] << 8
