"""Stage `restyle.map`: from a picture's change to the heads of a sound's, without listening data.

Pairs of sounds stand for what the priors would ask: their measured changes of cues, with noise and
gaps, are the targets, and what the style encoder hears in them is what the map should say. The
picture of each is an edit for which the rules ask nearly the same.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from sonolume.data.restyle_table import Pairs, read_pairs
from sonolume.hub import weights
from sonolume.hub.style import HEADS, MAP, load_heads
from sonolume.models.style_map import StyleMap, StyleMapConfig
from sonolume.training.context import Context
from sonolume.training.edit_deltas import EditDeltas, read_edit_deltas
from sonolume.training.map_losses import (
    identity_loss,
    manifold_loss,
    monotonic_loss,
    pseudo_loss,
)
from sonolume.training.pair_batches import check_pairs
from sonolume.training.restyle_inputs import as_targets, encode, mapped
from sonolume.training.settings import from_table
from sonolume.training.start import check_terms, start_from
from sonolume.training.style_facts import facts_of, moved_of

SAME = 16  # rows of a picture that did not change
NEAREST = 8  # edits that may stand for a pair


@dataclass(frozen=True)
class MapSettings:
    """Batch, noise of targets in steps, chances of what is left out, and loss weights."""

    palette: str = "moves"
    batch: int = 128
    photos: int = 12
    noise: float = 0.15
    drop_cue: float = 0.15
    drop_picture: float = 0.5
    drop_soft: float = 0.5
    pseudo_weight: float = 0.3
    manifold_weight: float = 0.4
    identity_weight: float = 0.2
    monotonic_weight: float = 0.1
    network: StyleMapConfig = field(default_factory=StyleMapConfig)


class RestyleMap:
    """See the module's docstring."""

    name = "restyle.map"

    def __init__(
        self,
        pairs: Pairs,
        deltas: EditDeltas,
        settings: MapSettings,
        models: Path,
        start: Path | None = None,
        *,
        commercial: bool = False,
    ) -> None:
        check_pairs(pairs, settings.palette, commercial=commercial)
        check_terms(HEADS, models, commercial=commercial)
        heads = load_heads(models)
        self.pairs, self.deltas, self.settings = pairs, deltas, settings
        self.commercial = commercial
        self.model = StyleMap(settings.network)
        start_from(self.model, MAP, start, commercial=commercial)
        self.model.mean.copy_(heads.mean)
        self.model.deviation.copy_(heads.deviation)
        self.train, self.held = pairs.rows["train"], pairs.of("held")
        rows = np.concatenate([self.train, self.held])
        tokens, _ = encode(heads, pairs, rows)
        self.tokens = torch.zeros(len(pairs.stretch), *tokens.shape[1:])
        self.tokens[rows] = tokens
        self.moved = moved_of(facts_of(pairs.steps, pairs.lost))
        self.near = deltas.nearest(as_targets(pairs.steps[self.train]), NEAREST)

    def batch(self, rng: np.random.Generator) -> dict[str, Tensor]:
        s = self.settings
        places = rng.integers(len(self.train), size=s.batch)
        rows = self.train[places]
        wanted = as_targets(self.pairs.steps[rows])
        noise = torch.from_numpy(rng.normal(0, s.noise, (2, *wanted.shape))).float()
        kept = torch.from_numpy(rng.random(wanted.shape) >= s.drop_cue)
        share = torch.from_numpy(rng.uniform(0, 1, (s.batch, 1))).float()
        soft = share * (wanted + noise[1]) * _kept(rng, s.batch, s.drop_soft)
        edits = self.near[places, rng.integers(self.near.shape[1], size=s.batch)]
        seen = self.deltas.steps[edits] * _kept(rng, s.batch, s.drop_picture)
        return {
            "seen": seen,
            "hard": (wanted + noise[0]) * kept,
            "soft": soft * kept,
            "tokens": self.tokens[rows],
            "moved": self.moved[rows],
            "factor": torch.from_numpy(rng.uniform(0.1, 0.9, (s.batch, 1))).float(),
        }

    def loss(
        self, batch: dict[str, Tensor], step: int, progress: float
    ) -> tuple[Tensor, dict[str, float]]:
        s, model = self.settings, self.model
        asked = [batch[name] for name in ("seen", "hard", "soft")]
        tokens, gains = (each.float() for each in model(*asked))
        less = model(*(batch["factor"] * each for each in asked))[1]
        still = model(*(torch.zeros_like(each[:SAME]) for each in asked))[1]
        # In the encoder's own deviations, so that every head counts alike.
        scale = model.deviation.clamp(min=1e-4)
        terms = {
            "pseudo": pseudo_loss(tokens / scale, gains, batch["tokens"] / scale, batch["moved"]),
            "manifold": manifold_loss(tokens, model.mean, scale),
            "identity": identity_loss(still),
            "monotonic": monotonic_loss(less, gains),
        }
        loss = sum(getattr(s, f"{name}_weight") * term for name, term in terms.items())
        return torch.as_tensor(loss), {k: float(v.detach()) for k, v in terms.items()}

    def validate(self, folder: Path) -> dict[str, float]:
        """On held rows and their changes of cues alone: what the map explains of the variance of
        tokens, the error of its gains, and how often a gain falls where twice as much is asked."""
        rows, device = self.held, self.model.mean.device
        steps = self.pairs.steps[rows].to(device)
        tokens, gains = (each.cpu() for each in mapped(self.model, steps))
        less = mapped(self.model, steps / 2)[1].cpu()
        true = self.tokens[rows]
        left = (tokens - true).square().mean((0, 2)) / true.var(0).mean(-1)
        return {
            "explained": float(1 - left.mean()),
            "gains_error": float((gains - self.moved[rows]).square().mean().sqrt()),
            "falling": float((less > gains + 1e-3).float().mean()),
        }

    def export(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        facts = {
            "config": asdict(self.settings.network),
            "palette": self.settings.palette,
            "commercial": self.commercial,
        }
        weights.save(MAP, self.model.state_dict(), facts, folder)


def _kept(rng: np.random.Generator, count: int, dropped: float) -> Tensor:
    return torch.from_numpy(rng.random((count, 1)) >= dropped)


def build(context: Context, table: Mapping[str, Any]) -> RestyleMap:
    """The stage with the settings of a recipe's table."""
    settings = from_table(MapSettings, table, context.where)
    pairs = read_pairs(context.aids)
    deltas = read_edit_deltas(context.data, settings.photos, commercial=context.commercial)
    return RestyleMap(
        pairs, deltas, settings, context.weights, context.start, commercial=context.commercial
    )
