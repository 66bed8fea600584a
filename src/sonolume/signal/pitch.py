"""Pitch over time: pYIN, with octaves checked against the spectrum.

M. Mauch and S. Dixon, "pYIN: a fundamental frequency estimator using probabilistic threshold
distributions", ICASSP 2014.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from sonolume.errors import OptionError
from sonolume.signal.harmonics import octave_factors
from sonolume.signal.yin import Candidates, candidates, frames_of, normalised_difference

__all__ = ["HIGHEST", "LOWEST", "PitchTrack", "track_pitch"]

LOWEST, HIGHEST = 40.0, 2000.0
# Troughs of 2 kHz are eleven samples apart at this rate: enough for a parabola.
WORKING_RATE = 22050
HOP_SECONDS = 0.01
BINS_PER_SEMITONE = 5
# The farthest a voice or an instrument glides, octaves a second (as in the pYIN plug-in).
GLIDE = 35.92
SWITCH = 0.01
FLOOR = 1e-12


@dataclass(frozen=True, eq=False)
class PitchTrack:
    """Pitch over time.

    Attributes:
        time: float64 [F], seconds, the middle of each frame.
        f0: float64 [F], Hz; NaN where unvoiced.
        voiced: float64 [F], 0..1: how probable a period in 40..2000 Hz is.
        power: float64 [F], mean square of the frame.
    """

    time: NDArray[np.float64]
    f0: NDArray[np.float64]
    voiced: NDArray[np.float64]
    power: NDArray[np.float64]


def track_pitch(
    samples: NDArray[np.float32],
    rate: int,
    *,
    lowest: float = LOWEST,
    highest: float = HIGHEST,
) -> PitchTrack:
    """Pitch of a sound [n] every 10 ms.

    Candidates and their probabilities as in pYIN; the path through them by Viterbi decoding over
    voiced and unvoiced states, five a semitone; frequencies are those of the candidates, not of
    the states. Each voiced stretch is then compared with its octaves above and below by the
    energy at their harmonics (`harmonics.octave_factors`).

    Args:
        samples: [n], n ≥ 1.
        rate: Hz.
        lowest, highest: Hz, 20 ≤ lowest < highest ≤ 4000.

    Raises:
        OptionError: frequencies out of range.
    """
    if not 20 <= lowest < highest <= 4000:
        raise OptionError(
            f"pitch from {lowest:g} to {highest:g} Hz; expected 20 to 4000 Hz, lowest first"
        )
    sound, rate = _at_working_rate(np.asarray(samples, np.float32), rate)
    highest = min(highest, rate / 4)
    longest = int(np.ceil(rate / lowest)) + 1
    hop = max(1, round(HOP_SECONDS * rate))
    # The difference at a lag looks at window + lag samples: the middle for periods of 5 ms.
    frames = frames_of(sound, 2 * longest, hop, before=(longest + rate // 200) // 2)
    difference, power = normalised_difference(frames, longest)
    found = candidates(difference, max(1, int(rate / highest)))
    states = round(12 * BINS_PER_SEMITONE * np.log2(highest / lowest)) + 1
    position = BINS_PER_SEMITONE * 12 * np.log2(rate / found.period / lowest)
    state = np.rint(position).astype(np.intp)
    inside = (state >= 0) & (state < states)
    found = Candidates(found.frame[inside], found.period[inside], found.probability[inside])
    observed = np.zeros((len(frames), states))
    np.add.at(observed, (found.frame, state[inside]), found.probability)
    voiced = np.clip(observed.sum(axis=1), 0.0, 1.0)
    path = _decode(observed, voiced, GLIDE * hop / rate)
    f0 = _frequencies(path, found, state[inside], rate, lowest)
    track = PitchTrack(np.arange(len(frames)) * hop / rate, f0, voiced, power)
    factors = octave_factors(sound, rate, track.time, f0)
    moved = f0 * factors
    # An octave that lies outside the range was no pitch inside it.
    moved[moved > 1.01 * highest] = np.nan
    return replace(track, f0=np.where(moved < 0.99 * lowest, f0, moved))


def _at_working_rate(samples: NDArray[np.float32], rate: int) -> tuple[NDArray[np.float32], int]:
    if rate == WORKING_RATE or rate < 8000:
        return samples, rate
    import soxr

    low = soxr.resample(samples, rate, WORKING_RATE, quality="HQ")
    return (low, WORKING_RATE) if len(low) else (samples, rate)


def _decode(
    observed: NDArray[np.float64], voiced: NDArray[np.float64], reach_octaves: float
) -> NDArray[np.intp]:
    """The most probable path [F]: a state, or -1 for unvoiced."""
    frames, states = observed.shape
    reach = max(1, round(reach_octaves * 12 * BINS_PER_SEMITONE))
    steps = reach + 1.0 - np.abs(np.arange(-reach, reach + 1))
    glide = np.log(steps / steps.sum())
    stay, switch = np.log1p(-SWITCH), np.log(SWITCH)
    seen = np.log(observed + FLOOR)
    unseen = np.log((1 - voiced) / states + FLOOR)
    score = np.concatenate([seen[0], np.full(states, unseen[0])])
    back = np.empty((frames, 2, states), np.int32)
    index = np.arange(states)
    for frame in range(1, frames):
        padded = np.pad(score.reshape(2, states), ((0, 0), (reach, reach)), constant_values=-np.inf)
        near = np.lib.stride_tricks.sliding_window_view(padded, 2 * reach + 1, axis=1) + glide
        offset = near.argmax(axis=2)
        best = np.take_along_axis(near, offset[..., None], axis=2)[..., 0]
        source = np.clip(index + offset - reach, 0, states - 1)
        # Rows: what is entered (voiced, unvoiced); the source's own kind wins ties.
        for kind in (0, 1):
            same, other = best[kind] + stay, best[1 - kind] + switch
            crossed = other > same
            back[frame, kind] = np.where(
                crossed, source[1 - kind] + states * (1 - kind), source[kind] + states * kind
            )
            score[kind * states : (kind + 1) * states] = np.where(crossed, other, same)
        score[:states] += seen[frame]
        score[states:] += unseen[frame]
        score -= score.max()
    path = np.empty(frames, np.intp)
    path[-1] = score.argmax()
    flat = back.reshape(frames, 2 * states)
    for frame in range(frames - 1, 0, -1):
        path[frame - 1] = flat[frame, path[frame]]
    path[path >= states] = -1
    return path


def _frequencies(
    path: NDArray[np.intp],
    found: Candidates,
    state: NDArray[np.intp],
    rate: int,
    lowest: float,
) -> NDArray[np.float64]:
    """Frequencies [F] of the path: of the likeliest candidate within two states of it."""
    f0 = np.where(path >= 0, lowest * 2 ** (path / (12 * BINS_PER_SEMITONE)), np.nan)
    near = np.abs(state - path[found.frame]) <= 2
    order = np.argsort(found.probability[near], kind="stable")
    # The last assignment to a frame stands, and that is the likeliest candidate's.
    f0[found.frame[near][order]] = rate / found.period[near][order]
    f0[path < 0] = np.nan
    return f0
