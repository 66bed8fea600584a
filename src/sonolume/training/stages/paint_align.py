"""Stage `paint.align`: audio tokens learn to say what words say.

The mean audio token of a sound lies at the word summary of what the sound shows (InfoNCE), as in
the first stage of CLAP2Diffusion. Its tokens equal those of the concept's name, said over and over
until all 77 are spoken for: attention that was trained on words then reads the name in them. The
base is not needed.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from sonolume.data.concepts import concept, phrases
from sonolume.models.audio_tokens import TOKENS
from sonolume.models.words import masked_mean, token_mask
from sonolume.training.context import Context
from sonolume.training.reading import read_words
from sonolume.training.settings import from_table
from sonolume.training.stage import Figures
from sonolume.training.stages.paint_adapter import PaintAdapter, PaintSettings

TEMPERATURE = 0.07
APART = 0.2  # weight of InfoNCE: equal tokens have equal means, so it only keeps names apart


class PaintAlign(PaintAdapter):
    """See the module's docstring."""

    name = "paint.align"

    def batch(self, rng: np.random.Generator) -> dict[str, Tensor]:
        count = min(4 * self.settings.batch, len(self.clip_concepts))
        rows = rng.choice(len(self.clip_concepts), count, replace=False)
        slugs = [self.clip_concepts[row] for row in rows]
        texts = [str(rng.choice([concept(slug).name, *phrases(slug)])) for slug in slugs]
        names = [concept(slug).name for slug in slugs]
        words, named = (
            self.joint.tokenizer.encode(told, self.settings.longest) for told in (texts, names)
        )
        heard = self.sounds[rows, rng.integers(self.settings.crops, size=len(rows))]
        order = {slug: number for number, slug in enumerate(sorted(set(slugs)))}
        return {
            "heard": heard,
            "words": words,
            "named": named,
            "slugs": torch.tensor([order[slug] for slug in slugs]),
        }

    def loss(self, batch: dict[str, Tensor], step: int, progress: float) -> tuple[Tensor, Figures]:
        summary = masked_mean(read_words(self.joint.words, batch["words"]))
        tokens = self.model.tokens.tokens(batch["heard"]).float()
        spoken = tokens.mean(1)
        logits = F.normalize(spoken, dim=-1) @ F.normalize(summary, dim=-1).T / TEMPERATURE
        same = (batch["slugs"][:, None] == batch["slugs"]).float()
        nce = F.cross_entropy(logits, same / same.sum(1, keepdim=True))
        name = repeated(read_words(self.joint.words, batch["named"]))
        equal = F.mse_loss(tokens / self.model.tokens.config.loudness, name)
        return APART * nce + equal, {"nce": nce.detach(), "equal": equal.detach()}


def repeated(states: Tensor) -> Tensor:
    """Token states [B, L, D] without their padding, from the first again until there are 77."""
    lengths = token_mask(states).sum(1, keepdim=True).clamp(min=1)
    rows = torch.arange(TOKENS, device=states.device) % lengths
    return states.gather(1, rows[..., None].expand(-1, -1, states.shape[-1]))


def build(context: Context, table: Mapping[str, Any]) -> PaintAlign:
    """The stage with the settings of a recipe's table."""
    settings = from_table(PaintSettings, table, context.where)
    return PaintAlign(
        context.data, settings, context.weights, context.start, commercial=context.commercial
    )
