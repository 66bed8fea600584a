"""Look for the chain that moves a sound's cues as they should move.

As in C. Steinmetz et al., "ST-ITO: Controlling audio effects for style transfer with inference-time
optimization" (ISMIR 2024), the rack is searched anew for every sound, and nothing is learnt. The
effects are chosen by what they do to this very sound: a matrix of finite differences, and a greedy
non-negative least squares (compare J. Tropp and A. Gilbert, "Signal recovery from random
measurements via orthogonal matching pursuit", 2007). Their amounts are then refined on rendered
excerpts (`refine`). Differences of a handful of amounts cost a tenth of one gradient of all cues,
and effects without a slope at bypass are no exception.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from sonolume.pipelines.restyle.contract import slacks
from sonolume.pipelines.restyle.moves import Move, chain_of, moves
from sonolume.pipelines.restyle.refine import refine
from sonolume.signal.cues import CUES, measure_cues
from sonolume.signal.rack import Chain, process
from sonolume.signal.structure import Structure, compare, structure

__all__ = ["Found", "Probed", "heard", "nearer", "probe", "proposed", "scaled", "search"]

STYLE: Final = tuple(name for name in CUES if name != "loudness")  # a gain sets the loudness
WANTED: Final = 0.3  # steps; a cue whose target is less may stay
STAYING: Final = 0.35  # weight of a step of a cue that should stay; 1 is that of a wanted one
STRUCTURE: Final = (8.0, 8.0, 8.0)  # weights of what rhythm, harmony and energy lose
SPARE: Final = 0.05  # between what is held and what is sought
AMOUNT: Final = 0.25  # weight of an effect turned up whole
PROBE: Final = 0.35  # amount at which a move is tried
GAIN: Final = 0.02  # of the squared distance, that another effect must win
LEAST: Final = 0.02  # of an amount; less is left out
INSISTING: Final = 3.0  # times the weight of a cue that goes the wrong way
RIGHT: Final = 0.2  # steps that a cue should go at least

Vector = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Found:
    """What a search found.

    Attributes:
        chosen: the moves, in no order.
        amounts: of each, 0 to 1.
        moved: what they move, as `Probed.moved`.
        reached: the strength at which each has its amount; none where that is the one asked for.
    """

    chosen: tuple[Move, ...]
    amounts: tuple[float, ...]
    moved: Vector
    reached: tuple[float, ...] = ()


@dataclass(frozen=True, eq=False)
class Probed:
    """What each move does to excerpts [B, C, N] of a sound.

    Attributes:
        samples: the excerpts.
        rate: Hz.
        before: their cues.
        structures: of each of them.
        possible: the moves.
    """

    samples: Tensor
    rate: int
    before: Mapping[str, Tensor]
    structures: list[Structure]
    possible: tuple[Move, ...]

    @cached_property
    def effect(self) -> Vector:
        """What each move changes: [moves, cues of `STYLE` and three of structure], for each whole
        amount, by trying all of them."""
        return np.stack([self.moved([move], [PROBE]) / PROBE for move in self.possible])

    def moved(self, chosen: Sequence[Move], amounts: Sequence[float]) -> Vector:
        """Steps by which the chain moves each cue of `STYLE`, then what it loses of structure."""
        with torch.inference_mode():
            done = process(self.samples, chain_of(chosen, amounts), self.rate)
            cues = measure_cues(done, self.rate)
        steps = [float((cues[n] - self.before[n]).mean()) / CUES[n].step for n in STYLE]
        pairs = zip(self.structures, done, strict=True)
        gone = [_lost(was, structure(sound.numpy(), self.rate)) for was, sound in pairs]
        return np.array([*steps, *np.mean(gone, axis=0)])


def probe(samples: Tensor, rate: int) -> Probed:
    """Listen to excerpts [B, C, N] that stand for a sound; moves are tried when they are needed."""
    with torch.inference_mode():
        before = measure_cues(samples, rate)
    structures = [structure(sound.numpy(), rate) for sound in samples]
    possible = moves(float(before["loudness"].mean()), samples.shape[1])
    return Probed(samples, rate, before, structures, tuple(possible))


def _lost(before: Structure, after: Structure) -> Vector:
    """How far rhythm, harmony and energy are from being held with something to spare, 0 to 0.5."""
    slack = np.array(list(slacks(compare(before, after), len(before.onsets)).values()))
    return np.clip(SPARE - slack, 0, 0.5)


def search(sound: Probed, targets: Mapping[str, float], *, effects: int) -> Found:
    """Moves and amounts after which the cues of excerpts have moved by their targets.

    Where a cue still goes the wrong way, it is given more weight and all is tried once more.

    Args:
        sound: what `probe` found.
        targets: just clear steps by cue; what has none should stay.
        effects: at most so many.
    """
    wanted = _aim(targets)
    weights = _weights(sound, wanted)
    first = _found(sound, wanted, weights, effects)
    wrong = _wrong(first.moved, wanted) & (weights > 0)
    if not wrong.any():
        return first
    second = _found(sound, wanted, np.where(wrong, INSISTING * weights, weights), effects)
    return min(first, second, key=lambda found: _rank(found.moved, wanted, weights))


def proposed(
    sound: Probed,
    targets: Mapping[str, float],
    moves_at: Sequence[tuple[int, float]],
    *,
    refined: bool,
) -> Found:
    """What was proposed, places in ``sound.possible`` and amounts, as it is or `refined`."""
    kept = [(place, amount) for place, amount in moves_at if amount >= LEAST]
    chosen = [sound.possible[place] for place, _ in kept]
    amounts = np.array([amount for _, amount in kept])
    wanted = _aim(targets)
    if not chosen:
        return Found((), (), np.zeros_like(wanted))
    if not refined:
        return Found(tuple(chosen), tuple(amounts.tolist()), sound.moved(chosen, amounts.tolist()))
    slope = sound.effect[[place for place, _ in kept]].T
    return _refined(sound, chosen, amounts, slope, wanted, _weights(sound, wanted))


def nearer(sound: Probed, first: Found, second: Found, targets: Mapping[str, float]) -> Found:
    """Of two the one with fewer cues going the wrong way, then the nearer; the first if equal."""
    wanted = _aim(targets)
    weights = _weights(sound, wanted)
    return min(first, second, key=lambda found: _rank(found.moved, wanted, weights))


def scaled(
    sound: Probed,
    found: Found,
    targets: Mapping[str, float],
    strength: float,
    *,
    refined: bool = True,
) -> Found:
    """More or less of what was found for ``targets``: all amounts times a strength.

    Where a cue then goes the wrong way, as effects are not quite linear, the amounts are refined,
    unless ``refined`` says not.
    """
    amounts = np.minimum(1.0, strength * np.array(found.amounts))
    if strength == 1 or not found.chosen:
        return found
    wanted = _aim(targets, strength)
    weights = _weights(sound, wanted)
    moved = sound.moved(found.chosen, amounts.tolist())
    if not refined or not (_wrong(moved, wanted) & (weights > 0)).any():
        reached = np.minimum(strength, 1 / np.array(found.amounts))
        return Found(found.chosen, tuple(amounts.tolist()), moved, tuple(reached.tolist()))
    slope = np.stack([sound.effect[sound.possible.index(move)] for move in found.chosen], axis=1)
    return _refined(sound, list(found.chosen), amounts, slope, wanted, weights)


def _aim(targets: Mapping[str, float], strength: float = 1.0) -> Vector:
    return np.array([*(strength * targets[name] for name in STYLE), 0.0, 0.0, 0.0])


def _found(sound: Probed, wanted: Vector, weights: Vector, effects: int) -> Found:
    chosen, amounts = _choose(sound, wanted, weights, effects)
    if not chosen:
        return Found((), (), np.zeros_like(wanted))
    possible = [sound.possible[i] for i in chosen]
    return _refined(sound, possible, amounts, sound.effect[chosen].T, wanted, weights)


def _refined(
    sound: Probed,
    chosen: Sequence[Move],
    amounts: Vector,
    slope: Vector,
    wanted: Vector,
    weights: Vector,
) -> Found:
    def insisting(moved: Vector) -> Vector:
        return np.where(_wrong(moved, wanted), INSISTING * weights, weights)

    refined, moved = refine(
        lambda values: sound.moved(chosen, values.tolist()),
        insisting, wanted, slope, np.clip(amounts, 0.05, 0.95), AMOUNT,
    )  # fmt: skip
    kept = [(move, float(a)) for move, a in zip(chosen, refined, strict=True) if a >= LEAST]
    return Found(tuple(move for move, _ in kept), tuple(a for _, a in kept), moved)


def _wrong(moved: Vector, wanted: Vector) -> NDArray[np.bool_]:
    """Cues that should move and did not, or the wrong way."""
    wrong: NDArray[np.bool_] = (np.abs(wanted) >= WANTED) & (
        moved * np.sign(wanted) < np.minimum(RIGHT, np.abs(wanted) / 2)
    )
    return wrong


def _rank(moved: Vector, wanted: Vector, weights: Vector) -> tuple[int, float]:
    """Smaller is better: the fewest wrong ways, then the nearest."""
    wrong = _wrong(moved, wanted) & (weights > 0)
    return int(wrong.sum()), float(np.square(weights * (moved - wanted)).sum())


def _weights(sound: Probed, wanted: Vector) -> Vector:
    cues = STAYING + (1 - STAYING) * np.minimum(1, np.abs(wanted[: len(STYLE)]) / WANTED)
    if sound.samples.shape[1] != 2:
        cues[STYLE.index("width")] = 0.0
    return np.array([*cues, *STRUCTURE])


def _choose(sound: Probed, wanted: Vector, weights: Vector, most: int) -> tuple[list[int], Vector]:
    """The few moves that together come nearest, were they to add up; each effect once."""
    names = [move.effect.name for move in sound.possible]
    chosen: list[int] = []
    amounts = np.zeros(0)
    best = first = float(np.square(weights * wanted).sum())
    while len(chosen) < most:
        used = {names[i] for i in chosen}
        free = [i for i, name in enumerate(names) if name not in used]
        fits = [(*_fit(sound.effect[[*chosen, i]], wanted, weights), i) for i in free]
        if not fits:
            break
        distance, added, index = min(fits, key=lambda fit: fit[0])
        if best - distance <= GAIN * first:
            break
        best, amounts, chosen = distance, added, [*chosen, index]
    return chosen, amounts


def _fit(effect: Vector, wanted: Vector, weights: Vector) -> tuple[float, Vector]:
    """Squared distance and amounts 0..1 of the best sum of rows, amounts themselves penalised."""
    from scipy.optimize import nnls

    matrix = np.concatenate([(effect * weights).T, AMOUNT * np.eye(len(effect))])
    aim = np.concatenate([weights * wanted, np.zeros(len(effect))])
    amounts = np.minimum(nnls(matrix, aim)[0], 1.0)
    return float(np.square(matrix @ amounts - aim).sum()), amounts


def heard(sound: Probed, chain: Chain) -> dict[str, float]:
    """Steps by which a chain moves each cue of the excerpts."""
    with torch.inference_mode():
        after = measure_cues(process(sound.samples, chain, sound.rate), sound.rate)
    return {n: float((after[n] - sound.before[n]).mean()) / cue.step for n, cue in CUES.items()}
