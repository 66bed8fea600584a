"""Restyle's pairs at the full time resolution of the front end: their sounds, rendered again."""

from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from sonolume.data.restyle_pairs import changed
from sonolume.data.restyle_sounds import read_stretches
from sonolume.data.restyle_table import Pairs
from sonolume.errors import DataError
from sonolume.signal.mel import LogMel

__all__ = ["RenderedPairs"]

CLOSE: Final = 0.02  # of log-mels, what half precision leaves


class RenderedPairs:
    """Log-mels before and after, a frame every 10 ms, of the rows whose settings are known.

    Args:
        pairs: of which rows are asked.
        data: the folder of sounds that they were made of.
        rows: those that will be asked for; other sounds are not kept.
        commercial: as they were made.

    Raises DataError where the folder holds other sounds.
    """

    def __init__(
        self, pairs: Pairs, data: Path, rows: NDArray[np.int64], *, commercial: bool = False
    ) -> None:
        self.pairs, self.front = pairs, LogMel()
        samples = read_stretches(data, commercial=commercial).samples
        used = np.unique(pairs.stretch.numpy()[rows])
        if used[-1] >= len(samples) or not self._same(samples, int(used[0])):
            raise DataError(f"{data}: other sounds than those that the pairs were made of")
        self._places = {int(place): at for at, place in enumerate(used)}
        self._kept = torch.from_numpy(samples[used]).half()

    @property
    def frames(self) -> int:
        """Of each log-mel."""
        return int(self.front(self._kept[:1].float()).shape[-1])

    def __call__(self, rows: NDArray[np.int64]) -> tuple[Tensor, Tensor]:
        """[B, 64, T] each."""
        stretches = self.pairs.stretch.numpy()[rows]
        before = self._kept[[self._places[int(at)] for at in stretches]].float()
        after = torch.cat(
            [self._after(b[None, None], r) for b, r in zip(before, rows, strict=True)]
        )
        return self.front(before), self.front(after[:, 0])

    def _after(self, before: Tensor, row: Any) -> Tensor:
        order = [item for item in self.pairs.order[row].tolist() if item >= 0]
        made = changed(before, self.pairs.palette, order, self.pairs.shares[row : row + 1])
        return made.clone()

    def _same(self, samples: NDArray[np.float32], place: int) -> bool:
        mel = self.front(torch.from_numpy(samples[place : place + 1]))
        kept = self.pairs.before_mels[place].float()
        pooled = F.avg_pool1d(mel, 2)[0]
        return pooled.shape == kept.shape and float((pooled - kept).abs().mean()) < CLOSE
