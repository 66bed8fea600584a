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

__all__ = ["Found", "heard", "search"]

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
class _Judge:
    """How far excerpts [B, C, N] are from where they should be."""

    samples: Tensor
    rate: int
    before: Mapping[str, Tensor]
    traces: list[Tensor]
    wanted: Vector
    weights: Vector

    def moved(self, chosen: Sequence[Move], amounts: Sequence[float]) -> Vector:
        """Steps by which the chain moves each cue of `STYLE`, then what it loses of structure."""
        with torch.inference_mode():
            done = process(self.samples, chain_of(chosen, amounts), self.rate)
            cues = measure_cues(done, self.rate)
            gone = lost(self.traces, traces(done, self.rate))
        steps = [float((cues[n] - self.before[n]).mean()) / CUES[n].step for n in STYLE]
        return np.array([*steps, *gone.tolist()])

    def residuals(self, moved: Vector) -> Vector:
        return self.weights * (moved - self.wanted)


def search(
    samples: Tensor,
    rate: int,
    targets: Mapping[str, float],
    *,
    effects: int,
    strength: float = 1.0,
    tell: Callable[[str], None] = lambda _: None,
) -> Found:
    """Moves and amounts after which the cues of excerpts have moved by strength · targets.

    Which effects they are does not depend on the strength, so that more of it is more of the same.

    Args:
        samples: excerpts [B, C, N] that stand for the sound.
        rate: Hz.
        targets: just clear steps by cue at strength 1; what has none should stay.
        effects: at most so many.
        strength: factor on the targets.
        tell: told each step in a few words.
    """
    judge = _judge(samples, rate, targets)
    possible = moves(float(judge.before["loudness"].mean()), samples.shape[1])
    tell("trying effects")
    effect = np.stack([judge.moved([move], [PROBE]) for move in possible]) / PROBE
    chosen, amounts = _choose(judge, possible, effect, effects)
    if not chosen:
        return Found((), ())
    tell("setting effects")
    judge = replace(judge, wanted=strength * judge.wanted)
    refined = _refine(judge, chosen, strength * amounts)
    kept = [(move, a) for move, a in zip(chosen, refined, strict=True) if a >= LEAST]
    return Found(tuple(move for move, _ in kept), tuple(a for _, a in kept))


def _judge(samples: Tensor, rate: int, targets: Mapping[str, float]) -> _Judge:
    with torch.inference_mode():
        before = measure_cues(samples, rate)
        heard = traces(samples, rate)
    wanted = [targets[name] for name in STYLE]
    weights = [1.0 if abs(value) >= WANTED else STAYING for value in wanted]
    if samples.shape[1] != 2:
        weights[STYLE.index("width")] = 0.0
    return _Judge(
        samples, rate, before, heard,
        np.array([*wanted, 0.0, 0.0, 0.0]), np.array([*weights, *STRUCTURE]),
    )  # fmt: skip


def _choose(
    judge: _Judge, possible: Sequence[Move], effect: Vector, most: int
) -> tuple[list[Move], Vector]:
    """The few moves that together come nearest, were they to add up; each effect once."""
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
        far = judge.residuals(judge.moved(chosen, values.tolist()))
        return np.concatenate([far, AMOUNT * values])

    start = np.clip(amounts, 0.05, 0.95)
    found = least_squares(
        residuals, start, bounds=(0.0, 1.0), diff_step=0.05, max_nfev=EVALUATIONS, xtol=1e-2,
        ftol=1e-2,
    )  # fmt: skip
    refined: Vector = found.x
    return refined


def heard(samples: Tensor, rate: int, chain: Chain) -> dict[str, float]:
    """Steps by which a chain moves each cue of excerpts [B, C, N]."""
    with torch.inference_mode():
        before = measure_cues(samples, rate)
        after = measure_cues(process(samples, chain, rate), rate)
    return {n: float((after[n] - before[n]).mean()) / cue.step for n, cue in CUES.items()}
