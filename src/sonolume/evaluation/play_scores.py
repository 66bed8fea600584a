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
from sonolume.music.score import Notes, Score
from sonolume.signal.chroma import chroma
from sonolume.signal.loudness import loudness
from sonolume.signal.structure import CHROMA_STEP, correlation
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
    tones = [additive([seated.score.tracks[index].notes]) for index in indices]
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


def additive(parts: list[Notes]) -> NDArray[np.float64]:
    """The notes as plain tones [n] of four harmonics that die away: a reference of its own."""
    end = max((float(notes.end.max()) for notes in parts if len(notes)), default=0.1)
    out = np.zeros(round((end + 0.1) * RATE) + 1)
    for notes in parts:
        rows = zip(notes.start, notes.end, notes.key, notes.velocity, strict=True)
        for start, stop, key, velocity in rows:
            first, count = round(start * RATE), max(1, round((stop - start) * RATE))
            time = np.arange(count) / RATE
            f0 = 440.0 * 2 ** ((int(key) - 69) / 12)
            tone = sum(
                np.sin(2 * np.pi * n * f0 * time) / n
                for n in range(1, HARMONICS + 1)
                if n * f0 < RATE / 2
            )
            out[first : first + count] += velocity / 127 * np.exp(-1.5 * time) * tone
    return out
