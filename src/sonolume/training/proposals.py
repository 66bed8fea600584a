"""Settings that a controller proposes for pairs, beside the true ones."""

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from sonolume.data.restyle_table import Pairs
from sonolume.training.activity import active_rmse, fit_thresholds, gated, macro_f1

__all__ = ["Proposals", "proposals"]


@dataclass(frozen=True, eq=False)
class Proposals:
    """Shares [N, P] and activity [N, E] that are proposed (probabilities), and true."""

    shares: NDArray[np.float32]
    probabilities: NDArray[np.float32]
    truth: NDArray[np.float32]
    active: NDArray[np.bool_]
    owners: list[int]
    bypass: NDArray[np.float32]

    def figures(self, thresholds: NDArray[np.float32]) -> dict[str, float]:
        """`active_rmse` of gated shares, and `activity_f1`, macro."""
        on = self.probabilities > thresholds
        kept = gated(self.shares, on, self.owners, self.bypass)
        return {
            "active_rmse": active_rmse(kept, self.truth, self.active, self.owners),
            "activity_f1": macro_f1(on, self.active),
        }

    def fitted(self) -> NDArray[np.float32]:
        """Thresholds [E] that suit these rows: not to be told of the same ones."""
        return fit_thresholds(
            self.probabilities, self.shares, self.truth, self.active, self.owners, self.bypass
        )


@torch.no_grad()
def proposals(
    model: nn.Module, pairs: Pairs, rows: NDArray[np.int64], inputs: tuple[Tensor, ...]
) -> Proposals:
    """What a controller of `models.effect_controller` says of rows [N], given its inputs."""
    model.eval()
    device = next(model.parameters()).device
    shares, logits = model(*(each.to(device) for each in inputs))
    return Proposals(
        shares.float().cpu().numpy(),
        torch.sigmoid(logits.float()).cpu().numpy(),
        pairs.shares[rows].numpy(),
        pairs.active[rows].numpy(),
        pairs.palette.owners,
        pairs.palette.bypass,
    )
