"""Stage `sound`: the pocket sound generator, an embedding of the joint space → log-mel.

Flow matching with the clean spectrogram predicted and the loss taken in velocity (Li & He 2025).
Half of the conditions are a clip's own embedding, half those of words for its concept, so that
either can ask for a sound. From `perceptual_after` samples on, the first layers of the frozen
sound tower compare what is predicted with what is true.
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

from sonolume.data.concepts import concept, phrases
from sonolume.data.licences import COMMERCIAL
from sonolume.data.naming import heard
from sonolume.data.shards import Clip, read_sounds
from sonolume.diffusion.flow import logit_normal_times, mix, velocity_loss
from sonolume.diffusion.sounds import LOWEST, draw_mels
from sonolume.errors import DataError
from sonolume.hub import weights
from sonolume.hub.joint import load_joint
from sonolume.media.grid import grid
from sonolume.models.joint import JointEncoder
from sonolume.models.sound_generator import SoundGenerator, SoundGeneratorConfig, from_mel, to_mel
from sonolume.models.teachers import feature_distance
from sonolume.models.towers import SoundTower
from sonolume.signal.mel import FLOOR
from sonolume.signal.windows import normalise_level
from sonolume.training.clips import embed_clips
from sonolume.training.context import Context
from sonolume.training.crops import stretch
from sonolume.training.labels import chances, class_numbers
from sonolume.training.settings import from_table
from sonolume.training.spectrograms import mel_picture
from sonolume.training.stage import Figures
from sonolume.training.start import check_terms, start_from
from sonolume.training.told import embed_texts

HELD = 128  # validation clips for the loss, at most
FAINTER = 2.0  # ln of power (9 dB) that a second sound may lie below the first
LATE = 0.25  # time from which a prediction is worth a look
SHOWN = (
    "waves", "a dog barking", "thunder", "church bells", "rain", "a guitar", "a crying baby",
    "footsteps", "birds singing", "a siren", "a train", "knocking on a door", "a cat", "a piano",
    "fire crackling", "a clock ticking",
)  # fmt: skip

Mel = NDArray[np.float32]


@dataclass(frozen=True)
class SoundSettings:
    """Batch, times, conditions, augmentation and the perceptual loss."""

    batch: int = 32
    time_mean: float = -0.4
    drop: float = 0.1  # share of conditions that say nothing
    by_words: float = 0.5  # share of the others that are words
    jitter: float = 0.015  # deviation in each number of an embedding
    crops: int = 1  # embeddings of a clip
    balance: float = 0.5  # concepts are drawn in proportion to count ** balance
    speed: float = 0.08
    gain: float = 0.5  # deviation of ln of power
    colour: float = 0.3  # the same along the bands
    together: float = 0.0  # share of sounds under which lies another one of their concept
    perceptual_after: int = 15_000  # samples
    perceptual_weight: float = 0.2
    perceptual_count: int = 8  # sounds of a batch that are looked at
    network: SoundGeneratorConfig = field(default_factory=SoundGeneratorConfig)


class SoundStage:
    """See the module's docstring."""

    name = "sound"

    def __init__(
        self,
        data: Path,
        settings: SoundSettings,
        models: Path = weights.FOLDER,
        start: Path | None = None,
        *,
        commercial: bool = False,
    ) -> None:
        self.settings, self.commercial = settings, commercial
        for name in ("joint-words", "joint-sound"):
            check_terms(name, models, commercial=commercial)
        self.joint = load_joint(models)
        self.model = SoundGenerator(settings.network)
        start_from(self.model, "sound-generator", start, commercial=commercial)
        clips = list(read_sounds(data, licences=COMMERCIAL if commercial else None))
        train = [clip for clip in clips if clip.split == "train"]
        if not train:
            raise DataError(f"{data}: no clips of the split train whose licence is wanted")
        held = [clip for clip in clips if clip.split == "validation"]
        held = held[:: 1 + len(held) // HELD]
        labels = class_numbers([clip.concept for clip in train])
        self.labels = [clip.concept for clip in train]
        self.chances = chances(labels, settings.balance)
        self.alike = {
            slug: [row for row, other in enumerate(self.labels) if other == slug]
            for slug in sorted(set(self.labels))
        }
        self.words = _told(self.joint, sorted({clip.concept for clip in clips}))
        self.mels = [_mel(self.joint, clip) for clip in train]
        self.heard = embed_clips(self.joint, train, settings.crops)
        self.held = [_mel(self.joint, clip) for clip in held]
        self.held_words = [self.words[clip.concept][0] for clip in held]
        self.shown = self.joint.embed_words(list(SHOWN)).clone()

    def batch(self, rng: np.random.Generator) -> dict[str, Tensor]:
        s = self.settings
        rows = rng.choice(len(self.mels), s.batch, p=self.chances)
        sounds = np.stack([self._sound(i, rng) for i in rows])
        told = torch.stack([self._condition(i, rng) for i in rows])
        noise = rng.standard_normal(told.shape, np.float32)
        told = F.normalize(told + s.jitter * torch.from_numpy(noise), dim=-1)
        told[torch.from_numpy(rng.random(s.batch) < s.drop)] = 0
        return {"sounds": from_mel(torch.from_numpy(sounds)), "told": told}

    def _condition(self, row: int, rng: np.random.Generator) -> Tensor:
        pool = self.heard[row]
        if rng.random() < self.settings.by_words:
            pool = self.words[self.labels[row]]
        return pool[int(rng.integers(len(pool)))]

    def _sound(self, row: int, rng: np.random.Generator) -> Mel:
        """A clip, changed; some of them with another one of their concept, as loud or fainter.

        Two dogs bark as truly as one, and there are many more pairs than clips.
        """
        sound = self._changed(self.mels[row], rng)
        if rng.random() >= self.settings.together:
            return sound
        other = self._changed(self.mels[int(rng.choice(self.alike[self.labels[row]]))], rng)
        power = np.exp(sound) + np.exp(-rng.uniform(0, FAINTER)) * (np.exp(other) - FLOOR)
        out: Mel = np.log(np.maximum(power, FLOOR)).astype(np.float32)
        return out

    def _changed(self, mel: Mel, rng: np.random.Generator) -> Mel:
        """A stretch at another speed, gain and colour; what is silent stays so."""
        s = self.settings
        cut = stretch(mel, s.network.frames, rng.uniform(1 - s.speed, 1 + s.speed), rng)
        curve = np.interp(np.arange(64), np.linspace(0, 63, 5), rng.normal(0, s.colour, 5))
        silent = cut <= LOWEST + 0.01
        changed = cut + curve[:, None] + rng.normal(0, s.gain)
        out: Mel = np.where(silent, LOWEST, np.maximum(changed, LOWEST)).astype(np.float32)
        return out

    def loss(self, batch: dict[str, Tensor], step: int, progress: float) -> tuple[Tensor, Figures]:
        s, sounds = self.settings, batch["sounds"]
        t = logit_normal_times(len(sounds), s.time_mean).to(sounds)
        x = mix(sounds, torch.randn_like(sounds), t)
        clean = self.model(x, t, batch["told"]).float()
        flow = velocity_loss(clean, sounds, t).mean()
        figures = {"flow": flow.detach()}
        if s.perceptual_weight == 0 or step * s.batch < s.perceptual_after:
            return flow, figures
        late = (t > LATE).nonzero().flatten()[: s.perceptual_count]
        if not len(late):
            return flow, figures
        look = self._look(clean[late], sounds[late])
        figures["look"] = look.detach()
        return flow + s.perceptual_weight * look, figures

    def _look(self, made: Tensor, true: Tensor) -> Tensor:
        """Distance of spectrograms in the maps of the sound tower's convolutions."""
        tower = self.joint.to(made.device).sound
        with torch.no_grad():
            wanted = _maps(tower, to_mel(true))
        return feature_distance(_maps(tower, to_mel(made)), wanted).mean()

    def validate(self, folder: Path) -> dict[str, float]:
        """Draw the shown phrases into `samples.png`; the loss on clips that were held back."""
        device = next(self.model.parameters()).device
        folder.mkdir(parents=True, exist_ok=True)
        mels = draw_mels(self.model, self.shown.to(device), range(len(SHOWN)))
        pictures = [mel_picture(mel) for mel in mels.cpu().numpy()]
        grid(pictures, columns=4).save(folder / "samples.png", force=True)
        return {"flow": self._held_loss(device)} if self.held else {}

    def _held_loss(self, device: torch.device) -> float:
        """With the same noise, times and words each time."""
        rng, frames = np.random.default_rng(0), self.settings.network.frames
        losses = []
        for start in range(0, len(self.held), 32):
            part = self.held[start : start + 32]
            sounds = np.stack([stretch(mel, frames, 1.0, rng) for mel in part])
            clean = from_mel(torch.from_numpy(sounds)).to(device)
            noise = torch.from_numpy(rng.standard_normal(clean.shape, np.float32)).to(device)
            t = ((torch.arange(len(part)) + 0.5) / len(part)).to(device)
            told = torch.stack(self.held_words[start : start + 32]).to(device)
            made = self.model(mix(clean, noise, t), t, told)
            losses.append(velocity_loss(made, clean, t))
        return float(torch.cat(losses).mean())

    def export(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        facts = {"config": asdict(self.settings.network), "commercial": self.commercial}
        weights.save("sound-generator", self.model.state_dict(), facts, folder)


def _mel(joint: JointEncoder, clip: Clip) -> Mel:
    samples = torch.from_numpy(normalise_level(clip.samples))
    mel: Mel = joint.front(samples[None])[0].numpy()
    return mel


def _told(joint: JointEncoder, slugs: list[str]) -> dict[str, Tensor]:
    """Embeddings [N, 512] of what is said of each concept's sound."""
    told = {}
    for slug in slugs:
        texts = [concept(slug).name, *heard(slug), *phrases(slug)]
        told[slug] = embed_texts(texts, joint.words, joint.tokenizer)
    return told


def _maps(tower: SoundTower, mel: Tensor) -> list[Tensor]:
    """What leaves each activation of a tower's convolutions, for log-mels [B, 64, T]."""
    h = (mel[:, None] - tower.MEAN) / tower.SPREAD
    h, maps = h.contiguous(memory_format=torch.channels_last), []
    for layer in tower.stem.layers.children():
        h = layer(h)
        if isinstance(layer, nn.SiLU):
            maps.append(h)
    return maps


def build(context: Context, table: Mapping[str, Any]) -> SoundStage:
    """The stage with the settings of a recipe's table."""
    return SoundStage(
        context.data,
        from_table(SoundSettings, table, context.where),
        context.weights,
        context.start,
        commercial=context.commercial,
    )
