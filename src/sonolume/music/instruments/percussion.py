"""Sounds without a pitch become drums."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sonolume.music.instruments.drum_map import DRUMS, Drum
from sonolume.music.instruments.settings import InstrumentSettings
from sonolume.music.kit import Envelope, Instrument, Region, Sample
from sonolume.signal.descriptors import Description, describe
from sonolume.signal.onsets import hits
from sonolume.signal.stretch import repitch
from sonolume.signal.trim import fade, levels, sounding, to_peak

__all__ = ["Hit", "drum_cost", "from_hits", "hits_of"]

MOST_HITS = 24
QUIETEST_DB = 24.0
SHORTEST, LONGEST = 0.02, 3.0
# A stroke within this many octaves of a drum's brightness plays it as it is; farther ones are
# moved until they are, by at most this much.
NEAR, FARTHEST = 1.0, 1.5
DECAY_WORTH = 0.5
# Strokes this alike take turns.
ALIKE = 0.5
TILT_DB = 1.0


@dataclass(frozen=True, eq=False)
class Hit:
    """One stroke: samples [C, n] and what it is like."""

    samples: NDArray[np.float32]
    description: Description


def hits_of(samples: NDArray[np.float32], rate: int) -> list[Hit]:
    """The strokes of samples [C, n], loudest first, at most 24; at least one.

    Those under 20 ms or 24 dB quieter than the loudest are left out.
    """
    cuts = [cut for cut in hits(samples, rate, longest=LONGEST) if cut.stop > cut.start]
    pieces = [samples[:, cut][:, sounding(samples[:, cut], rate)] for cut in cuts]
    peaks = [float(np.abs(piece).max(initial=0)) for piece in pieces]
    floor = max(peaks) * 10 ** (-QUIETEST_DB / 20)
    order = sorted(range(len(pieces)), key=lambda each: -peaks[each])
    kept = [
        each for each in order if peaks[each] >= floor and pieces[each].shape[1] >= SHORTEST * rate
    ]
    return [
        Hit(pieces[each], describe(pieces[each], rate)) for each in kept[:MOST_HITS] or order[:1]
    ]


def drum_cost(description: Description, drum: Drum) -> float:
    """How far a stroke is from a drum: octaves of brightness, and half an octave's worth for
    each doubling of the time in which it dies away."""
    bright = abs(_octaves(description.brightness, drum.brightness))
    seconds = min(description.t60, 2 * LONGEST)
    return bright + DECAY_WORTH * abs(_octaves(seconds, drum.seconds))


def from_hits(
    found: Sequence[Hit], rate: int, name: str, settings: InstrumentSettings
) -> Instrument:
    """A whole drum kit from at least one stroke.

    Each stroke first plays the drum of the kit it is most like, one to one, by least total
    distance; every other drum is played by the stroke nearest to it, moved in brightness by up
    to an octave and a half, filtered and damped. No stroke gets a pitch: all regions are one-shots
    that sound alike on each of their keys.
    """
    chosen = _share_out(found)
    random = np.random.default_rng([settings.seed, len(found)])
    regions: list[Region] = []
    for drum, main in zip(DRUMS, chosen, strict=True):
        takes = _takes(found, main, settings.turns)
        for turn, hit in enumerate(takes, 1):
            samples = _as_drum(hit, drum, rate)
            if turn > 1 and hit is found[main]:
                samples = _tilt(samples, random.uniform(-TILT_DB, TILT_DB))
            sample = Sample(samples, rate, f"{name}-{drum.name.replace(' ', '-')}-{turn}")
            regions += [
                Region(
                    sample,
                    keys=(key, key),
                    root=key,
                    key_cents=0.0,
                    loop_mode="one_shot",
                    envelope=Envelope(attack=0.0, release=0.1),
                    gain_db=drum.gain_db,
                    turn=(turn, len(takes)),
                    group=drum.choke,
                    off_by=drum.choke,
                )
                for key in drum.keys
            ]
    return Instrument(name, tuple(regions), pitched=False, bank=128)


def _octaves(value: float, target: float) -> float:
    return float(np.log2(max(value, 1e-3) / target))


def _share_out(found: Sequence[Hit]) -> list[int]:
    """The stroke for each drum: an index into ``found``."""
    from scipy.optimize import linear_sum_assignment

    costs = np.array([[drum_cost(hit.description, drum) for drum in DRUMS] for hit in found])
    nearest = costs.argmin(axis=0)
    kit = 8
    rows, columns = linear_sum_assignment(costs[:, :kit])
    for row, column in zip(rows, columns, strict=True):
        # A stroke far from what is left over serves the kit better as its nearest drum.
        if costs[row, column] < 1.5:
            nearest[column] = row
    return [int(each) for each in nearest]


def _takes(found: Sequence[Hit], main: int, turns: int) -> list[Hit]:
    """The strokes that take turns: others much like the main one, else itself again."""
    first = found[main]
    alike = [
        hit
        for hit in found
        if hit is not first
        and abs(_octaves(hit.description.brightness, first.description.brightness)) < ALIKE
        and abs(_octaves(min(hit.description.t60, 6.0), min(first.description.t60, 6.0)))
        < 2 * ALIKE
    ]
    return ([first, *alike] + [first] * turns)[:turns]


def _as_drum(hit: Hit, drum: Drum, rate: int) -> NDArray[np.float32]:
    """The stroke as that drum: [C, n], peak at -3 dB."""
    away = _octaves(hit.description.brightness, drum.brightness)
    move = float(np.clip(np.sign(away) * max(0.0, abs(away) - NEAR), -FARTHEST, FARTHEST))
    samples = repitch(hit.samples, rate, 2.0**-move)
    if move:
        samples = _filtered(samples, rate, drum)
    samples = samples[:, : int(LONGEST * rate)]
    samples = _damped(samples, rate, drum.seconds)
    return fade(to_peak(samples[:, sounding(samples, rate)]), rate, rise=0.0005, fall=0.02)


def _filtered(samples: NDArray[np.float32], rate: int, drum: Drum) -> NDArray[np.float32]:
    from scipy.signal import butter, sosfilt

    filtered = samples
    for kind, corner in (("highpass", drum.highpass), ("lowpass", drum.lowpass)):
        if 0 < corner < 0.45 * rate:
            sections = butter(2, corner, kind, fs=rate, output="sos")
            filtered = sosfilt(sections, filtered, axis=1)
    return np.asarray(filtered, np.float32)


def _damped(samples: NDArray[np.float32], rate: int, seconds: float) -> NDArray[np.float32]:
    """Samples that die within about ``seconds``, if they would not by themselves.

    The damping starts at the peak, so that it takes nothing from the attack.
    """
    own = describe(samples, rate).t60
    if own <= 1.5 * seconds:
        return samples
    added = 60 / seconds - (60 / own if np.isfinite(own) else 0.0)
    level = levels(samples, rate)
    near = level[: max(1, round(0.1 / 0.005))]
    peak = int(near.argmax()) * round(0.005 * rate)
    time = np.maximum(np.arange(samples.shape[1]) - peak, 0) / rate
    damped = samples * 10 ** (-added * time / 20)
    return damped[:, : peak + int(1.2 * seconds * rate)].astype(np.float32)


def _tilt(samples: NDArray[np.float32], decibels: float) -> NDArray[np.float32]:
    """Samples with highs raised by ``decibels`` and lows lowered, by a one-zero filter."""
    amount = np.float32((10 ** (decibels / 20) - 1) / 2)
    before = np.pad(samples, ((0, 0), (1, 0)))[:, :-1]
    return to_peak(samples - amount * before)
