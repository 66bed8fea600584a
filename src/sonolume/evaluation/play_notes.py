"""Whether instruments play in tune, in time and without clicks."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sonolume.music.kit import Instrument
from sonolume.music.sampler import TableCache, render_track
from sonolume.music.score import Notes, Track
from sonolume.signal.clicks import click_energy

RATE = 44100
SECONDS = 0.8
HELD = 2.5  # seconds of a note that is listened to for clicks
REACH = 60.0  # cents around the wanted pitch in which partials are looked for
PARTIALS = 6
HIGHEST = 12_000.0
LOWEST_SHARE = 0.02  # of the loudest partial
LATEST = 0.005  # seconds within which an onset is looked for


@dataclass(frozen=True)
class Played:
    """What random notes showed: cents [N] beside the wanted pitch, seconds [N] beside the wanted
    time, and dB [M] of clicks at loop seams, 12 being audible."""

    cents: NDArray[np.float64]
    late: NDArray[np.float64]
    clicks: NDArray[np.float64]


def listen_to(instruments: Sequence[Instrument], notes: int, seed: int) -> Played:
    """Render `notes` random notes, shared out evenly among pitched instruments."""
    rng = np.random.default_rng(seed)
    cents: list[float] = []
    late: list[float] = []
    clicks: list[float] = []
    for number, instrument in enumerate(instruments):
        tables = TableCache()
        share = notes // len(instruments) + (number < notes % len(instruments))
        for _ in range(share):
            key = int(rng.integers(instrument.lowest, instrument.highest + 1))
            velocity, start = int(rng.integers(20, 128)), float(rng.uniform(0, 0.5))
            there = note(instrument, key, velocity, start, SECONDS, tables)
            here = note(instrument, key, velocity, 0.0, SECONDS, tables)
            cents.append(cents_off(here, key))
            late.append(lateness(there, here, start))
        clicks.extend(_seams(instrument, tables))
    return Played(np.array(cents), np.array(late), np.array(clicks))


def note(
    instrument: Instrument,
    key: int,
    velocity: int,
    start: float,
    seconds: float,
    tables: TableCache,
) -> NDArray[np.float32]:
    """One note, mono [n], from 0 s until it is silent."""
    track = Track("", Notes.of([(start, start + seconds, key, velocity)]))
    blocks = [block.mean(0) for block in render_track(track, instrument, RATE, tables=tables)]
    return np.concatenate(blocks) if blocks else np.zeros(1, np.float32)


def cents_off(samples: NDArray[np.float32], key: int) -> float:
    """Cents from the pitch of a key to what is heard in mono samples [n], within 60 cents.

    The spectrum's peaks nearest to the first six harmonics each say a pitch; the median of these,
    weighed by amplitude, is taken. Where no harmonic is there, 60.
    """
    heard = samples[round(0.03 * RATE) : round(SECONDS * RATE)].astype(np.float64)
    if len(heard) < 1024 or not heard.any():
        return REACH
    size = 8 * len(heard)
    spectrum = np.abs(np.fft.rfft(heard * _window(len(heard)), size))
    wanted = 440.0 * 2 ** ((key - 69) / 12)
    numbers = [n for n in range(1, PARTIALS + 1) if n * wanted < HIGHEST]
    found = [_peak(spectrum, n * wanted, size) for n in numbers]
    off = np.array([each[0] for each in found])
    weight = np.array([each[1] for each in found])
    kept = weight > LOWEST_SHARE * spectrum.max()
    if not kept.any():
        return REACH
    order = np.argsort(off[kept])
    half = np.searchsorted(np.cumsum(weight[kept][order]), weight[kept].sum() / 2)
    return float(off[kept][order][half])


def _window(size: int) -> NDArray[np.float64]:
    """Rises within 20 ms, then falls slowly: a note that dies away is heard while it is loud."""
    window = np.hanning(2 * size)[size:]
    rise = min(round(0.02 * RATE), size)
    window[:rise] *= np.hanning(2 * rise)[:rise]
    return window


def _peak(spectrum: NDArray[np.float64], wanted: float, size: int) -> tuple[float, float]:
    """Cents and height of the highest bin around a frequency, between bins by a parabola."""
    ratio = 2 ** (REACH / 1200)
    first = max(1, int(wanted / ratio * size / RATE))
    last = min(len(spectrum) - 2, int(np.ceil(wanted * ratio * size / RATE)))
    at = first + int(np.argmax(spectrum[first : last + 1]))
    low, middle, high = np.log(spectrum[at - 1 : at + 2] + 1e-30)
    bend = low - 2 * middle + high
    shift = float(np.clip(0.5 * (low - high) / bend, -0.5, 0.5)) if bend < 0 else 0.0
    cents = 1200 * np.log2((at + shift) * RATE / size / wanted)
    return float(np.clip(cents, -REACH, REACH)), float(spectrum[at])


def lateness(there: NDArray[np.float32], here: NDArray[np.float32], start: float) -> float:
    """Seconds by which a note that should begin at `start` is late, beside the same one at 0 s."""
    reach = round(LATEST * RATE)
    first = round(start * RATE)
    size = min(len(here), len(there) - first, RATE // 2)
    if size < reach:
        return LATEST
    padded = np.pad(there, (reach, reach))
    heard = padded[first : first + size + 2 * reach].astype(np.float64)
    alike = np.correlate(heard, here[:size].astype(np.float64), "valid")
    # A steady sound is like itself a period later: what lies elsewhere must count against it.
    total = np.concatenate([[0.0], np.cumsum(heard**2)])
    energy = total[size:] - total[:-size]
    frames = int((2 * alike - energy).argmax()) - reach + first
    return frames / RATE - start


def _seams(instrument: Instrument, tables: TableCache) -> Iterator[float]:
    """Clicks at the first seam of each looped root, played at its own pitch."""
    for region in instrument.regions:
        if region.loop is None or region.turn[0] > 1 or not _rests(region.keys, region.root):
            continue
        seam = region.loop.end * RATE / region.sample.rate
        if seam / RATE + 0.2 < HELD:
            sound = note(instrument, region.root, region.velocities[1], 0.0, HELD, tables)
            yield float(click_energy(sound, RATE, [round(seam)])[0])


def _rests(keys: tuple[int, int], root: int) -> bool:
    return keys[0] <= root <= keys[1]
