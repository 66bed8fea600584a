"""Changes of pictures under known edits, and what the rules ask of a sound for each."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import torch
from torch import Tensor

from sonolume.correspondence.delta import delta
from sonolume.correspondence.descriptors import DESCRIPTORS
from sonolume.correspondence.edits import EDITS, edit
from sonolume.correspondence.hard_prior import hard_targets
from sonolume.correspondence.rules import read_rules
from sonolume.data.licences import COMMERCIAL
from sonolume.data.shards import read_photos
from sonolume.errors import DataError
from sonolume.media import Picture
from sonolume.signal.cues import CUES

__all__ = ["EditDeltas", "read_edit_deltas"]

STRENGTHS: Final = (0.4, 0.9)
MOST: Final = 6.0  # steps; a descriptor that leaps further says no more


@dataclass(frozen=True, eq=False)
class EditDeltas:
    """Just clear steps: `steps` [N, 14] of descriptors and `targets` [N, 10] of the rules."""

    steps: Tensor
    targets: Tensor

    def nearest(self, wanted: Tensor, count: int) -> Tensor:
        """The edits [R, count] whose targets point most nearly where `wanted` [R, 10] does."""
        unit = torch.nn.functional.normalize
        likeness = unit(wanted, dim=1) @ unit(self.targets, dim=1).T
        return likeness.topk(min(count, len(self.targets)), dim=1).indices


def read_edit_deltas(data: Path, photos: int, *, commercial: bool = False) -> EditDeltas:
    """Every edit at two strengths of the first photos of the training split.

    Raises DataError where there are no such photos.
    """
    rules = tuple(read_rules())
    steps, targets = [], []
    wanted = COMMERCIAL if commercial else None
    for number, photo in enumerate(read_photos(data, "train", licences=wanted)):
        if number == photos:
            break
        before = Picture(photo.pixels)
        for kind in EDITS:
            for strength in STRENGTHS:
                after = edit(before, kind, strength, seed=number)
                change = delta(before, after, with_maps=False)
                asked = hard_targets(change, rules)
                steps.append([change.steps[name] for name in DESCRIPTORS])
                targets.append([asked[name].value for name in CUES])
    if not steps:
        raise DataError(f"{data}: no photos of the split train whose licence is wanted")
    clipped = np.clip(np.array(steps, np.float32), -MOST, MOST)
    return EditDeltas(torch.from_numpy(clipped), torch.tensor(targets))
