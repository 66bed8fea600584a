"""Stage `base`: the pocket painter's base, words → picture.

Flow matching on pixels with the clean picture predicted and the loss taken in velocity (Li & He
2025). From `perceptual_after` samples on, frozen networks add a perceptual loss: it is what makes
things recognisable early, and it hurts from the first step.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from sonolume.data.captions import OUTDOORS, STATE_WORDS, PhotoCaptions
from sonolume.data.licences import COMMERCIAL
from sonolume.data.shards import Photo, read_photos
from sonolume.data.states import apply
from sonolume.diffusion.flow import logit_normal_times, mix, sample_euler, times, velocity_loss
from sonolume.diffusion.guidance import guide
from sonolume.errors import DataError, OptionError
from sonolume.hub import weights
from sonolume.media.grid import grid
from sonolume.media.picture import Picture
from sonolume.models.denoiser import DenoiserConfig, PocketDenoiser
from sonolume.training.augment import LABELS, augment
from sonolume.training.context import Context
from sonolume.training.perceptual import PerceptualLoss
from sonolume.training.pixels import crop, to_float
from sonolume.training.reading import read_words
from sonolume.training.settings import from_table
from sonolume.training.stage import Figures
from sonolume.training.start import read_word_tower, start_from

SHOWN = (
    "waves", "a dog", "a forest", "a city", "an elephant", "a motorcycle", "a church", "a guitar",
    "a beach at sunset", "mountains", "a cat", "an airplane", "rain in the street", "a bee",
    "a lion", "a train",
)  # fmt: skip


HELD = 128  # validation photos for the loss, at most


@dataclass(frozen=True)
class BaseSettings:
    """Batch, times, conditioning dropout, augmentation and the perceptual loss."""

    batch: int = 32
    time_mean: float = -0.4
    drop_words: float = 0.1
    labelled: float = 0.75  # share of a batch that carries a concept
    balance: float = 0.5  # concepts are drawn in proportion to count ** balance
    states: float = 0.25  # share of outdoor scenes shown in a rendered state
    zoom: float = 0.12
    augment: float = 0.0  # chance of each change that the network is told of
    longest: int = 32  # word tokens kept in training
    perceptual_after: int = 15_000  # samples
    perceptual_weight: float = 0.05
    perceptual_count: int = 12  # pictures of a batch that it looks at
    network: DenoiserConfig = field(default_factory=DenoiserConfig)

    def __post_init__(self) -> None:
        if not 0 <= self.augment <= 1:
            raise OptionError(f"augment {self.augment}: expected 0 to 1")
        if self.augment and self.network.labels != LABELS:
            raise OptionError(f"augment needs network.labels = {LABELS}, which tell of the changes")


class Base:
    """See the module's docstring."""

    name = "base"

    def __init__(
        self,
        data: Path,
        settings: BaseSettings,
        teachers: Path | None = None,
        models: Path = weights.FOLDER,
        start: Path | None = None,
        *,
        commercial: bool = False,
    ) -> None:
        self.settings, self.commercial = settings, commercial
        self.tower, self.tokenizer = read_word_tower(models, commercial=commercial)
        self.model = PocketDenoiser(settings.network)
        start_from(self.model, "painter-base", start, without=".audio.", commercial=commercial)
        for parameter in self.model.audio_parameters().values():
            parameter.requires_grad_(False)
        photos = list(read_photos(data, licences=COMMERCIAL if commercial else None))
        self.photos = [photo for photo in photos if photo.split == "train"]
        if not self.photos:
            raise DataError(f"{data}: no photos of the split train whose licence is wanted")
        held = [photo for photo in photos if photo.split == "validation"]
        self.held = held[:: 1 + len(held) // HELD]
        self.captions = PhotoCaptions(self.photos)
        self.chances = draw_chances(self.photos, settings.labelled, settings.balance)
        self.perceptual = None if teachers is None else PerceptualLoss(teachers)

    def batch(self, rng: np.random.Generator) -> dict[str, Tensor]:
        s = self.settings
        rows = rng.choice(len(self.photos), s.batch, p=self.chances)
        photos, captions = zip(*(self._draw(i, rng) for i in rows), strict=True)
        pixels = np.stack([crop(photo, s.network.side, s.zoom, rng) for photo in photos])
        texts = ["" if rng.random() < s.drop_words else caption for caption in captions]
        return {"pictures": to_float(pixels), "words": self._spell(texts)}

    def _draw(self, index: int, rng: np.random.Generator) -> tuple[NDArray[np.uint8], str]:
        """A photo and its caption; some scenes in a rendered state that the caption names."""
        photo, caption = self.photos[index].pixels, self.captions.draw(index, rng)
        if not OUTDOORS & set(self.photos[index].tags) or rng.random() > self.settings.states:
            return photo, caption
        state = str(rng.choice(sorted(STATE_WORDS)))
        edited = apply(state, photo, rng.uniform(0.6, 1.0), int(rng.integers(2**31)))
        return edited, f"{caption} {rng.choice(STATE_WORDS[state])}".strip()

    def loss(self, batch: dict[str, Tensor], step: int, progress: float) -> tuple[Tensor, Figures]:
        s = self.settings
        pictures, labels = batch["pictures"], None
        if s.augment:
            pictures, labels = augment(pictures, s.augment)
        t = logit_normal_times(len(pictures), s.time_mean).to(pictures)
        x = mix(pictures, torch.randn_like(pictures), t)
        clean = self.model(x, t, read_words(self.tower, batch["words"]), labels=labels).float()
        flow = velocity_loss(clean, pictures, t).mean()
        figures = {"flow": flow.detach()}
        if self.perceptual is None or step * s.batch < s.perceptual_after:
            return flow, figures
        late = (t > 0.25).nonzero().flatten()[: s.perceptual_count]
        if not len(late):
            return flow, figures
        look = self.perceptual.to(clean.device)(clean[late], pictures[late])
        figures["look"] = look.detach()
        return flow + s.perceptual_weight * look, figures

    def validate(self, folder: Path) -> dict[str, float]:
        """Paint the shown prompts into `samples.png`; the loss on photos that were held back.

        Noise, times and captions are the same each time.
        """
        folder.mkdir(parents=True, exist_ok=True)
        grid(self._paint(SHOWN), columns=8).save(folder / "samples.png", force=True)
        return {"flow": self._held_loss()} if self.held else {}

    def export(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        kept = {k: v.detach() for k, v in self.model.base_parameters().items()}
        facts = {"config": asdict(self.settings.network), "commercial": self.commercial}
        weights.save("painter-base", kept, facts, folder)

    def _spell(self, texts: Sequence[str]) -> Tensor:
        """Token ids [B, longest] of captions."""
        return self.tokenizer.encode(list(texts), self.settings.longest)

    def _held_loss(self) -> float:
        rng, side = np.random.default_rng(0), self.settings.network.side
        told, device = PhotoCaptions(self.held), next(self.model.parameters()).device
        losses = []
        for start in range(0, len(self.held), 32):
            rows = range(start, min(start + 32, len(self.held)))
            photos = np.stack([crop(self.held[i].pixels, side, 0.0, rng) for i in rows])
            pictures = to_float(photos).to(device)
            noise = rng.standard_normal(pictures.shape, np.float32)
            t = ((torch.arange(len(rows)) + 0.5) / len(rows)).to(device)
            x = mix(pictures, torch.from_numpy(noise).to(device), t)
            words = read_words(
                self.tower, self._spell([told.draw(i, rng) for i in rows]).to(device)
            )
            losses.append(velocity_loss(self.model(x, t, words), pictures, t))
        return float(torch.cat(losses).mean())

    def _paint(self, texts: tuple[str, ...]) -> list[Picture]:
        count, side = len(texts), self.settings.network.side
        noise = torch.randn(count, 3, side, side, generator=torch.Generator().manual_seed(0))
        device = next(self.model.parameters()).device
        encoded = read_words(self.tower, self.tokenizer.encode([*texts, *[""] * count]).to(device))
        denoise = guide(self.model, encoded[:count], encoded[count:], text_scale=3.0)
        clean = sample_euler(denoise, noise.to(device), times(20))
        return [Picture.from_float(row.cpu().numpy()) for row in clean]


def build(context: Context, table: Mapping[str, Any]) -> Base:
    """The stage with the settings of a recipe's table."""
    return Base(
        context.data,
        from_table(BaseSettings, table, context.where),
        context.teachers,
        context.weights,
        context.start,
        commercial=context.commercial,
    )


def draw_chances(photos: list[Photo], labelled: float, balance: float) -> NDArray[np.float64]:
    """Chance of each photo to be drawn: labelled ones share `labelled`, evened out by concept."""
    labels = [photo.concept or photo.weak_concept for photo in photos]
    counts = {label: labels.count(label) for label in set(labels)}
    named = np.array([counts[label] ** (balance - 1) if label else 0.0 for label in labels])
    rest = np.array([0.0 if label else 1.0 for label in labels])
    return _to_one(labelled * _to_one(named) + (1 - labelled) * _to_one(rest))


def _to_one(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Values scaled to the sum 1; zeros stay zeros."""
    total = float(values.sum())
    return values / total if total > 0 else values
