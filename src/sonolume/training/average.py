"""Exponential moving average of weights."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import Tensor


class WeightAverage:
    """fp32 average of trained parameters and running statistics; early steps count more."""

    def __init__(self, tracked: dict[str, Tensor], decay: float) -> None:
        self.decay = decay
        self.values = {k: p.detach().clone().float() for k, p in tracked.items()}
        self._tracked = tracked

    @torch.no_grad()
    def update(self, step: int) -> None:
        """Move towards the weights after optimiser step `step` (counted from 1)."""
        weight = 1 - min(self.decay, (1 + step) / (10 + step))
        torch._foreach_lerp_(
            list(self.values.values()), [p.detach().float() for p in self._tracked.values()], weight
        )

    @contextmanager
    def applied(self) -> Iterator[None]:
        """Within the block the model carries the average."""
        raw: dict[str, Tensor] = {k: p.detach().clone() for k, p in self._tracked.items()}
        self._fill(self.values)
        try:
            yield
        finally:
            self._fill(raw)

    @torch.no_grad()
    def _fill(self, values: dict[str, Tensor]) -> None:
        for key, tensor in self._tracked.items():
            tensor.copy_(values[key])
