"""Sounds without a pitch made to ring at the keys' pitches."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sonolume.music.instruments.pitched import HELD, regions_of, seconds_for
from sonolume.music.instruments.roots import frequency_of, key_ranges, make_root, root_keys
from sonolume.music.instruments.settings import InstrumentSettings
from sonolume.music.kit import Instrument, Region
from sonolume.signal.descriptors import decay_rate
from sonolume.signal.onsets import hits
from sonolume.signal.resonator import resonate
from sonolume.signal.trim import levels

__all__ = ["MIDDLE", "from_ringing", "ringing"]

MIDDLE = 57
MODES = 12
# Seconds to fall by 60 dB at the first mode; higher ones fall faster, as in wood and strings.
RING, DAMPING = 2.5, 0.6
# Narrow bands of noise waver: the longer a mode rings, the steadier its pitch.
STEADY_RING = 6.0
DRY = 0.08


def from_ringing(
    samples: NDArray[np.float32], rate: int, name: str, settings: InstrumentSettings
) -> Instrument:
    """A pitched instrument from a sound [C, n] without a pitch.

    Each root is the sound through a bank tuned to it (no shifting), measured and brought within
    3 cents like any other root.
    """
    middle = settings.middle if settings.middle is not None else MIDDLE
    keys = [key for key in root_keys(middle, settings.span, settings.spacing) if 21 <= key <= 108]
    keys = keys or [min(108, max(21, middle))]
    longest = seconds_for(len(keys) * settings.layers, settings)
    decay = 0.0 if _held(samples, rate) else 60 / RING
    regions: list[Region] = []
    for key, reach in zip(keys, key_ranges(keys, middle, settings.span), strict=True):
        rung = ringing(samples, rate, key, longest)
        whole = rung.shape[1] / rate
        root = make_root(
            rung, rate, key, f0=frequency_of(key), start=0.0, end=whole, longest=longest
        )
        regions += regions_of(root, rate, name, reach, decay, settings)
    return Instrument(name, tuple(regions), pitched=True)


def ringing(
    samples: NDArray[np.float32], rate: int, key: int, seconds: float
) -> NDArray[np.float32]:
    """The sound [C, n] through twelve harmonic resonators at ``key``: [1, seconds · rate].

    A stroke rings and dies; a held sound (losing less than 8 dB a second) keeps the resonators
    sounding. A little of the sound itself stays, so that it is still known.
    """
    mono = samples.mean(axis=0)
    held = _held(samples, rate)
    if not held:
        strokes = hits(samples, rate)
        loudest = max(strokes, key=lambda cut: float(np.abs(mono[cut]).max()))
        mono = mono[loudest]
    else:
        mono = np.resize(mono, round((seconds + 1) * rate))
    f0 = frequency_of(key)
    count = int(np.clip(0.4 * rate / f0, 1, MODES))
    number = np.arange(1, count + 1, dtype=np.float64)
    t60 = (STEADY_RING if held else RING) * number**-DAMPING * (440 / f0) ** 0.3
    # Held, the bank first swells: that part is left out, so that notes begin at once.
    swell = 1.0 if held else 0.0
    wet = resonate(mono, rate, number * f0, t60, 1 / number, seconds=seconds + swell)
    wet = wet[int(swell * rate) :]
    dry = np.zeros_like(wet)
    kept = min(len(dry), len(mono))
    dry[:kept] = mono[:kept]
    wet_level = float(levels(wet[None], rate, 0.05).max()) or 1.0
    dry_level = float(levels(dry[None], rate, 0.05).max()) or 1.0
    mixed: NDArray[np.float32] = (wet / wet_level + DRY * dry / dry_level).astype(np.float32)
    return mixed[None]


def _held(samples: NDArray[np.float32], rate: int) -> bool:
    return samples.shape[1] > 0.5 * rate and decay_rate(samples, rate) < HELD
