"""Stage `joint.picture`: the picture tower, towards the words that name or caption each photo.

Labelled photos are classified in the joint space; captioned ones lie at their caption (InfoNCE);
features of an ImageNet teacher, where at hand, are predicted by a head that is thrown away.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from sonolume.data.concepts import concepts
from sonolume.data.licences import COMMERCIAL
from sonolume.data.shards import read_photos
from sonolume.errors import DataError
from sonolume.hub import weights
from sonolume.models.towers import PictureTower, TowerConfig
from sonolume.training.aids import Features, read_features
from sonolume.training.context import Context
from sonolume.training.figures import macro_top1, nearest
from sonolume.training.labels import chances, class_numbers
from sonolume.training.pixels import Pixels, corner, crop, to_float
from sonolume.training.reading import speak
from sonolume.training.settings import from_table
from sonolume.training.stage import Figures
from sonolume.training.start import read_anchors, read_word_tower, start_from

FULL = PictureTower.FULL_SIDE


@dataclass(frozen=True)
class JointPictureSettings:
    """Batch, augmentation and loss weights."""

    batch: int = 64
    captioned: int = 16  # photos of a batch that are drawn from the captioned ones
    small: int = 64  # side of the photos at first: four times as many in the same time
    grown: float = 0.75  # share of the run after which they are shown at full size
    temperature: float = 0.07
    zoom: float = 0.4
    five: float = 0.0  # share of photos that are one of five crops, of which the teacher tells, too
    blur: float = 0.3  # chance of a photo being halved and enlarged: resolution must not be a cue
    smoothing: float = 0.1
    caption_weight: float = 0.5
    teacher_weight: float = 4.0
    tower: TowerConfig = field(default_factory=TowerConfig)


class _Trained(nn.Module):
    """The tower with the head that only training needs."""

    def __init__(self, config: TowerConfig, teacher_width: int) -> None:
        super().__init__()
        self.tower = PictureTower(config)
        self.teacher_head = nn.Linear(2 * config.width, teacher_width)


class JointPicture:
    """See the module's docstring.

    `aids` is a folder with `mobilenet_v2.npz` (keys, pooled) and, for the setting `five`,
    `mobilenet_v2_crops.npz`.
    """

    name = "joint.picture"

    def __init__(
        self,
        data: Path,
        settings: JointPictureSettings,
        aids: Path | None = None,
        models: Path = weights.FOLDER,
        start: Path | None = None,
        *,
        commercial: bool = False,
    ) -> None:
        self.settings, self.commercial = settings, commercial
        self.words, self.tokenizer = read_word_tower(models, commercial=commercial)
        self.anchors = read_anchors(models)
        photos = list(read_photos(data, licences=COMMERCIAL if commercial else None))
        self.train = [p for p in photos if p.split == "train"]
        self.held = [p for p in photos if p.split == "validation" and p.concept]
        self.held_labels = class_numbers([p.concept for p in self.held])
        self.labels = class_numbers([p.concept for p in self.train])
        self.named = np.flatnonzero(self.labels >= 0)
        self.told = np.flatnonzero([bool(p.captions) for p in self.train])
        if not len(self.named):
            raise DataError(
                f"{data}: no labelled photos of the split train whose licence is wanted"
            )
        self.captioned = min(settings.captioned, len(self.told))
        self.chances = chances(self.labels[self.named], 0.5)
        keys = [p.key for p in self.train]
        self.features: Features = read_features(aids, "mobilenet_v2", keys, "pooled")
        self.crops = read_features(
            aids if settings.five else None, "mobilenet_v2_crops", keys, "pooled"
        )
        self.model = _Trained(settings.tower, self.features.width)
        self.model.teacher_head.requires_grad_(self.features.present)
        self.side = FULL
        start_from(self.model.tower, "joint-picture", start, commercial=commercial)

    def batch(self, rng: np.random.Generator) -> dict[str, Tensor]:
        s = self.settings
        named = rng.choice(self.named, s.batch - self.captioned, p=self.chances)
        told = rng.choice(self.told, self.captioned, replace=False) if self.captioned else named[:0]
        rows = np.concatenate([named, told])
        views = [self._view(i, rng) for i in rows]
        pictures = to_float(np.stack([pixels for pixels, _ in views]))
        captions = [str(rng.choice(self.train[i].captions)) for i in told]
        blurred = torch.from_numpy(rng.random(s.batch) < s.blur)[:, None, None, None]
        return {
            "pictures": torch.where(blurred, _halved(pictures), _recoloured(pictures, rng)),
            "labels": torch.from_numpy(self.labels[rows]),
            "captions": self.tokenizer.encode(captions),
            "features": torch.from_numpy(np.stack([features for _, features in views])),
        }

    def _view(self, row: int, rng: np.random.Generator) -> tuple[Pixels, NDArray[np.float32]]:
        """A photo as it is shown, and what the teacher tells of it or of nearly the same part."""
        s, pixels = self.settings, self.train[row].pixels
        if self.crops.present and rng.random() < s.five:
            number = int(rng.integers(5))
            return corner(pixels, number, FULL, rng), self.crops.values[row, number]
        return crop(pixels, FULL, s.zoom, rng), self.features.values[row]

    def loss(self, batch: dict[str, Tensor], step: int, progress: float) -> tuple[Tensor, Figures]:
        s = self.settings
        self.side = FULL if progress >= s.grown else s.small
        pooled = self.model.tower.features(shrunk(batch["pictures"], self.side))
        z = self.model.tower.body.embed(pooled)
        named = F.cross_entropy(
            z @ self.anchors.to(z).T / s.temperature,
            batch["labels"],
            ignore_index=-1,
            label_smoothing=s.smoothing,
        )
        total, figures = named, {"named": named.detach()}
        if self.captioned:
            told = self._told(z[-self.captioned :], speak(self.words, batch["captions"]))
            total = total + s.caption_weight * told
            figures["told"] = told.detach()
        if self.features.present:
            taught = self.model.teacher_head(pooled).float()
            teacher = (1 - F.cosine_similarity(taught, batch["features"], dim=-1)).mean()
            total = total + s.teacher_weight * teacher
            figures["teacher"] = teacher.detach()
        return total, figures

    def validate(self, folder: Path) -> dict[str, float]:
        """Macro top-1 over concepts on validation photos, at the side that is trained."""
        if not self.held:
            return {}
        pictures = shrunk(to_float(np.stack([p.pixels for p in self.held])), self.side)
        seen = [i for i, c in enumerate(concepts()) if c.seen]
        guesses = nearest(self.model.tower, pictures, self.anchors, seen)
        return {"macro_top1": macro_top1(guesses, self.held_labels)}

    def export(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        facts = {"config": asdict(self.settings.tower), "commercial": self.commercial}
        weights.save("joint-picture", self.model.tower.state_dict(), facts, folder)

    def _told(self, z: Tensor, captions: Tensor) -> Tensor:
        """InfoNCE of embeddings [C, 512] of photos and of their captions, in the same order."""
        logits = z @ captions.T / self.settings.temperature
        order = torch.arange(len(z), device=z.device)
        return (F.cross_entropy(logits, order) + F.cross_entropy(logits.T, order)) / 2


def build(context: Context, table: Mapping[str, Any]) -> JointPicture:
    """The stage with the settings of a recipe's table."""
    return JointPicture(
        context.data,
        from_table(JointPictureSettings, table, context.where),
        context.aids,
        context.weights,
        context.start,
        commercial=context.commercial,
    )


def shrunk(pictures: Tensor, side: int) -> Tensor:
    """Pictures [B, 3, H, W] averaged down to `side` px; those of that side as they are."""
    if pictures.shape[-1] == side:
        return pictures
    return F.interpolate(pictures, (side, side), mode="area")


def _halved(pictures: Tensor) -> Tensor:
    """Pictures at half their resolution, enlarged again."""
    small = F.avg_pool2d(pictures, 2)
    return F.interpolate(small, scale_factor=2, mode="bilinear", align_corners=False)


def _recoloured(pictures: Tensor, rng: np.random.Generator) -> Tensor:
    """Random brightness, contrast and colour balance for each picture."""
    count = len(pictures)
    gain = torch.from_numpy(rng.normal(1, 0.15, (count, 1, 1, 1)).astype(np.float32))
    shift = torch.from_numpy(rng.normal(0, 0.08, (count, 3, 1, 1)).astype(np.float32))
    return (pictures * gain + shift).clamp(-1, 1)
