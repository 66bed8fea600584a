"""Excerpts that stand for a sound, and what effects do to them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from sonolume.diffusion.workers import beside
from sonolume.pipelines.restyle.chains.moves import Move, chain_of, moves
from sonolume.pipelines.restyle.contract import slacks
from sonolume.signal.cues import CUES, measure_cues
from sonolume.signal.kept import compare
from sonolume.signal.rack import Chain, process
from sonolume.signal.structure import Structure, structure

__all__ = ["PROBE", "SPARE", "STYLE", "Probed", "Vector", "heard", "probe"]

STYLE: Final = tuple(name for name in CUES if name != "loudness")  # a gain sets the loudness
SPARE: Final = 0.05  # between what is held and what is sought
PROBE: Final = 0.35  # amount at which a move is tried

Vector = NDArray[np.float64]


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
        tries = [partial(self.moved, [move], [PROBE]) for move in self.possible]
        with torch.inference_mode():
            return np.stack(beside(tries)) / PROBE

    def moved(self, chosen: Sequence[Move], amounts: Sequence[float]) -> Vector:
        """Steps by which the chain moves each cue of `STYLE`, then what it loses of structure, of
        which more than `SPARE` is too much."""
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


def heard(sound: Probed, chain: Chain) -> dict[str, float]:
    """Steps by which a chain moves each cue of the excerpts."""
    with torch.inference_mode():
        after = measure_cues(process(sound.samples, chain, sound.rate), sound.rate)
    return {n: float((after[n] - sound.before[n]).mean()) / cue.step for n, cue in CUES.items()}
