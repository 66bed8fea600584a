"""Batches of restyle's pairs."""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from sonolume.data.restyle_table import Pairs
from sonolume.errors import DataError, OptionError
from sonolume.signal.cues import CUES

__all__ = ["check_pairs", "cue_steps", "mels_of", "settings_groups"]

_STEPS = torch.tensor([cue.step for cue in CUES.values()])


def check_pairs(pairs: Pairs, palette: str, *, commercial: bool) -> None:
    """Raise OptionError for pairs of another palette, or of other terms than the run's."""
    if pairs.palette.name != palette:
        raise OptionError(
            f"the pairs are of the palette {pairs.palette.name}, the recipe asks for {palette}"
        )
    if commercial and not pairs.commercial:
        raise OptionError("the pairs were made of sounds for non-commercial use too; make others")


def settings_groups(pairs: Pairs, part: str) -> NDArray[np.int64]:
    """Rows [G, 2] of a part that share their settings on two sounds.

    Raises DataError where there are fewer than two.
    """
    rows = pairs.of(part)
    order = rows[np.argsort(pairs.settings.numpy()[rows], kind="stable")]
    numbers = pairs.settings.numpy()[order]
    first = np.flatnonzero(numbers[:-1] == numbers[1:])
    if len(first) < 2:
        raise DataError(f"the part {part} of the pairs has fewer than two settings used twice")
    groups: NDArray[np.int64] = np.stack([order[first], order[first + 1]], 1)
    return groups


def mels_of(pairs: Pairs, rows: Sequence[int] | NDArray[np.int64]) -> tuple[Tensor, Tensor]:
    """Log-mels before and after, fp16 [B, 64, T] each."""
    chosen = torch.as_tensor(np.asarray(rows))
    return pairs.before_mels[pairs.stretch[chosen]], pairs.mels[chosen]


def cue_steps(cues: Tensor) -> Tensor:
    """Cues [B, 10] in their units → in just clear steps."""
    return cues / _STEPS.to(cues.device)
