"""Stages `restyle.controller` and `restyle.baseline`: which effects, and how far each.

Both learn from the same pairs by the same losses: settings of active effects and which are active.
The controller reads heads and gains, of the style encoder or, for a share of the rows, of the map,
which knows the changes of cues alone. The baseline is the published design: 24 style words, which
label the pair by the joint space, and one embedding of the sound.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from sonolume.data.restyle_table import Pairs, read_pairs
from sonolume.hub import weights
from sonolume.hub.joint import load_joint
from sonolume.hub.style import BASELINE, CONTROLLER, HEADS, MAP, load_heads, load_map
from sonolume.models.effect_controller import (
    EffectController,
    EffectControllerConfig,
    StyleController,
    StyleControllerConfig,
)
from sonolume.training.context import Context
from sonolume.training.controller_losses import activity_loss, owned, settings_loss
from sonolume.training.pair_batches import check_pairs
from sonolume.training.proposals import Proposals, proposals
from sonolume.training.restyle_inputs import encode, mapped, style_shares, whole
from sonolume.training.settings import from_table
from sonolume.training.start import check_terms, start_from

# What an error in each effect's controls counted in the published controller.
PUBLISHED_WEIGHTS: Final = {
    "delay": 3.0, "crush": 2.5, "low-pass": 2.0, "high-pass": 2.0, "reverb": 1.5, "tilt": 1.5,
    "saturation": 1.0,
}  # fmt: skip


@dataclass(frozen=True)
class ControllerSettings:
    """Batch, losses and network.

    `mapped` is the share of rows whose heads come through the map; `noise` the deviation of noise
    in heads of the encoder, in their own deviations. `beta` is where the loss of settings turns
    from a square into a line.
    """

    palette: str = "moves"
    batch: int = 256
    mapped: float = 0.3
    noise: float = 0.6
    beta: float = 0.2
    activity_weight: float = 0.6
    network: EffectControllerConfig = field(default_factory=EffectControllerConfig)


@dataclass(frozen=True)
class BaselineSettings:
    """Batch, losses and network, as published."""

    palette: str = "seven"
    batch: int = 256
    beta: float = 0.02
    activity_weight: float = 0.6
    network: StyleControllerConfig = field(default_factory=StyleControllerConfig)


class _Stage:
    """What both have in common."""

    name: str
    file: str
    model: nn.Module

    def __init__(
        self, pairs: Pairs, settings: ControllerSettings | BaselineSettings, *, commercial: bool
    ) -> None:
        check_pairs(pairs, settings.palette, commercial=commercial)
        self.pairs, self.commercial = pairs, commercial
        self.batch_size, self.beta = settings.batch, settings.beta
        self.activity_weight = settings.activity_weight
        self.rows = {part: pairs.of(part) for part in pairs.rows}
        self.control_weights = torch.ones(len(pairs.palette.bypass))

    def inputs(self, part: str) -> tuple[Tensor, ...]:
        """What the network reads of all rows of a part, in order."""
        raise NotImplementedError

    def drawn(self, places: NDArray[np.int64], rng: np.random.Generator) -> tuple[Tensor, ...]:
        """What it reads of some training rows."""
        return tuple(each[places] for each in self.inputs("train"))

    def batch(self, rng: np.random.Generator) -> dict[str, Any]:
        places = rng.integers(len(self.rows["train"]), size=self.batch_size)
        rows = self.rows["train"][places]
        return {
            "inputs": self.drawn(places, rng),
            "shares": self.pairs.shares[rows],
            "active": self.pairs.active[rows],
        }

    def loss(
        self, batch: dict[str, Any], step: int, progress: float
    ) -> tuple[Tensor, dict[str, float]]:
        shares, logits = self.model(*batch["inputs"])
        counted = owned(batch["active"], self.pairs.palette.owners)
        weighed = self.control_weights.to(counted.device)
        settings = settings_loss(shares.float(), batch["shares"], counted, weighed, self.beta)
        activity = activity_loss(logits.float(), batch["active"])
        told = {"settings": float(settings.detach()), "activity": float(activity.detach())}
        return settings + self.activity_weight * activity, told

    def validate(self, folder: Path) -> dict[str, float]:
        """Gated error of active controls and macro F1, of held rows, thresholds fitted on others
        that were not trained on either."""
        return self._proposed("held").figures(self._proposed("tune").fitted())

    def _proposed(self, part: str) -> Proposals:
        return proposals(self.model, self.pairs, self.rows[part], self.inputs(part))

    def thresholds(self) -> dict[str, Tensor]:
        """Buffers of the network that are fitted after training."""
        return {"thresholds": torch.from_numpy(self._proposed("tune").fitted())}

    def _export(self, folder: Path, config: dict[str, Any]) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        tensors = {**self.model.state_dict(), **self.thresholds()}
        names = [item.name for item in self.pairs.palette.items]
        facts = {"config": config, "names": names, "commercial": self.commercial}
        weights.save(self.file, tensors, facts, folder)


class RestyleController(_Stage):
    """See the module's docstring."""

    name, file = "restyle.controller", CONTROLLER

    def __init__(
        self,
        pairs: Pairs,
        settings: ControllerSettings,
        models: Path,
        start: Path | None = None,
        *,
        commercial: bool = False,
    ) -> None:
        super().__init__(pairs, settings, commercial=commercial)
        for needed in (HEADS, *([MAP] if settings.mapped else [])):
            check_terms(needed, models, commercial=commercial)
        self.settings = replace(settings, network=replace(settings.network, **_sizes(pairs)))
        self.model = EffectController(self.settings.network)
        start_from(self.model, CONTROLLER, start, commercial=commercial)
        heads = load_heads(models)
        self.deviation = heads.deviation
        self.map = load_map(models) if settings.mapped else None
        self.read = {
            part: (*encode(heads, pairs, rows), *whole(pairs, rows))
            for part, rows in self.rows.items()
        }

    def inputs(self, part: str) -> tuple[Tensor, ...]:
        return self.read[part]

    def drawn(self, places: NDArray[np.int64], rng: np.random.Generator) -> tuple[Tensor, ...]:
        tokens, gains, cues, embeddings = super().drawn(places, rng)
        noise = torch.from_numpy(rng.standard_normal(tokens.shape, np.float32))
        tokens = tokens + self.settings.noise * self.deviation * noise
        if self.map is not None:
            count = round(self.settings.mapped * len(places))
            steps = self.pairs.steps[self.rows["train"][places[:count]]]
            others = mapped(self.map, steps)
            tokens[:count], gains = others[0], torch.cat([others[1], gains[count:]])
        return tokens, gains, cues, embeddings

    def validate(self, folder: Path) -> dict[str, float]:
        figures = super().validate(folder)
        if self.map is not None:
            through = {part: self.mapped(part) for part in ("tune", "held")}
            found = through["held"].figures(through["tune"].fitted())
            figures |= {f"mapped_{name}": value for name, value in found.items()}
        return figures

    def mapped(self, part: str) -> Proposals:
        """What is proposed where the heads come from the changes of cues alone."""
        assert self.map is not None
        rows = self.rows[part]
        read = (*mapped(self.map, self.pairs.steps[rows]), *self.read[part][2:])
        return proposals(self.model, self.pairs, rows, read)

    def thresholds(self) -> dict[str, Tensor]:
        found = super().thresholds()
        if self.map is not None:
            found["mapped_thresholds"] = torch.from_numpy(self.mapped("tune").fitted())
        return found

    def export(self, folder: Path) -> None:
        self._export(folder, asdict(self.settings.network))


