"""Stage `restyle.heads`: the style encoder, on pairs of known settings and, if there are, remixes.

A head's token tells its cues' changes linearly, and all tokens together which settings made them;
equal settings on different sounds have equal tokens (InfoNCE, van den Oord et al. 2018). Gains
follow how far the head moved. A sound beside itself has no change and no gain.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from sonolume.data.restyle_table import Pairs, read_pairs
from sonolume.hub import weights
from sonolume.models.style_heads import StyleHeads, StyleHeadsConfig
from sonolume.signal.mel import N_MELS
from sonolume.training.activity import active_rmse, gated, macro_f1
from sonolume.training.context import Context
from sonolume.training.controller_losses import activity_loss, owned, settings_loss
from sonolume.training.pair_batches import check_pairs, mels_of, settings_groups
from sonolume.training.restyle_inputs import encode
from sonolume.training.settings import from_table
from sonolume.training.start import start_from
from sonolume.training.style_facts import facts_of, moved_of

NAME = "restyle-heads"
UNVARIED = 1e-6  # squared steps
HELD = 1024  # rows that are validated, at most


@dataclass(frozen=True)
class HeadsSettings:
    """Batch and loss weights.

    `settings` are drawn for a batch, each on two sounds; `same` rows more are a sound beside
    itself, `remixes` rows more are pairs whose settings nobody knows. `colour` is the deviation, in
    nats of a band's power, of a smooth equaliser that both sounds of a row go through.
    """

    palette: str = "moves"
    settings: int = 20
    same: int = 4
    remixes: int = 0
    colour: float = 0.5
    temperature: float = 0.1
    facts_weight: float = 1.0
    contrast_weight: float = 0.1
    gains_weight: float = 2.0
    settings_weight: float = 1.0
    activity_weight: float = 0.6
    network: StyleHeadsConfig = field(default_factory=StyleHeadsConfig)


class _Trained(nn.Module):
    """The encoder, and a reader of settings that is not kept."""

    def __init__(self, heads: StyleHeads, items: int, controls: int) -> None:
        super().__init__()
        self.heads = heads
        entering = heads.tokens.out_features
        self.shares = nn.Linear(entering, controls)
        self.activity = nn.Linear(entering, items)


class RestyleHeads:
    """See the module's docstring."""

    name = "restyle.heads"

    def __init__(
        self,
        pairs: Pairs,
        settings: HeadsSettings,
        start: Path | None = None,
        *,
        commercial: bool = False,
    ) -> None:
        check_pairs(pairs, settings.palette, commercial=commercial)
        self.pairs, self.settings, self.commercial = pairs, settings, commercial
        heads = StyleHeads(settings.network)
        start_from(heads, NAME, start, commercial=commercial)
        palette = pairs.palette
        self.owners = palette.owners
        self.model = _Trained(heads, len(palette.items), len(palette.bypass))
        self.groups = settings_groups(pairs, "train")
        self.facts = facts_of(pairs.steps, pairs.lost)
        train = pairs.rows["train"]
        self.remixed = train[~pairs.known.numpy()[train]]

    def batch(self, rng: np.random.Generator) -> dict[str, Tensor]:
        s = self.settings
        drawn = self.groups[rng.choice(len(self.groups), s.settings)].T.flatten()
        others = rng.choice(self.remixed, s.remixes if len(self.remixed) else 0)
        rows = np.concatenate([drawn, others])
        before, after = mels_of(self.pairs, rows)
        places = rng.integers(len(self.pairs.before_mels), size=s.same)
        still = self.pairs.before_mels[torch.from_numpy(places)]
        before, after = torch.cat([before, still]), torch.cat([after, still])
        coloured = s.colour * _smooth(rng, len(before))
        return {
            "before": before + coloured,
            "after": after + coloured,
            "facts": F.pad(self.facts[rows], (0, 0, 0, s.same)),
            "numbers": self.pairs.settings[drawn],
            "shares": self.pairs.shares[drawn],
            "active": self.pairs.active[drawn],
        }

    def loss(
        self, batch: dict[str, Tensor], step: int, progress: float
    ) -> tuple[Tensor, dict[str, float]]:
        s, heads = self.settings, self.model.heads
        tokens, gains = heads(batch["before"], batch["after"])
        known = tokens[: len(batch["shares"])]
        shares, logits = self._read(known)
        counted = owned(batch["active"], self.owners)
        terms = {
            "facts": F.smooth_l1_loss(heads.facts(tokens).float(), batch["facts"], beta=0.5),
            "contrast": contrast(known.flatten(1).float(), batch["numbers"], s.temperature),
            "gains": F.mse_loss(gains.float(), moved_of(batch["facts"])),
            "settings": settings_loss(
                shares.float(), batch["shares"], counted, torch.ones_like(shares[0]), beta=0.2
            ),
            "activity": activity_loss(logits.float(), batch["active"]),
        }
        loss = sum(getattr(s, f"{name}_weight") * term for name, term in terms.items())
        return torch.as_tensor(loss), {k: float(v.detach()) for k, v in terms.items()}

    def validate(self, folder: Path) -> dict[str, float]:
        """On held rows: what tokens explain of the variance of facts (mean over those that vary;
        mono has no width), the error of gains, gains of sounds beside themselves, and the settings
        as the reader tells them."""
        rows = self.pairs.of("held")[:HELD]
        tokens, gains = encode(self.model.heads, self.pairs, rows)
        facts, device = self.facts[rows], self.model.heads.mean.device
        told = self.model.heads.facts(tokens.to(device)).cpu()
        varied = facts.var(0) > UNVARIED
        left = (told - facts).square().mean(0)[varied] / facts.var(0)[varied]
        shares, logits = (each.float().cpu() for each in self._read(tokens.to(device)))
        on = (logits > 0).numpy()
        active, truth = self.pairs.active[rows].numpy(), self.pairs.shares[rows].numpy()
        kept = gated(shares.numpy(), on, self.owners, self.pairs.palette.bypass)
        still = self.pairs.before_mels[self.pairs.stretch[rows[:64]]].to(device)
        return {
            "explained": float(1 - left.mean()),
            "gains_error": float((gains - moved_of(facts)).square().mean().sqrt()),
            "still_gains": float(self.model.heads(still, still)[1].max()),
            "active_rmse": active_rmse(kept, truth, active, self.owners),
            "activity_f1": macro_f1(on, active),
        }

    def _read(self, tokens: Tensor) -> tuple[Tensor, Tensor]:
        flat = tokens.flatten(1)
        return torch.sigmoid(self.model.shares(flat)), self.model.activity(flat)

    def export(self, folder: Path) -> None:
        heads = self.model.heads
        rows = self.groups.flatten()
        tokens, _ = encode(heads, self.pairs, rows[:: 1 + len(rows) // 4096])
        heads.mean.copy_(tokens.mean(0))
        heads.deviation.copy_(tokens.std(0))
        folder.mkdir(parents=True, exist_ok=True)
        facts = {
            "config": asdict(self.settings.network),
            "palette": self.settings.palette,
            "commercial": self.commercial,
        }
        weights.save(NAME, heads.state_dict(), facts, folder)


def _smooth(rng: np.random.Generator, count: int) -> Tensor:
    """Curves over the bands [count, 64, 1] of deviation 1: eight points and straight lines."""
    points = torch.from_numpy(rng.standard_normal((count, 1, 8), np.float32))
    return F.interpolate(points, N_MELS, mode="linear", align_corners=True).transpose(1, 2)


def contrast(tokens: Tensor, numbers: Tensor, temperature: float) -> Tensor:
    """InfoNCE of tokens [B, D]: rows of one number [B] are alike, others are not."""
    unit = F.normalize(tokens, dim=1)
    logits = unit @ unit.T / temperature
    itself = torch.eye(len(unit), dtype=torch.bool, device=unit.device)
    alike = (numbers[:, None] == numbers) & ~itself
    shares = logits.masked_fill(itself, -torch.inf).log_softmax(1)
    told = shares.masked_fill(~alike, 0.0).sum(1) / alike.sum(1).clamp(min=1)
    return -told[alike.any(1)].mean()


def build(context: Context, table: Mapping[str, Any]) -> RestyleHeads:
    """The stage with the settings of a recipe's table."""
    return RestyleHeads(
        read_pairs(context.aids),
        from_table(HeadsSettings, table, context.where),
        context.start,
        commercial=context.commercial,
    )
