"""The records, numbers and units of SF2 (SoundFont Technical Specification 2.04, 2006)."""

from __future__ import annotations

import math

import numpy as np

__all__ = ["BAG", "GENERATOR", "HEADER", "INSTRUMENT", "LISTS", "MODULATOR", "PRESET", "G"]

PRESET = np.dtype(
    [
        ("name", "S20"),
        ("program", "<u2"),
        ("bank", "<u2"),
        ("bag", "<u2"),
        ("library", "<u4"),
        ("genre", "<u4"),
        ("morphology", "<u4"),
    ]
)
BAG = np.dtype([("generator", "<u2"), ("modulator", "<u2")])
MODULATOR = np.dtype(
    [
        ("source", "<u2"),
        ("target", "<u2"),
        ("amount", "<i2"),
        ("amount_source", "<u2"),
        ("transform", "<u2"),
    ]
)
GENERATOR = np.dtype([("number", "<u2"), ("amount", "<u2")])
INSTRUMENT = np.dtype([("name", "S20"), ("bag", "<u2")])
HEADER = np.dtype(
    [
        ("name", "S20"),
        ("start", "<u4"),
        ("end", "<u4"),
        ("loop_start", "<u4"),
        ("loop_end", "<u4"),
        ("rate", "<u4"),
        ("root", "u1"),
        ("correction", "i1"),
        ("link", "<u2"),
        ("kind", "<u2"),
    ]
)
# The nine lists of pdta, in the order that section 7 demands.
LISTS = {
    b"phdr": PRESET,
    b"pbag": BAG,
    b"pmod": MODULATOR,
    b"pgen": GENERATOR,
    b"inst": INSTRUMENT,
    b"ibag": BAG,
    b"imod": MODULATOR,
    b"igen": GENERATOR,
    b"shdr": HEADER,
}


class G:
    """Generator numbers, section 8.1.2."""

    START, END, LOOP_START, LOOP_END, START_COARSE = range(5)
    END_COARSE = 12
    PAN = 17
    DELAY, ATTACK, HOLD, DECAY, SUSTAIN, RELEASE = range(33, 39)
    INSTRUMENT = 41
    KEYS, VELOCITIES, LOOP_START_COARSE, KEY = range(43, 47)
    ATTENUATION = 48
    LOOP_END_COARSE, COARSE_TUNE, FINE_TUNE, SAMPLE, MODES = range(50, 55)
    SCALE, CLASS, ROOT = range(56, 59)


# number: default, lowest, highest (section 8.1.3); these add up across preset and instrument.
ADDITIVE = {
    G.PAN: (0, -500, 500),
    G.DELAY: (-12000, -12000, 5000),
    G.ATTACK: (-12000, -12000, 8000),
    G.HOLD: (-12000, -12000, 5000),
    G.DECAY: (-12000, -12000, 8000),
    G.SUSTAIN: (0, 0, 1000),
    G.RELEASE: (-12000, -12000, 8000),
    G.ATTENUATION: (0, 0, 1440),
    G.COARSE_TUNE: (0, -120, 120),
    G.FINE_TUNE: (0, -99, 99),
    G.SCALE: (100, 0, 1200),
}
MONO, RIGHT, LEFT, ROM = 1, 2, 4, 0x8000
NO_LOOP, CONTINUOUS, SUSTAIN = 0, 1, 3
# Silence after each sample, and true samples around a loop, for interpolation.
PADDING, AROUND = 46, 8
# (source, target, amount source): how velocity changes loudness (section 8.4.1) and, in both forms
# that are in use, the filter (8.4.2).
VELOCITY_LOUDNESS = (0x0502, G.ATTENUATION, 0)
VELOCITY_FILTER = ((0x0102, 8, 0x0000), (0x0102, 8, 0x0D02))
FULL_VELOCITY = 960
# The hardware for which the format was made took 0.4 of a bank's attenuation; so do FluidSynth,
# BASSMIDI and MuseScore, and banks are made by ear on these.
DECIBELS_PER_STEP = 0.4 / 10
# Generators above this one are unused (section 8.1.2).
LAST_GENERATOR = 60
# A release of 100 s or more: the sample is over before it is heard to fade.
ONE_SHOT_RELEASE = 7973
MIDDLE = (64 / 127) ** 2


def timecents(seconds: float, number: int) -> int:
    """``seconds`` in steps of 1/1200 octave about 1 s, within the range of the generator."""
    _, low, high = ADDITIVE[number]
    return max(low, min(high, round(1200 * math.log2(seconds)))) if seconds > 0 else low


def seconds(cents: int) -> float:
    """Inverse of `timecents`; the shortest, -12000 (1 ms), is 0."""
    return float(2 ** (cents / 1200)) if cents > -12000 else 0.0


def centibels(level: float) -> int:
    """Attenuation below full level in 0.1 dB, 0..1000; 1000 for 0."""
    return max(0, min(1000, round(-200 * math.log10(level)))) if level > 0 else 1000


def level(centibel: int) -> float:
    """Inverse of `centibels`."""
    return float(10 ** (-centibel / 200)) if centibel < 1000 else 0.0


def velocity_amount(gain: float) -> int:
    """Depth, in centibels, of the modulator velocity → attenuation for `Region.velocity_gain`.

    At depth 960 loudness goes as (v/127)², exactly ``velocity_gain`` 1; at depth 960·m as
    (v/127)^2m. m is chosen so that both laws agree at full velocity and at velocity 64.
    """
    held = max(0.0, min(1.0, gain))
    return round(FULL_VELOCITY * math.log(1 - held * (1 - MIDDLE)) / math.log(MIDDLE))


def velocity_gain(amount: int) -> float:
    """Inverse of `velocity_amount`, held within 0..1."""
    m = max(0.0, min(1.0, amount / FULL_VELOCITY))
    return float((1 - MIDDLE**m) / (1 - MIDDLE))
