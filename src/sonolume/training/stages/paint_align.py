"""Stage `paint.align`: audio tokens learn to say what words say.

The mean audio token of a sound lies at the word summary of what the sound shows (InfoNCE), and
equals it (squared error), as in the first stage of CLAP2Diffusion; the base is not needed.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from sonolume.data.concepts import concept, phrases
from sonolume.models.words import masked_mean
from sonolume.training.context import Context
from sonolume.training.reading import read_words
from sonolume.training.settings import from_table
from sonolume.training.stage import Figures
from sonolume.training.stages.paint_adapter import PaintAdapter, PaintSettings

TEMPERATURE = 0.07


class PaintAlign(PaintAdapter):
    """See the module's docstring."""

    name = "paint.align"

    def batch(self, rng: np.random.Generator) -> dict[str, Tensor]:
        count = min(4 * self.settings.batch, len(self.clip_concepts))
        rows = rng.choice(len(self.clip_concepts), count, replace=False)
        slugs = [self.clip_concepts[row] for row in rows]
        texts = [str(rng.choice([concept(slug).name, *phrases(slug)])) for slug in slugs]
        words = self.joint.tokenizer.encode(texts, self.settings.longest)
        heard = self.sounds[rows, rng.integers(self.settings.crops, size=len(rows))]
        order = {slug: number for number, slug in enumerate(sorted(set(slugs)))}
        return {
            "heard": heard,
            "words": words,
            "slugs": torch.tensor([order[slug] for slug in slugs]),
        }

    def loss(self, batch: dict[str, Tensor], step: int, progress: float) -> tuple[Tensor, Figures]:
        summary = masked_mean(read_words(self.joint.words, batch["words"]))
        spoken = self.model.tokens.tokens(batch["heard"]).float().mean(1)
        logits = F.normalize(spoken, dim=-1) @ F.normalize(summary, dim=-1).T / TEMPERATURE
        same = (batch["slugs"][:, None] == batch["slugs"]).float()
        nce = F.cross_entropy(logits, same / same.sum(1, keepdim=True))
        equal = F.mse_loss(spoken, summary)
        return nce + equal, {"nce": nce.detach(), "equal": equal.detach()}


def build(context: Context, table: Mapping[str, Any]) -> PaintAlign:
    """The stage with the settings of a recipe's table."""
    settings = from_table(PaintSettings, table, context.where)
    return PaintAlign(
        context.data, settings, context.weights, context.start, commercial=context.commercial
    )
