"""Stage `joint.sound`: the sound tower, towards the word tower's place for each concept.

Clips are cropped, mixed, filtered and masked as log-mel spectrograms; the classifier of the stage
is the joint space itself (cosine to the concepts' word embeddings). Features of an AudioSet
teacher, where at hand, are predicted by a head that is thrown away.
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
from sonolume.data.shards import Clip, read_sounds
from sonolume.errors import DataError
from sonolume.hub import weights
from sonolume.models.towers import SoundTower, TowerConfig
from sonolume.signal.mel import FLOOR, LogMel
from sonolume.signal.windows import normalise_level, repeat_to
from sonolume.training.aids import Features, read_features
from sonolume.training.context import Context
from sonolume.training.figures import macro_top1, nearest
from sonolume.training.labels import chances, class_numbers
from sonolume.training.settings import from_table
from sonolume.training.stage import Figures
from sonolume.training.start import check_terms, read_anchors, start_from


@dataclass(frozen=True)
class JointSoundSettings:
    """Batch, augmentation and loss weights."""

    batch: int = 32
    seconds: float = 5.0  # length of a crop, at least 1
    temperature: float = 0.07
    mix: float = 0.5  # chance that a clip is mixed with another
    smoothing: float = 0.1
    teacher_weight: float = 3.0
    balance: float = 0.5  # concepts are drawn in proportion to count ** balance
    tower: TowerConfig = field(default_factory=TowerConfig)


class _Trained(nn.Module):
    """The tower with the head that only training needs."""

    def __init__(self, config: TowerConfig, teacher_width: int) -> None:
        super().__init__()
        self.tower = SoundTower(config)
        self.teacher_head = nn.Linear(2 * config.width, teacher_width)


class JointSound:
    """See the module's docstring. `aids` is a folder with `audioset.npz` (keys, features)."""

    name = "joint.sound"

    def __init__(
        self,
        data: Path,
        settings: JointSoundSettings,
        aids: Path | None = None,
        models: Path = weights.FOLDER,
        start: Path | None = None,
        *,
        commercial: bool = False,
    ) -> None:
        self.settings, self.commercial = settings, commercial
        check_terms("joint-words", models, commercial=commercial)
        self.anchors = read_anchors(models)
        self.front = LogMel()
        self.frames = round(settings.seconds * 100)
        clips = list(read_sounds(data, licences=COMMERCIAL if commercial else None))
        self.train = [c for c in clips if c.split == "train"]
        self.held = [c for c in clips if c.split == "validation"]
        if not self.train:
            raise DataError(f"{data}: no clips of the split train whose licence is wanted")
        self.mels = [self._mel(clip) for clip in self.train]
        self.labels = class_numbers([c.concept for c in self.train])
        self.held_labels = class_numbers([c.concept for c in self.held])
        self.chances = chances(self.labels, settings.balance)
        self.features: Features = read_features(aids, "audioset", [c.key for c in self.train])
        self.model = _Trained(settings.tower, self.features.width)
        self.model.teacher_head.requires_grad_(self.features.present)
        start_from(self.model.tower, "joint-sound", start, commercial=commercial)

    def batch(self, rng: np.random.Generator) -> dict[str, Tensor]:
        s = self.settings
        rows = rng.choice(len(self.mels), (2, s.batch), p=self.chances)
        share = np.where(rng.random(s.batch) < s.mix, rng.beta(1.0, 1.0, s.batch), 1.0)
        share = np.maximum(share, 1 - share).astype(np.float32)
        mels = np.stack(
            [
                self._augment(self.mels[a], self.mels[b], w, rng)
                for a, b, w in zip(*rows, share, strict=True)
            ]
        )
        targets = self.features.values[rows]
        return {
            "mels": torch.from_numpy(mels),
            "labels": torch.from_numpy(self.labels[rows]),
            "share": torch.from_numpy(share),
            "features": torch.from_numpy(
                share[:, None] * targets[0] + (1 - share)[:, None] * targets[1]
            ),
        }

    def loss(self, batch: dict[str, Tensor], step: int, progress: float) -> tuple[Tensor, Figures]:
        s = self.settings
        pooled = self.model.tower.features(batch["mels"])
        embedded = self.model.tower.body.embed(pooled)
        logits = embedded @ self.anchors.to(embedded).T / s.temperature
        first, second = (
            F.cross_entropy(logits, labels, label_smoothing=s.smoothing, reduction="none")
            for labels in batch["labels"]
        )
        share = batch["share"]
        named = (share * first + (1 - share) * second).mean()
        figures = {"named": named.detach()}
        if not self.features.present:
            return named, figures
        taught = self.model.teacher_head(pooled).float()
        teacher = (1 - F.cosine_similarity(taught, batch["features"], dim=-1)).mean()
        figures["teacher"] = teacher.detach()
        return named + s.teacher_weight * teacher, figures

    def validate(self, folder: Path) -> dict[str, float]:
        """Macro top-1 over concepts on validation clips."""
        if not self.held:
            return {}
        mels = torch.stack([torch.from_numpy(repeat_mel(self._mel(c), 1000)) for c in self.held])
        heard = [i for i, c in enumerate(concepts()) if c.heard]
        guesses = nearest(self.model.tower, mels, self.anchors, heard)
        return {"macro_top1": macro_top1(guesses, self.held_labels)}

    def export(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        facts = {"config": asdict(self.settings.tower), "commercial": self.commercial}
        weights.save("joint-sound", self.model.tower.state_dict(), facts, folder)

    def _mel(self, clip: Clip) -> NDArray[np.float32]:
        samples = normalise_level(clip.samples)
        if len(samples) < 1600:
            samples = repeat_to(samples, 1600)
        mel: NDArray[np.float32] = self.front(torch.from_numpy(samples)[None])[0].numpy()
        return mel

    def _augment(
        self, a: NDArray[np.float32], b: NDArray[np.float32], share: float, rng: np.random.Generator
    ) -> NDArray[np.float32]:
        """Crop both, add their powers, change gain and colour, mask bands and times."""
        mel: NDArray[np.floating[Any]] = self._crop(a, rng)
        if share < 1:
            other = self._crop(b, rng)
            mel = np.logaddexp(mel + np.log(share), other + np.log(1 - share))
        curve = np.interp(np.arange(64), np.linspace(0, 63, 6), rng.normal(0, 0.7, 6))
        mel = mel + curve[:, None] + rng.normal(0, 1.0)
        if rng.random() < 0.3:
            mel = np.logaddexp(mel, rng.uniform(-13, -7) + 0.3 * rng.normal(size=mel.shape))
        if rng.random() < 0.5:
            mel = np.roll(mel, rng.integers(-2, 3), axis=0)
        masked: NDArray[np.float32] = np.maximum(mel, np.log(FLOOR)).astype(np.float32)
        for _ in range(2):
            low, start = rng.integers(0, 56), rng.integers(0, self.frames - 60)
            masked[low : low + rng.integers(0, 9)] = -6.0
            masked[:, start : start + rng.integers(0, 60)] = -6.0
        return masked

    def _crop(self, mel: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
        """`frames` columns at a random place and speed (±15 %); short clips are repeated."""
        speed = rng.uniform(0.85, 1.15)
        length = mel.shape[1]
        columns = (rng.integers(length) + np.arange(self.frames) * speed).astype(int)
        if length > self.frames * speed:
            columns -= max(0, columns[-1] - length + 1)
        return mel[:, columns % length]


def build(context: Context, table: Mapping[str, Any]) -> JointSound:
    """The stage with the settings of a recipe's table."""
    return JointSound(
        context.data,
        from_table(JointSoundSettings, table, context.where),
        context.aids,
        context.weights,
        context.start,
        commercial=context.commercial,
    )


def repeat_mel(mel: NDArray[np.float32], frames: int) -> NDArray[np.float32]:
    """The columns of mel [64, T] repeated or cut to [64, frames]."""
    return mel[:, np.arange(frames) % mel.shape[1]]
