"""Look for the chain that moves a sound's cues as they should move.

As in C. Steinmetz et al., "ST-ITO: Controlling audio effects for style transfer with inference-time
optimization" (ISMIR 2024), the rack is searched anew for every sound, and nothing is learnt. The
effects are chosen by what they do to this very sound: a matrix of finite differences, and a greedy
non-negative least squares (compare J. Tropp and A. Gilbert, "Signal recovery from random
measurements via orthogonal matching pursuit", 2007). Their amounts are then refined on rendered
excerpts by a trust region (`scipy.optimize.least_squares`). Differences of a handful of amounts
cost a tenth of one gradient of all cues, and effects without a slope at bypass are no exception.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from sonolume.pipelines.restyle.moves import Move, chain_of, moves
from sonolume.pipelines.restyle.surrogates import lost, traces
from sonolume.signal.cues import CUES, measure_cues
from sonolume.signal.rack import Chain, process

__all__ = ["Found", "Probed", "heard", "probe", "search"]

STYLE: Final = tuple(name for name in CUES if name != "loudness")  # a gain sets the loudness
WANTED: Final = 0.1  # steps; a cue whose target is less should stay
STAYING: Final = 0.35  # weight of a step of such a cue
STRUCTURE: Final = (6.0, 2.0, 4.0)  # weights of what level, onsets and pitches lose
AMOUNT: Final = 0.25  # weight of an effect turned up whole
PROBE: Final = 0.35  # amount at which a move is tried
GAIN: Final = 0.02  # of the squared distance, that another effect must win
LEAST: Final = 0.02  # of an amount; less is left out
EVALUATIONS: Final = 8

Vector = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Found:
    """What a search found.

    Attributes:
        chosen: the moves, in no order.
        amounts: of each, 0 to 1.
    """

    chosen: tuple[Move, ...]
    amounts: tuple[float, ...]


@dataclass(frozen=True, eq=False)
class Probed:
    """What each move does to excerpts [B, C, N] of a sound.

    Attributes:
        samples: the excerpts.
        rate: Hz.
        before: their cues.
        traces: of their structure.
        possible: the moves.
        effect: [moves, cues of `STYLE` and three of structure], change for each whole amount.
    """

    samples: Tensor
    rate: int
    before: Mapping[str, Tensor]
    traces: list[Tensor]
    possible: tuple[Move, ...]
    effect: Vector

    def moved(self, chosen: Sequence[Move], amounts: Sequence[float]) -> Vector:
        """Steps by which the chain moves each cue of `STYLE`, then what it loses of structure."""
        return _moved(self.samples, self.rate, self.before, self.traces, chain_of(chosen, amounts))


def probe(samples: Tensor, rate: int) -> Probed:
    """Try every move alone on excerpts [B, C, N] that stand for a sound."""
    with torch.inference_mode():
        before, trace = measure_cues(samples, rate), traces(samples, rate)
    possible = moves(float(before["loudness"].mean()), samples.shape[1])
    tried = [
        _moved(samples, rate, before, trace, chain_of([move], [PROBE])) / PROBE for move in possible
    ]
    return Probed(samples, rate, before, trace, tuple(possible), np.stack(tried))


def _moved(
    samples: Tensor, rate: int, before: Mapping[str, Tensor], trace: list[Tensor], chain: Chain
) -> Vector:
    with torch.inference_mode():
        done = process(samples, chain, rate)
        cues = measure_cues(done, rate)
        gone = lost(trace, traces(done, rate))
    steps = [float((cues[n] - before[n]).mean()) / CUES[n].step for n in STYLE]
    return np.array([*steps, *gone.tolist()])


@dataclass(frozen=True, eq=False)
class _Judge:
    """How far a sound is from where it should be."""

    sound: Probed
    wanted: Vector
    weights: Vector

    def residuals(self, moved: Vector) -> Vector:
        return self.weights * (moved - self.wanted)


def search(
    sound: Probed,
    targets: Mapping[str, float],
    *,
    effects: int,
    strength: float = 1.0,
    tell: Callable[[str], None] = lambda _: None,
) -> Found:
    """Moves and amounts after which the cues of excerpts have moved by strength · targets.

    Which effects they are does not depend on the strength, so that more of it is more of the same.

    Args:
        sound: what `probe` found.
        targets: just clear steps by cue at strength 1; what has none should stay.
        effects: at most so many.
        strength: factor on the targets.
        tell: told each step in a few words.
    """
    judge = _judge(sound, targets)
    chosen, amounts = _choose(judge, effects)
    if not chosen:
        return Found((), ())
    tell("setting effects")
    judge = replace(judge, wanted=strength * judge.wanted)
    refined = _refine(judge, chosen, strength * amounts)
    kept = [(move, a) for move, a in zip(chosen, refined, strict=True) if a >= LEAST]
    return Found(tuple(move for move, _ in kept), tuple(a for _, a in kept))


def _judge(sound: Probed, targets: Mapping[str, float]) -> _Judge:
    wanted = [targets[name] for name in STYLE]
    weights = [1.0 if abs(value) >= WANTED else STAYING for value in wanted]
    if sound.samples.shape[1] != 2:
        weights[STYLE.index("width")] = 0.0
    return _Judge(sound, np.array([*wanted, 0.0, 0.0, 0.0]), np.array([*weights, *STRUCTURE]))


def _choose(judge: _Judge, most: int) -> tuple[list[Move], Vector]:
    """The few moves that together come nearest, were they to add up; each effect once."""
    possible, effect = judge.sound.possible, judge.sound.effect
    chosen: list[int] = []
    amounts = np.zeros(0)
    best = float(np.square(judge.residuals(np.zeros_like(judge.wanted))).sum())
    first = best
    while len(chosen) < most:
        used = {possible[i].effect.name for i in chosen}
        free = [i for i, move in enumerate(possible) if move.effect.name not in used]
        fits = [(*_fit(judge, effect[[*chosen, i]]), i) for i in free]
        if not fits:
            break
        distance, added, index = min(fits, key=lambda fit: fit[0])
        if best - distance <= GAIN * first:
            break
        best, amounts, chosen = distance, added, [*chosen, index]
    return [possible[i] for i in chosen], amounts


def _fit(judge: _Judge, effect: Vector) -> tuple[float, Vector]:
    """Squared distance and amounts 0..1 of the best sum of rows, amounts themselves penalised."""
    from scipy.optimize import nnls

    matrix = np.concatenate([(effect * judge.weights).T, AMOUNT * np.eye(len(effect))])
    wanted = np.concatenate([judge.weights * judge.wanted, np.zeros(len(effect))])
    amounts = np.minimum(nnls(matrix, wanted)[0], 1.0)
    return float(np.square(matrix @ amounts - wanted).sum()), amounts


def _refine(judge: _Judge, chosen: Sequence[Move], amounts: Vector) -> Vector:
    """Amounts after a few steps of a trust region on what is really rendered."""
    from scipy.optimize import least_squares

    def residuals(values: Vector) -> Vector:
        far = judge.residuals(judge.sound.moved(chosen, values.tolist()))
        return np.concatenate([far, AMOUNT * values])

    start = np.clip(amounts, 0.05, 0.95)
    found = least_squares(
        residuals, start, bounds=(0.0, 1.0), diff_step=0.05, max_nfev=EVALUATIONS, xtol=1e-2,
        ftol=1e-2,
    )  # fmt: skip
    refined: Vector = found.x
    return refined


def heard(sound: Probed, chain: Chain) -> dict[str, float]:
    """Steps by which a chain moves each cue of the excerpts."""
    with torch.inference_mode():
        after = measure_cues(process(sound.samples, chain, sound.rate), sound.rate)
    return {n: float((after[n] - sound.before[n]).mean()) / cue.step for n, cue in CUES.items()}
