"""Stage `paint.refine`: the perceptual loss on what is painted, and levels that stay apart."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch import Tensor

from sonolume.errors import OptionError
from sonolume.hub import weights
from sonolume.training.context import Context
from sonolume.training.perceptual import PerceptualLoss
from sonolume.training.settings import from_table
from sonolume.training.stage import Figures
from sonolume.training.stages.paint_adapter import PaintAdapter, PaintSettings
from sonolume.training.stages.paint_denoise import COLD, level_overlap

LOOK_WEIGHT, OVERLAP_WEIGHT, LATE = 0.05, 0.01, 0.25


class PaintRefine(PaintAdapter):
    """What `paint.denoise` asks, plus perceptual loss (t > 0.25, half of the batch) plus level
    entropy."""

    name = "paint.refine"

    def __init__(
        self,
        data: Path,
        settings: PaintSettings,
        teachers: Path,
        models: Path = weights.FOLDER,
        start: Path | None = None,
        *,
        commercial: bool = False,
    ) -> None:
        super().__init__(data, settings, models, start, commercial=commercial)
        self.perceptual = PerceptualLoss(teachers)

    def loss(self, batch: dict[str, Tensor], step: int, progress: float) -> tuple[Tensor, Figures]:
        self.model.tokens.hierarchy.temperature.fill_(COLD)
        x, t, clean = self.predict(batch)
        flow, distil = self.losses(batch, x, t, clean)
        late = (batch["true"] & (t > LATE)).nonzero().flatten()[: self.settings.batch // 2]
        look = self.perceptual.to(clean.device)(clean[late], batch["pictures"][late])
        overlap = level_overlap(self.model.tokens.hierarchy.assignment())
        total = self.mixed(flow, distil) + LOOK_WEIGHT * look + OVERLAP_WEIGHT * overlap
        figures = {
            "flow": flow.detach(),
            "distil": distil.detach(),
            "look": look.detach(),
            "overlap": overlap.detach(),
            "gates": self.gates(),
        }
        return total, figures


def build(context: Context, table: Mapping[str, Any]) -> PaintRefine:
    """The stage with the settings of a recipe's table. Raises OptionError without teachers."""
    if context.teachers is None:
        raise OptionError("paint.refine needs --teachers FOLDER for its perceptual loss")
    return PaintRefine(
        context.data,
        from_table(PaintSettings, table, context.where),
        context.teachers,
        context.weights,
        context.start,
        commercial=context.commercial,
    )
