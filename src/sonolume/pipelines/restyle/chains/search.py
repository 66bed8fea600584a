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
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sonolume.pipelines.restyle.chains.aims import INSISTING, aim, weights_of, welcome, wrong_ways
from sonolume.pipelines.restyle.chains.moves import Move
from sonolume.pipelines.restyle.chains.probed import SPARE, STYLE, Probed, Vector
from sonolume.pipelines.restyle.chains.refine import refine
from sonolume.pipelines.restyle.chains.repair import variants

__all__ = ["AMOUNT", "Found", "nearer", "proposed", "search"]

AMOUNT: Final = 0.25  # weight of an effect turned up whole
GAIN: Final = 0.02  # of the squared distance, that another effect must win
LEAST: Final = 0.02  # of an amount; less is left out
TURNS: Final = 1  # in which what goes the wrong way is given more weight
SHARES: Final = (0.75, 0.5, 0.25)  # of a chain that breaks the structure
REPAIRS: Final = 3  # cues that still go the wrong way and are tried anew


@dataclass(frozen=True, eq=False)
class Found:
    """What a search found.

    Attributes:
        chosen: the moves, in no order.
        amounts: of each, 0 to 1.
        moved: what they move, as `Probed.moved`.
    """

    chosen: tuple[Move, ...]
    amounts: tuple[float, ...]
    moved: Vector


def search(sound: Probed, targets: Mapping[str, float], *, effects: int) -> Found:
    """Moves and amounts after which the cues of excerpts have moved by their targets.

    Where a cue still goes the wrong way, it is given more weight and all is tried once more; then
    cue by cue with one effect more, or another one (`variants`).

    Args:
        sound: what `probe` found.
        targets: just clear steps by cue; what has none should stay.
        effects: at most so many.
    """
    wanted = aim(targets)
    weights = weights_of(sound, wanted)
    insisted = weights
    found = [_found(sound, wanted, weights, effects)]
    for _ in range(TURNS):
        wrong = wrong_ways(found[-1].moved, wanted) & (weights > 0)
        if not wrong.any():
            break
        insisted = np.where(wrong, INSISTING * insisted, insisted)
        found.append(_found(sound, wanted, insisted, effects))
    # What breaks the structure is turned down anyhow: what counts is what is left.
    left = [_bearable(sound, each) for each in found]
    best = min(left, key=lambda each: _rank(each.moved, wanted, weights))
    return _repaired(sound, best, wanted, weights, effects)


def _bearable(sound: Probed, found: Found) -> Found:
    """As much of a chain as the structure of the excerpts bears, in a few steps."""
    left = found
    for share in SHARES:
        if not (left.moved[len(STYLE) :] > SPARE).any():
            break
        amounts = tuple(share * amount for amount in found.amounts)
        left = Found(found.chosen, amounts, sound.moved(found.chosen, amounts))
    return left


def _repaired(sound: Probed, found: Found, wanted: Vector, weights: Vector, effects: int) -> Found:
    """Cue by cue that goes the wrong way, the largest target first."""

    def rank(moved: Vector) -> tuple[int, float]:
        return _rank(moved, wanted, weights)

    wrong = wrong_ways(found.moved, wanted) & (weights > 0)
    for cue in _largest(wrong, wanted):
        if not wrong_ways(found.moved, wanted)[cue]:
            continue
        chain = [
            (sound.possible.index(m), a) for m, a in zip(found.chosen, found.amounts, strict=True)
        ]
        placed, moved = variants(sound, chain, cue, wanted, effects, rank)
        places = [place for place, _ in placed]
        chosen = [sound.possible[place] for place in places]
        amounts = np.array([amount for _, amount in placed])
        plain = Found(tuple(chosen), tuple(amounts.tolist()), moved)
        other = _refined(sound, chosen, amounts, sound.effect[places].T, wanted, weights)
        found = min(found, plain, other, key=lambda each: rank(each.moved))
    return found


def _largest(wrong: NDArray[np.bool_], wanted: Vector) -> list[int]:
    """Places of what is wrong, the largest target first, a few."""
    places = [int(place) for place in np.argsort(-np.abs(wanted)) if wrong[place]]
    return places[:REPAIRS]


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
    wanted = aim(targets)
    if not chosen:
        return Found((), (), np.zeros_like(wanted))
    if not refined:
        return Found(tuple(chosen), tuple(amounts.tolist()), sound.moved(chosen, amounts.tolist()))
    slope = sound.effect[[place for place, _ in kept]].T
    return _refined(sound, chosen, amounts, slope, wanted, weights_of(sound, wanted))


def nearer(sound: Probed, first: Found, second: Found, targets: Mapping[str, float]) -> Found:
    """Of two the one with fewer cues going the wrong way, then the nearer; the first if equal."""
    wanted = aim(targets)
    weights = weights_of(sound, wanted)
    return min(first, second, key=lambda found: _rank(found.moved, wanted, weights))


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
        return np.where(wrong_ways(moved, wanted), INSISTING * weights, weights)

    refined, moved = refine(
        lambda values: sound.moved(chosen, values.tolist()),
        insisting, wanted, slope, np.clip(amounts, 0.05, 0.95), AMOUNT,
    )  # fmt: skip
    kept = [(move, float(a)) for move, a in zip(chosen, refined, strict=True) if a >= LEAST]
    return Found(tuple(move for move, _ in kept), tuple(a for _, a in kept), moved)


def _rank(moved: Vector, wanted: Vector, weights: Vector) -> tuple[int, float]:
    """Smaller is better: the fewest wrong ways and broken parts of the structure, then the
    nearest."""
    wrong = wrong_ways(moved, wanted) & (weights > 0)
    broken = moved[len(STYLE) :] > SPARE
    return int(wrong.sum() + broken.sum()), float(np.square(weights * (moved - wanted)).sum())


def _choose(sound: Probed, wanted: Vector, weights: Vector, most: int) -> tuple[list[int], Vector]:
    """The few moves that together come nearest, were they to add up; each effect once."""
    names = [move.effect.name for move in sound.possible]
    open_to = welcome(sound, wanted)
    chosen: list[int] = []
    amounts = np.zeros(0)
    best = first = float(np.square(weights * wanted).sum())
    while len(chosen) < most:
        used = {names[i] for i in chosen}
        free = [i for i in open_to if names[i] not in used]
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
    aimed = np.concatenate([weights * wanted, np.zeros(len(effect))])
    amounts = np.minimum(nnls(matrix, aimed)[0], 1.0)
    return float(np.square(matrix @ amounts - aimed).sum()), amounts
