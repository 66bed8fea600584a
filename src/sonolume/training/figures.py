"""Figures that several stages report."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn


def macro_top1(guesses: NDArray[np.int64], truth: NDArray[np.int64]) -> float:
    """Share of right guesses, averaged over the classes that occur in `truth` [N ≥ 1]."""
    right = guesses == truth
    return float(np.mean([right[truth == label].mean() for label in np.unique(truth)]))


def nearest(
    tower: nn.Module, inputs: Tensor, anchors: Tensor, among: list[int], part: int = 32
) -> NDArray[np.int64]:
    """Rows of `anchors` [K, 512], out of `among`, that lie nearest to inputs [N, ...] → [N].

    The inputs go through the tower in parts of `part`.
    """
    device = next(tower.parameters()).device
    places = torch.cat([tower(some.to(device)).cpu() for some in _parts(inputs, part)])
    best = (places @ anchors.cpu()[among].T).argmax(1)
    guesses: NDArray[np.int64] = np.array(among)[best.numpy()]
    return guesses


def _parts(inputs: Tensor, size: int) -> list[Tensor]:
    return [inputs[start : start + size] for start in range(0, len(inputs), size)]
