"""What the loop needs of a stage."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from torch import Tensor, nn

Batch = Any
Figures = Mapping[str, float | Tensor]
"""Single numbers by name. Tensors are read only when they are logged: reading one waits for the
device."""


class Stage(Protocol):
    """One thing to train.

    `model` holds what is trained: the loop optimises and saves those of its parameters that
    require a gradient. A batch is a function of a random generator alone, and the loop makes one
    generator for every step: that is what makes a resumed run equal to an uninterrupted one, and
    lets other processes draw batches ahead. What is heavy belongs into `loss`, on the device.
    """

    name: str
    model: nn.Module

    def batch(self, rng: np.random.Generator) -> Batch:
        """Draw one batch (nested tuples or dicts of CPU tensors)."""
        ...

    def loss(self, batch: Batch, step: int, progress: float) -> tuple[Tensor, Figures]:
        """The loss to minimise and figures to log. `progress` runs 0..1."""
        ...

    def validate(self, folder: Path) -> dict[str, float]:
        """Figures on validation data with the weights as they stand; pictures go to `folder`."""
        ...

    def export(self, folder: Path) -> None:
        """Write the weights as a package of the hub (called with the averaged weights)."""
        ...
