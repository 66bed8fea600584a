"""Stage `paint.denoise`: tokens and gated modules learn to paint on the frozen base.

Photos teach them, and so does the base itself: what it predicts of words that say all ("a beach in
a thunderstorm") is asked of some of the words ("a beach") with the sound.
"""

import math
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from sonolume.training.context import Context
from sonolume.training.settings import from_table
from sonolume.training.stage import Figures
from sonolume.training.stages.paint_adapter import PaintAdapter, PaintSettings

HOT, COLD = 2.0, 0.5


class PaintDenoise(PaintAdapter):
    """Flow matching and distillation; levels sharpen from temperature 2.0 to 0.5."""

    name = "paint.denoise"

    def loss(self, batch: dict[str, Tensor], step: int, progress: float) -> tuple[Tensor, Figures]:
        self.model.tokens.hierarchy.temperature.fill_(temperature(progress))
        flow, distil = self.losses(batch, *self.predict(batch))
        figures = {"flow": flow.detach(), "distil": distil.detach(), "gates": self.gates()}
        return self.mixed(flow, distil), figures


def temperature(progress: float) -> float:
    """Cosine fall from 2.0 to 0.5 over the run, after a first tenth at 2.0."""
    part = min(1.0, max(0.0, (progress - 0.1) / 0.9))
    return COLD + (HOT - COLD) * (1 + math.cos(math.pi * part)) / 2


def level_overlap(assignment: Tensor) -> Tensor:
    """0 when every token serves one level alone, 1 when all serve all alike: mean entropy."""
    entropy = -(assignment * assignment.clamp(min=1e-9).log()).sum(-1)
    return torch.clamp(entropy.mean() / math.log(assignment.shape[-1]), 0, 1)


def build(context: Context, table: Mapping[str, Any]) -> PaintDenoise:
    """The stage with the settings of a recipe's table."""
    settings = from_table(PaintSettings, table, context.where)
    return PaintDenoise(
        context.data, settings, context.weights, context.start, commercial=context.commercial
    )
