"""Batches of a stage in the order of its steps, drawn by other processes where these are given."""

import signal
from collections.abc import Iterator
from typing import Final

import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset

from sonolume.training.stage import Batch, Stage

__all__ = ["batches"]

ENDLESS: Final = 2**62
AHEAD: Final = 4  # batches that a worker keeps ready


def batches(stage: Stage, seed: int, first: int, workers: int) -> Iterator[tuple[int, Batch]]:
    """A seed for torch and the batch of each of the steps `first`, `first` + 1, ...

    They are the same for any number of workers, and for a run that was cut short and goes on.
    Workers are copies of this process, so they are started when the first batch is asked for and
    must leave the device alone.
    """
    drawn = _Drawn(stage, seed)
    if workers == 0:
        return (drawn[step] for step in range(first, ENDLESS))
    return iter(
        DataLoader(
            drawn,
            batch_size=None,
            sampler=range(first, ENDLESS),
            num_workers=workers,
            prefetch_factor=AHEAD,
            pin_memory=torch.cuda.is_available(),
            multiprocessing_context="fork",
            worker_init_fn=_leave_signals,
        )
    )


def _leave_signals(_: int) -> None:
    """A signal to the whole group is for the run alone: it ends its workers itself."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)


class _Drawn(Dataset[tuple[int, Batch]]):
    """Step → its seed and batch."""

    def __init__(self, stage: Stage, seed: int) -> None:
        self.stage, self.seed = stage, seed

    def __getitem__(self, step: int) -> tuple[int, Batch]:
        rng = np.random.default_rng([self.seed, step])
        draw = int(rng.integers(2**62))
        torch.manual_seed(draw)
        return draw, self.stage.batch(rng)
