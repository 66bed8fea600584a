"""A sound of any length as a row of stretches, each described as one.

Windows are embedded as they stream by. Each speaks for the time around its own middle (its *cell*);
neighbouring cells whose likeliest terms agree are one segment.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice, pairwise
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from sonolume.media.audio import SILENT_RANGE
from sonolume.signal.windows import cut, repeat_to

AT_ONCE: Final = 8  # windows
Samples = NDArray[np.float32]


@dataclass(frozen=True)
class Cells:
    """A heard sound: `bounds` [W + 1] in seconds, `embeddings` [W, D], and which cells are silent.

    Embeddings of silent cells are there but mean nothing.
    """

    bounds: tuple[float, ...]
    embeddings: Tensor
    silent: tuple[bool, ...]

    @property
    def sounding(self) -> list[int]:
        """The cells in which something is heard."""
        return [cell for cell, silent in enumerate(self.silent) if not silent]


@dataclass(frozen=True)
class Run:
    """Cells `first` to `last`, inclusive, that belong together."""

    first: int
    last: int
    silent: bool


def hear(
    blocks: Iterable[Samples],
    embed: Callable[[Samples], Tensor],
    rate: int,
    window: float,
    hop: float,
    progress: Callable[[float], None] | None = None,
) -> Cells:
    """Embed a sound that comes in mono blocks [n] at `rate` Hz, in memory that stays flat.

    `embed` maps windows [W, window · rate] to [W, D]; `progress` is told the seconds that are done.
    Raises MediaError for an empty sound.
    """
    size, step = round(window * rate), round(hop * rate)
    counted = _Counted(blocks)
    stream = cut(counted, size, step)
    rows: list[Tensor] = []
    silent: list[bool] = []
    while batch := list(islice(stream, AT_ONCE)):
        rows.append(embed(np.stack([repeat_to(stretch, size) for stretch in batch])).cpu())
        silent += [float(np.ptp(stretch)) < SILENT_RANGE for stretch in batch]
        if progress is not None:
            progress(counted.samples / rate)
    bounds = _bounds(len(silent), size / rate, step / rate, counted.samples / rate)
    return Cells(bounds, torch.cat(rows), tuple(silent))


class _Counted:
    """Blocks on their way, and how many samples have passed."""

    def __init__(self, blocks: Iterable[Samples]) -> None:
        self.blocks, self.samples = blocks, 0

    def __iter__(self) -> Iterator[Samples]:
        for block in self.blocks:
            self.samples += len(block)
            yield block


def _bounds(count: int, window: float, hop: float, duration: float) -> tuple[float, ...]:
    """Cells end half way between the middles of their windows; the last window ends the sound."""
    starts = [hop * number for number in range(count - 1)]
    middles = [start + window / 2 for start in starts] + [duration - window / 2]
    inner = [(one + other) / 2 for one, other in pairwise(middles)]
    return (0.0, *inner, duration)


def smooth(chances: Tensor, silent: Sequence[bool]) -> Tensor:
    """Probabilities [W, N], each cell's mixed with its neighbours' ¼ : ½ : ¼; not over silence."""
    mixed = chances.clone()
    for run in runs([None] * len(silent), silent):
        if not run.silent:
            part = chances[run.first : run.last + 1]
            before, after = torch.cat([part[:1], part[:-1]]), torch.cat([part[1:], part[-1:]])
            mixed[run.first : run.last + 1] = before / 4 + part / 2 + after / 4
    return mixed


def runs(labels: Sequence[object], silent: Sequence[bool]) -> list[Run]:
    """Neighbouring cells with equal labels, or silent all of them, put together."""
    found: list[Run] = []
    for cell, (label, quiet) in enumerate(zip(labels, silent, strict=True)):
        last = found[-1] if found else None
        if last and last.silent == quiet and (quiet or labels[last.last] == label):
            found[-1] = Run(last.first, cell, quiet)
        else:
            found.append(Run(cell, cell, quiet))
    return found
