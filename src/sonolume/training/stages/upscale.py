"""Stage `upscale`: the super-resolver, small pictures → the same at twice the side.

Targets are photos at random scales, inputs their halves with the faults of painted pictures.
Part of the inputs are the network's own enlargements of quarters, so that it can be applied again
and again. The loss is L1 and a feature distance to a frozen network (Johnson et al. 2016).
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from sonolume.data.licences import COMMERCIAL
from sonolume.data.shards import read_photos
from sonolume.errors import DataError
from sonolume.hub import weights
from sonolume.media import Picture
from sonolume.media.grid import grid
from sonolume.models.teachers import enlarge, feature_distance, load_teacher
from sonolume.models.upscaler import Upscaler, UpscalerConfig, enlarge_bicubic, upscale
from sonolume.training.context import Context
from sonolume.training.degrade import degrade
from sonolume.training.pixels import crop, to_float
from sonolume.training.settings import from_table
from sonolume.training.stage import Figures
from sonolume.training.start import start_from

JUDGED, SHOWN = 64, 4  # validation photos
REDUCTIONS = ("area", "bilinear", "bicubic")


@dataclass(frozen=True)
class UpscaleSettings:
    """Batch, targets, inputs and the perceptual loss."""

    batch: int = 12
    side: int = 64  # of targets, pixels; SqueezeNet sees nothing smaller
    zoom: float = 0.5  # targets show 1 − zoom to all of a photo's side
    repeated: float = 0.25  # share of inputs that the network has enlarged itself
    perceptual_weight: float = 0.015
    network: UpscalerConfig = field(default_factory=UpscalerConfig)


class Upscale:
    """See the module's docstring. Photos that were enlarged themselves are no targets."""

    name = "upscale"

    def __init__(
        self,
        data: Path,
        settings: UpscaleSettings,
        teachers: Path | None = None,
        start: Path | None = None,
        *,
        commercial: bool = False,
    ) -> None:
        self.settings, self.commercial = settings, commercial
        licences = COMMERCIAL if commercial else None
        self.model = Upscaler(settings.network)
        start_from(self.model, "upscaler", start, commercial=commercial)
        sharp = [p for p in read_photos(data, licences=licences) if not p.low_res]
        self.photos = [photo.pixels for photo in sharp if photo.split == "train"]
        held = [photo.pixels for photo in sharp if photo.split == "validation"]
        if not self.photos or not held:
            raise DataError(f"{data}: no photos of full resolution to train and validate on")
        picked = np.random.default_rng(0).permutation(len(held))[:JUDGED]
        self.held = to_float(np.stack([held[i] for i in picked]))
        self.teachers = None if teachers is None else _Teachers(teachers)

    def batch(self, rng: np.random.Generator) -> dict[str, Tensor]:
        s = self.settings
        rows = rng.choice(len(self.photos), s.batch)
        targets = to_float(np.stack([crop(self.photos[i], s.side, s.zoom, rng) for i in rows]))
        repeated = round(s.repeated * s.batch)
        once, twice = targets[repeated:], targets[:repeated]
        return {
            "targets": torch.cat([once, twice]),
            "halves": degrade(_reduce(once, 2, rng), rng),
            "quarters": degrade(_reduce(twice, 4, rng), rng) if repeated else twice,
        }

    def loss(self, batch: dict[str, Tensor], step: int, progress: float) -> tuple[Tensor, Figures]:
        inputs, targets = batch["halves"], batch["targets"]
        if len(batch["quarters"]):
            with torch.no_grad():
                enlarged = self.model(batch["quarters"]).clamp(-1, 1)
            inputs = torch.cat([inputs, enlarged])
        made = self.model(inputs).float()
        difference = F.l1_loss(made, targets)
        figures = {"l1": difference.detach()}
        if self.teachers is None:
            return difference, figures
        look = self.teachers.to(made.device).trained(made, targets).mean()
        figures["look"] = look.detach()
        return difference + self.settings.perceptual_weight * look, figures

    def validate(self, folder: Path) -> dict[str, float]:
        """Distances to validation photos at 64 → 128 px, of clean halves and of degraded ones.

        `l1` in −1..1; with teachers `squeeze` (trained against) and `judge` (MobileNetV1, not).
        `NAME_bicubic` are the same for bicubic enlargement. Examples go to `samples.png`.
        """
        device = next(self.model.parameters()).device
        clean = F.avg_pool2d(self.held, 2)
        faulty = degrade(clean, np.random.default_rng(1))
        figures: dict[str, float] = {}
        for kind, inputs in (("", clean), ("faulty_", faulty)):
            for maker, way in (("", self.model), ("_bicubic", enlarge_bicubic)):
                found = self._distances(way, inputs, device)
                figures |= {f"{kind}{name}{maker}": value for name, value in found.items()}
        folder.mkdir(parents=True, exist_ok=True)
        self._samples(clean[:SHOWN], device).save(folder / "samples.png", force=True)
        return figures

    def export(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        kept = {k: v.detach() for k, v in self.model.state_dict().items()}
        facts = {"config": asdict(self.settings.network), "commercial": self.commercial}
        weights.save("upscaler", kept, facts, folder)

    def _distances(
        self, way: Callable[[Tensor], Tensor], inputs: Tensor, device: torch.device
    ) -> dict[str, float]:
        rows = []
        for start in range(0, len(inputs), 16):
            made = way(inputs[start : start + 16].to(device)).float().clamp(-1, 1)
            true = self.held[start : start + 16].to(device)
            row = {"l1": (made - true).abs().mean((1, 2, 3))}
            if self.teachers is not None:
                teachers = self.teachers.to(device)
                row["squeeze"] = teachers.trained(made, true)
                row["judge"] = teachers.judged(made, true)
            rows.append(row)
        return {name: float(torch.cat([row[name] for row in rows]).mean()) for name in rows[0]}

    def _samples(self, small: Tensor, device: torch.device) -> Picture:
        """A row for each picture: bicubic and made, at 8 times the side of `small`."""
        side = 8 * small.shape[-1]
        made = upscale(small.to(device), side, self.model).cpu()
        plain = F.interpolate(small, (side, side), mode="bicubic").clamp(-1, 1)
        pairs = torch.stack([plain, made], 1).flatten(0, 1)
        return grid([Picture.from_float(p.numpy()) for p in pairs], columns=2)


class _Teachers(nn.Module):
    """Distances [B] of pictures [B, 3, H, W] in about −1..1, as two frozen networks see them."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.squeezenet = load_teacher("imagenet_squeezenet11", folder)
        self.judge = load_teacher("imagenet_mobilenet_v1", folder)

    def trained(self, made: Tensor, true: Tensor) -> Tensor:
        """SqueezeNet's distance, the one of the loss."""
        return self.squeezenet.perceptual_distance(_unit(made), _unit(true))

    def judged(self, made: Tensor, true: Tensor) -> Tensor:
        """MobileNetV1's, at its own resolution; nothing is trained against it."""
        a, b = (self.judge.grid(enlarge(_unit(pictures))) for pictures in (made, true))
        return feature_distance(a, b)


def _unit(pictures: Tensor) -> Tensor:
    return (pictures + 1) / 2


def _reduce(pictures: Tensor, factor: int, rng: np.random.Generator) -> Tensor:
    """Pictures at a fraction of their side, by one of the usual filters."""
    way = str(rng.choice(REDUCTIONS))
    return F.interpolate(
        pictures, scale_factor=1 / factor, mode=way, antialias=way != "area"
    ).clamp(-1, 1)


def build(context: Context, table: Mapping[str, Any]) -> Upscale:
    """The stage with the settings of a recipe's table."""
    return Upscale(
        context.data,
        from_table(UpscaleSettings, table, context.where),
        context.teachers,
        context.start,
        commercial=context.commercial,
    )
