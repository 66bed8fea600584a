"""Whether whole scores come out as loud as asked for, and in the harmony of the score."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sonolume.media import Audio
from sonolume.music.ensemble import Seated, seat
from sonolume.music.kit import Instrument, Kit
from sonolume.music.mixdown import MixSettings, mix
from sonolume.music.mixdown.balance import gains, roles_of
from sonolume.music.sampler import render
from sonolume.music.score import Controller, Score, Track
from sonolume.signal.chroma import chroma
from sonolume.signal.kept import correlation
from sonolume.signal.loudness import loudness
from sonolume.signal.structure import CHROMA_STEP
from sonolume.signal.true_peak import true_peak

RATE = 22_050
HARMONICS = 4


@dataclass(frozen=True)
class Heard:
    """One score on a kit: LU beside the loudness asked for, dB above the ceiling (negative: below
    it), and the correlation of its chroma with the score's; None without pitches."""

    loudness_error: float
    over: float
    chroma: float | None


def hear_score(score: Score, kit: Kit, settings: MixSettings) -> Heard:
    """Play a score on a kit, shared out as a picture's instruments are, and measure.

    Raises DataError where nothing can be played.
    """
    seated = seat(score, kit, by_program=False)
    sound: Audio = mix(seated.score, seated.instruments, roles=seated.roles, settings=settings)[0]
    error = abs(loudness(sound.samples, sound.rate) - settings.loudness)
    over = true_peak(sound.samples) - settings.ceiling
    pitched = {i: each for i, each in seated.instruments.items() if each.pitched}
    if not pitched:
        return Heard(error, over, None)
    return Heard(error, over, _harmony(seated, pitched))


def _harmony(seated: Seated, pitched: Mapping[int, Instrument]) -> float:
    """How far chroma of the pitched tracks is that of plain tones, both balanced as for a mix.

    Pearson's correlation of chromagrams, as D. Ellis and G. Poliner compare them ("Identifying
    cover songs with chroma features", ICASSP 2007). Balance belongs to what is heard: without it
    the loudest sample, not the score, says which notes count.
    """
    indices = sorted(pitched)
    parts = [block.mean(axis=1) for block in render(seated.score, pitched, RATE)]
    played = np.concatenate(parts, axis=1) if parts else np.zeros((len(indices), 1), np.float32)
    tones = [additive(seated.score.tracks[index]) for index in indices]
    heard, wanted = (
        chroma(_balanced(seated, indices, tracks), RATE, CHROMA_STEP)
        for tracks in (list(played), tones)
    )
    frames = min(heard.shape[1], wanted.shape[1])
    return correlation(heard[:, :frames], wanted[:, :frames])


def _balanced(
    seated: Seated, indices: list[int], tracks: Sequence[NDArray[np.floating]]
) -> NDArray[np.float32]:
    """The sum [n] of mono tracks, each as loud as its role asks for."""
    both = [np.stack([each, each]).astype(np.float32) for each in tracks]
    levels = [loudness(each, RATE) for each in both]
    roles = roles_of(seated.score, indices, seated.roles)
    factors = gains(seated.score, indices, roles, levels)
    total = np.zeros(max(map(len, tracks)), np.float32)
    for each, factor in zip(both, factors, strict=True):
        total[: each.shape[1]] += factor * each[0]
    return total


def additive(track: Track) -> NDArray[np.float64]:
    """A track as plain tones [n] of four harmonics: a reference of its own.

    A tone stays as loud as it began until key and pedal let it go. Volume and expression count as
    40 log10 (General MIDI 2), bends from one frame to the next.
    """
    notes, until = track.notes, _let_go(track)
    time = np.arange(round((max(until, default=0.0) + 0.1) * RATE) + 1) / RATE
    turns = np.cumsum(np.exp2(_curve(track, "bend", time, 0.0) / 12)) / RATE
    out = np.zeros(len(time))
    for start, stop, key, velocity in zip(
        notes.start, until, notes.key, notes.velocity, strict=True
    ):
        first, last = round(start * RATE), round(stop * RATE) + 1
        f0 = 440.0 * 2 ** ((int(key) - 69) / 12)
        phase = 2 * np.pi * f0 * (turns[first:last] - turns[first])
        harmonics = [n for n in range(1, HARMONICS + 1) if n * f0 < RATE / 2]
        out[first:last] += velocity / 127 * sum(np.sin(n * phase) / n for n in harmonics)
    loud = _curve(track, "volume", time, 100 / 127) * _curve(track, "expression", time, 1.0)
    return out * np.square(loud)


def _let_go(track: Track) -> list[float]:
    """Seconds at which each note ends: with its key, or with the pedal that holds it."""
    pedal = track.curves.get("sustain")
    ends = [float(end) for end in track.notes.end]
    if pedal is None:
        return ends
    lifts = [float(at) for at, value in zip(pedal.time, pedal.value, strict=True) if value < 0.5]
    held = pedal.at(track.notes.end, 0.0) >= 0.5
    return [
        min((lift for lift in lifts if lift > end), default=max(ends)) if down else end
        for end, down in zip(ends, held, strict=True)
    ]


def _curve(
    track: Track, name: Controller, time: NDArray[np.float64], default: float
) -> NDArray[np.float64]:
    curve = track.curves.get(name)
    return np.full(len(time), default) if curve is None else curve.at(time, default).astype(float)
