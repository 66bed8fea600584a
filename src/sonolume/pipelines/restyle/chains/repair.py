"""What a chain could not do, done by one effect more, or by another in place of one."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Final

import numpy as np
import torch

from sonolume.diffusion.workers import beside
from sonolume.pipelines.restyle.chains.aims import STRUCTURE, welcome
from sonolume.pipelines.restyle.chains.probed import PROBE, Probed, Vector

__all__ = ["variants"]

CANDIDATES: Final = 4  # moves that are tried for a cue
AMOUNTS: Final = (PROBE / 2, PROBE, 2 * PROBE)

Placed = list[tuple[int, float]]
"""Places of moves in `Probed.possible`, and their amounts."""


def variants(
    sound: Probed,
    chain: Placed,
    cue: int,
    wanted: Vector,
    effects: int,
    rank: Callable[[Vector], tuple[int, float]],
) -> tuple[Placed, Vector]:
    """The best of chains that differ in one move, which by itself helps a cue: tried, not guessed.

    A search that adds up single moves does not know what they do to each other; this does.

    Args:
        sound: the excerpts.
        chain: what was found so far.
        cue: its place in `Probed.moved`.
        wanted: where each should go; only its sign counts for this one.
        effects: moves at most.
        rank: of what was moved; smaller is better.

    Returns:
        the chain and what it moves.
    """
    lost = sound.effect[:, -len(STRUCTURE) :] @ np.array(STRUCTURE)
    helping = np.sign(wanted[cue]) * sound.effect[:, cue] / (1 + lost)
    free = set(welcome(sound, wanted)) - {place for place, _ in chain}
    ordered = [int(p) for p in np.argsort(-helping) if helping[p] > 0 and int(p) in free]
    tries = [t for place in ordered[:CANDIDATES] for t in _with(sound, chain, place, effects)]
    if not tries:
        return chain, _moved(sound, chain)
    with torch.inference_mode():
        found = beside([partial(_moved, sound, each) for each in tries])
    return min(zip(tries, found, strict=True), key=lambda each: rank(each[1]))


def _with(sound: Probed, chain: Placed, place: int, effects: int) -> Sequence[Placed]:
    """The chain with one move more, in place of each other one where there is no room."""
    name = sound.possible[place].effect.name
    rest = [each for each in chain if sound.possible[each[0]].effect.name != name]
    if len(rest) < effects:
        return [[*rest, (place, amount)] for amount in AMOUNTS]
    return [[*rest[:i], *rest[i + 1 :], (place, PROBE)] for i in range(len(rest))]


def _moved(sound: Probed, chain: Placed) -> Vector:
    return sound.moved([sound.possible[place] for place, _ in chain], [a for _, a in chain])
