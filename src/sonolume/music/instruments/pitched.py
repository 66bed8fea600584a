"""A tone becomes an instrument that is in tune on every key."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from sonolume.music.instruments.layers import LAYERS, dull, variations
from sonolume.music.instruments.loops import Seam, bake, find_seam, hold_level
from sonolume.music.instruments.roots import (
    IN_TUNE,
    Root,
    cents_off,
    frequency_of,
    key_of,
    key_ranges,
    make_root,
    root_keys,
)
from sonolume.music.instruments.settings import InstrumentSettings
from sonolume.music.kit import Envelope, Instrument, LoopMode, Region, Sample
from sonolume.signal.descriptors import FITTED_DB, decay_rate, describe
from sonolume.signal.glide import flatten
from sonolume.signal.onsets import onsets
from sonolume.signal.stretch import repitch
from sonolume.signal.tone import Tone
from sonolume.signal.trim import PRE_ROLL, fade, levels, sounding, to_peak

__all__ = ["HELD", "from_tone", "note_of", "regions_of", "seconds_for"]

# dB a second: below, a sound counts as held and gets a loop at constant level; from there on it
# dies away, and loops only where the recording ends long before it has.
HELD, FAST = 8.0, 40.0
# An instrument's samples together, in bytes: six of them stay under 100 MB.
BUDGET = 15_000_000
# Middle keys; with 18 semitones to either side, from a bass's lowest to a piccolo's high notes.
LOWEST_MIDDLE, HIGHEST_MIDDLE = 36, 84
# Seconds from the attack to where a loop may begin.
AFTER_ATTACK = 0.08
# The attack belongs to the note when it lies this close before the steady stretch.
ATTACK_REACH = 0.35
# A tail quieter than this against the note's peak rings on until the next onset.
TAIL_DB = 18.0


def from_tone(
    samples: NDArray[np.float32], rate: int, tone: Tone, name: str, settings: InstrumentSettings
) -> Instrument:
    """An instrument from samples [C, n] that hold ``tone``.

    The note is cut out with its attack, brought to each root (`make_root`), looped if it is held
    and given velocity layers and turns. Files are in tune as they are: each sample is resampled
    until it sounds its root; `Region.tune` has the rest, a fraction of a cent.
    """
    note, start, end = note_of(samples, rate, tone)
    if not tone.struck:
        note, moved = flatten(note, rate, tone.f0)
        clock = np.arange(len(moved)) * 0.01
        start, end = (float(np.interp(each, clock, moved)) for each in (start, end))
    middle = settings.middle if settings.middle is not None else _middle(tone.f0)
    keys = [
        key for key in root_keys(middle, settings.span, settings.spacing) if _audible(key, rate)
    ]
    keys = keys or [min(127, max(0, middle))]
    longest = seconds_for(len(keys) * settings.layers * len(note), settings)
    regions: list[Region] = []
    decay = decay_rate(note, rate)
    for key, reach in zip(keys, key_ranges(keys, middle, settings.span), strict=True):
        root = make_root(
            note, rate, key, f0=tone.f0, struck=tone.struck, start=start, end=end, longest=longest
        )
        regions += regions_of(root, rate, name, reach, decay, settings)
    return Instrument(name, tuple(regions), pitched=True)


def note_of(
    samples: NDArray[np.float32], rate: int, tone: Tone
) -> tuple[NDArray[np.float32], float, float]:
    """The one note [C, m] that holds ``tone``, and where its steady stretch lies, in seconds.

    It begins at the onset before the stretch, where one is near, and ends with the stretch; where
    the sound has nearly died by then, it rings on until the next onset.
    """
    begins = onsets(samples.mean(axis=0), rate) / rate
    before = begins[(begins > tone.start - ATTACK_REACH) & (begins < tone.start + 0.05)]
    first = float(before[-1]) - PRE_ROLL if len(before) else tone.start
    after = begins[begins > max(tone.end, first + 0.1) - 0.02]
    stop = float(after[0]) - PRE_ROLL if len(after) else samples.shape[1] / rate
    last = min(tone.end, stop)
    level = levels(samples[:, int(max(first, 0) * rate) :], rate, 0.02)
    at = min(int((last - max(first, 0)) / 0.02), len(level) - 1)
    if level[at] < level[: at + 1].max() * 10 ** (-TAIL_DB / 20):
        last = stop
    first = max(0.0, first)
    cut = samples[:, int(first * rate) : max(int(last * rate), int(first * rate) + 64)]
    kept = sounding(cut, rate)
    moved = first + kept.start / rate
    length = (kept.stop - kept.start) / rate
    return cut[:, kept], max(0.0, tone.start - moved), min(tone.end - moved, length)


def _middle(f0: float) -> int:
    """The recording's own key, by whole octaves within reach of the music that is written."""
    key = round(key_of(f0))
    up = max(0, -((key - LOWEST_MIDDLE) // 12))
    down = max(0, -((HIGHEST_MIDDLE - key) // 12))
    return int(key + 12 * (up - down))


def _audible(key: int, rate: int) -> bool:
    """Whether a root has at least its first two partials below the half rate, and is a tone."""
    return 16.0 <= frequency_of(key) < rate / 5


def seconds_for(channels: int, settings: InstrumentSettings) -> float:
    """How long a sample may be where an instrument holds so many channels of sound."""
    return min(settings.seconds, BUDGET / (4 * channels * settings.rate))


def regions_of(
    root: Root,
    rate: int,
    name: str,
    reach: tuple[int, int],
    decay: float,
    settings: InstrumentSettings,
) -> list[Region]:
    """The regions of one root: its layers and turns, looped where the decay (dB/s) allows."""
    samples, seam, envelope = _sustain(root, rate, decay)
    cents = _heard(samples, seam, root, rate)
    if abs(cents) > IN_TUNE:
        # What loops is a part of the note, and may be a little off its mean.
        pace = 2 ** (-cents / 1200)
        moved = repitch(root.samples, rate, pace)
        root = replace(root, samples=moved, start=root.start / pace, end=root.end / pace)
        samples, seam, envelope = _sustain(root, rate, decay)
        cents = _heard(samples, seam, root, rate)
    root = replace(root, tune=-cents)
    description = describe(samples, rate)
    loops: LoopMode = "continuous" if seam else "none"
    regions = []
    bands = LAYERS[settings.layers]
    random = np.random.default_rng([settings.seed, root.key])
    turns = variations(settings.turns, rate, random)
    scale = float(np.abs(samples).max()) or 1.0
    for number, velocities in enumerate(bands):
        softer = len(bands) - 1 - number
        cutoff = max(2 * frequency_of(root.key), 0.8 * description.brightness) / 2 ** (softer - 1)
        layer = dull(samples, rate, cutoff) if softer else samples
        layer = bake(layer, seam) if seam else layer
        layer = fade(layer, rate, fall=0.0 if seam else 0.03)
        layer = to_peak(layer / np.float32(scale) * np.float32(0.7), -3.0) if not softer else layer
        sample = Sample(layer, rate, f"{name}-{root.key:03d}-{number + 1}")
        plain = Region(
            sample,
            keys=reach,
            velocities=velocities,
            root=root.key,
            tune=root.tune,
            loop=seam.loop if seam else None,
            loop_mode=loops,
            envelope=envelope,
        )
        regions += [
            replace(
                plain,
                tune=root.tune + turn.cents,
                gain_db=turn.gain_db,
                offset=min(turn.offset, sample.frames - 1),
                turn=(place, len(turns)),
            )
            for place, turn in enumerate(turns, 1)
        ]
    return regions


def _heard(samples: NDArray[np.float32], seam: Seam | None, root: Root, rate: int) -> float:
    """Cents by which a note is off its root as it will be heard: with its loop for 1.5 s."""
    target = frequency_of(root.key)
    if seam is None:
        return cents_off(samples, rate, root.start, root.end, target, struck=root.struck)
    loop = np.arange(seam.loop.start, seam.loop.end)
    index = np.concatenate([np.arange(seam.loop.end), np.resize(loop, int(1.5 * rate))])
    played = bake(samples, seam)[:, index]
    return cents_off(played, rate, root.start, len(index) / rate, target, struck=root.struck)


def _sustain(
    root: Root, rate: int, decay: float
) -> tuple[NDArray[np.float32], Seam | None, Envelope]:
    """Samples, their loop if they have one, and the envelope that the sound's own decay asks for.

    Below 8 dB/s the sound is held: it loops at constant level. Up to 40 dB/s it dies away; if the
    recording stops before 36 dB are lost, it loops, the level in the loop is held and the
    envelope takes over the decay. Else the recording is all there is.
    """
    samples = root.samples
    length = samples.shape[1] / rate
    ending = Envelope(attack=0.001, release=_release(decay))
    cut_short = decay * (length - AFTER_ATTACK) < FITTED_DB
    if decay >= FAST or (decay >= HELD and not cut_short):
        return samples, None, ending
    first = int((root.start + AFTER_ATTACK) * rate)
    last = int(min(root.end, length - 0.02) * rate)
    if last - first < 0.1 * rate:
        return samples, None, ending
    level = hold_level(samples, rate, first, last)
    period = rate / frequency_of(root.key)
    seam = find_seam(level, rate, first=first, last=last, period=period)
    if seam is None:
        return samples, None, ending
    if decay < HELD:
        return level, seam, ending
    dying = replace(ending, hold=first / rate, decay=100 / decay, sustain=0.0)
    return level, seam, dying


def _release(decay: float) -> float:
    """Seconds to -100 dB once the key is let go: four times as fast as the sound dies by itself,
    within 0.25 and 0.4 s, as dampers stop strings: what rings on blurs the next chord."""
    return float(np.clip(25 / max(decay, 1.0), 0.25, 0.4))