class RestyleBaseline(_Stage):
    """See the module's docstring."""

    name, file = "restyle.baseline", BASELINE

    def __init__(
        self, pairs: Pairs, settings: BaselineSettings, models: Path, *, commercial: bool = False
    ) -> None:
        super().__init__(pairs, settings, commercial=commercial)
        self.network = replace(settings.network, **_sizes(pairs))
        self.model = StyleController(self.network)
        items = pairs.palette.items
        self.control_weights = torch.tensor(
            [PUBLISHED_WEIGHTS.get(item.name, 1.0) for item in items for _ in item.controls]
        )
        joint = load_joint(models)
        self.read = {
            part: (style_shares(joint, pairs, rows), whole(pairs, rows)[1])
            for part, rows in self.rows.items()
        }

    def inputs(self, part: str) -> tuple[Tensor, ...]:
        return self.read[part]

    def export(self, folder: Path) -> None:
        self._export(folder, asdict(self.network))


def _sizes(pairs: Pairs) -> dict[str, Any]:
    palette = pairs.palette
    return {
        "palette": palette.name,
        "items": len(palette.items),
        "controls": len(palette.bypass),
    }


def build(context: Context, table: Mapping[str, Any]) -> RestyleController:
    """The stage `restyle.controller` with the settings of a recipe's table."""
    return RestyleController(
        read_pairs(context.aids),
        from_table(ControllerSettings, table, context.where),
        context.weights,
        context.start,
        commercial=context.commercial,
    )
