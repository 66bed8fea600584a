"""What is measured of each head of a pair: the facts that its token tells, and how much moved."""

from typing import Final

import torch
from torch import Tensor

from sonolume.correspondence.heads import HEADS, cues_of
from sonolume.signal.cues import CUES

__all__ = ["COUNTS", "facts_of", "moved_of"]

# Of `lost`: level, rhythm and pitches; each belongs to a head of structure.
_LOST: Final = {"energy": 0, "rhythm": 1, "harmony": 2}
CLEAR: Final = 0.1  # of a correlation lost: what `restyle` no longer takes for the same
LARGE: Final = 3.0  # steps that are a large change: the most that pictures ask for

COUNTS: Final = tuple(len(cues_of(head)) + (head in _LOST) for head in HEADS)
"""Facts of each head, in the order of `HEADS`."""


def facts_of(steps: Tensor, lost: Tensor) -> Tensor:
    """Changes of cues in steps [B, 10] and of structure [B, 3] → [B, 13], head by head.

    Structure in steps, too. Changes beyond ten steps hardly grow any more.
    """
    places = {name: place for place, name in enumerate(CUES)}
    columns = []
    for head in HEADS:
        columns += [steps[:, places[cue]] for cue in cues_of(head)]
        if head in _LOST:
            columns.append(lost[:, _LOST[head]] / CLEAR)
    return 10 * torch.tanh(torch.stack(columns, 1) / 10)


def moved_of(facts: Tensor) -> Tensor:
    """How much each head moved, 0..1, from facts [B, 13]: [B, 6].

    tanh of their root mean square over three steps, so that one step is about a third.
    """
    parts = torch.split(facts, list(COUNTS), 1)
    sizes = [part.square().mean(1).sqrt() for part in parts]
    return torch.tanh(torch.stack(sizes, 1) / LARGE)
