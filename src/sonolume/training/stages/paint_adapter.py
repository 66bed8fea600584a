"""What the three painting stages share: a frozen base, pairs, and the parts that hear."""

from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from sonolume.data.licences import COMMERCIAL
from sonolume.data.pairs import PairMaker
from sonolume.data.shards import read_photos, read_sounds
from sonolume.diffusion.flow import logit_normal_times, mix, sample_euler, times, velocity_loss
from sonolume.diffusion.guidance import guide
from sonolume.diffusion.schedule import Schedule, emphasis
from sonolume.errors import OptionError
from sonolume.hub import weights
from sonolume.hub.joint import load_joint
from sonolume.hub.painter import load_base, load_painter
from sonolume.media import Picture
from sonolume.media.grid import grid
from sonolume.models.audio_tokens import AudioTokens, AudioTokensConfig
from sonolume.models.denoiser import PocketDenoiser
from sonolume.models.words import masked_mean
from sonolume.training.clips import embed_clips
from sonolume.training.pixels import crop, to_float
from sonolume.training.reading import read_words
from sonolume.training.start import check_terms

BUILT_UPON = ("joint-words", "joint-sound", "joint-picture", "painter-base")
SHOWN_SOUNDS = ("thunder", "rain", "waves", "dog", "songbird", "churchbell", "fire", "train")
SHOWN_WORDS = ("", "a beach", "a city", "a forest")


@dataclass(frozen=True)
class PaintSettings:
    batch: int = 24
    time_mean: float = -0.4
    states: float = 0.3  # share of state pairs
    composed: float = 0.2  # share of a concept heard in a scene that the words name
    distil: float = 0.8  # how much of the loss asks for what the base paints of the whole in words
    as_picture: float = 0.15  # share of items heard through the photo's own embedding
    jitter: float = 0.03  # noise added to embeddings: nearby sounds should paint alike
    crops: int = 3  # embeddings computed of every clip
    zoom: float = 0.12
    longest: int = 32
    schedule: Schedule = "smooth"
    hear: AudioTokensConfig = field(default_factory=AudioTokensConfig)

    def __post_init__(self) -> None:
        if not 0 <= self.hear.speaks <= self.longest:
            found = f"hear.speaks {self.hear.speaks}"
            raise OptionError(f"{found}: expected 0 to longest, which is {self.longest}")


class Hearing(nn.Module):
    """What is trained and saved as `painter-audio`: tokens, and the modules that read them."""

    def __init__(self, tokens: AudioTokens, denoiser: PocketDenoiser) -> None:
        super().__init__()
        self.tokens = tokens
        self.attention = nn.ModuleList(block.audio for block in denoiser.layers)
        self.summary = denoiser.audio


class PaintAdapter:
    """Data, frozen base and trained parts; the stages add their losses."""

    name = "paint"

    def __init__(
        self,
        data: Path,
        settings: PaintSettings,
        models: Path = weights.FOLDER,
        start: Path | None = None,
        *,
        commercial: bool = False,
    ) -> None:
        self.settings, self.commercial = settings, commercial
        for name in BUILT_UPON:
            check_terms(name, models, commercial=commercial)
        self.joint = load_joint(models)
        if start is None:
            self.denoiser = load_base(models)
            tokens = AudioTokens(settings.hear)
            self._read_as_words(1 / tokens.config.loudness)
        else:
            check_terms("painter-audio", start, commercial=commercial)
            self.denoiser, tokens = load_painter(start, models)
            tokens.config = replace(tokens.config, speaks=settings.hear.speaks)
        self.denoiser.requires_grad_(False)
        self.model = Hearing(tokens, self.denoiser).requires_grad_(True)
        licences = COMMERCIAL if commercial else None
        clips = list(read_sounds(data, "train", licences=licences))
        photos = list(read_photos(data, "train", licences=licences))
        self.sounds = embed_clips(self.joint, clips, settings.crops)  # [clips, crops, 512]
        self.clip_concepts = [clip.concept for clip in clips]
        self.pairs = PairMaker(self.clip_concepts, photos, settings.states, settings.composed)
        held = list(read_sounds(data, "validation"))
        self.shown = {
            slug: embed_clips(self.joint, [clip], 1)[0, 0]
            for slug in SHOWN_SOUNDS
            for clip in [next((c for c in held if c.concept == slug), None)]
            if clip is not None
        }

    def _read_as_words(self, gain: float) -> None:
        """Let the audio modules begin as copies of those that read words."""
        for block in self.denoiser.layers:
            block.audio.start_from(block.norm_words, block.attend_words, gain)
        nothing = masked_mean(self.joint.word_states([""]))[0]
        self.denoiser.audio.start_from(self.denoiser.summary, nothing, gain)

    def batch(self, rng: np.random.Generator) -> dict[str, Tensor]:
        s = self.settings
        pairs = [self.pairs.draw(rng) for _ in range(s.batch)]
        side = self.denoiser.config.side
        pictures = to_float(np.stack([crop(p.pixels, side, s.zoom, rng) for p in pairs]))
        words, whole = (
            self.joint.tokenizer.encode(texts, s.longest)
            for texts in ([p.words for p in pairs], [p.whole for p in pairs])
        )
        crops = rng.integers(s.crops, size=len(pairs))
        heard = torch.stack([self.sounds[p.sound, c] for p, c in zip(pairs, crops, strict=True)])
        noise = torch.from_numpy(rng.normal(0, 1, heard.shape).astype(np.float32))
        return {
            "pictures": pictures,
            "words": words,
            "whole": whole,
            "true": torch.tensor([p.true for p in pairs]),
            "heard": heard,
            "noise": s.jitter * noise,
            "seen": torch.from_numpy(rng.random(len(pairs)) < s.as_picture),
            "alone": torch.tensor([not p.words for p in pairs]),
        }

    def hear(self, batch: dict[str, Tensor]) -> Tensor:
        """Embeddings [B, 512]: of the sounds, some of the photos in their place, jittered."""
        seen = batch["seen"][:, None]
        with torch.no_grad(), torch.autocast(seen.device.type, enabled=False):
            joint, pictures = self.joint.to(seen.device), batch["pictures"]
            looked = joint.embed_pictures(pictures[batch["seen"]]) if bool(seen.any()) else None
        heard = batch["heard"]
        if looked is not None:
            heard = heard.masked_scatter(seen, looked.clone())
        return F.normalize(heard + batch["noise"], dim=-1)

    def predict(self, batch: dict[str, Tensor]) -> tuple[Tensor, Tensor, Tensor]:
        """Noisy pictures, times [B], and the clean pictures predicted with the sound heard."""
        pictures = batch["pictures"]
        t = logit_normal_times(len(pictures), self.settings.time_mean).to(pictures)
        hear = self.model.tokens
        tokens = hear.tokens(self.hear(batch))
        heard = hear.at(tokens, emphasis(t, self.settings.schedule))
        x = mix(pictures, torch.randn_like(pictures), t)
        words = read_words(self.joint.words, batch["words"])
        if hear.config.speaks:
            alone = batch["alone"][:, None, None]
            words = torch.where(alone, hear.spoken(tokens)[:, : words.shape[1]], words)
            heard = heard.masked_fill(alone, 0)
        clean = self.denoiser.to(x.device)(x, t, words, heard).float()
        return x, t, clean

    def losses(
        self, batch: dict[str, Tensor], x: Tensor, t: Tensor, clean: Tensor
    ) -> tuple[Tensor, Tensor]:
        """The flow loss to photos that are true to what is told, and the distillation loss to what
        the base predicts of words that say the whole, which has no photo's noise in it."""
        flow = velocity_loss(clean, batch["pictures"], t)[batch["true"]]
        with torch.no_grad():
            taught = self.denoiser(x, t, read_words(self.joint.words, batch["whole"])).float()
        return flow.sum() / len(x), velocity_loss(clean, taught, t).mean()

    def mixed(self, flow: Tensor, distil: Tensor) -> Tensor:
        """Both losses as the settings weigh them."""
        share = self.settings.distil
        return (1 - share) * flow + share * distil

    def gates(self) -> Tensor:
        """The mean opening of the gates, tanh(gate) in absolute value."""
        gates = [block.audio.gate for block in self.denoiser.layers]
        opened = torch.stack([*gates, self.denoiser.audio.gate]).detach()
        return opened.tanh().abs().mean()

    def validate(self, folder: Path) -> dict[str, float]:
        """Paint held-out sounds under a few words into `samples.png`."""
        folder.mkdir(parents=True, exist_ok=True)
        cells = [(sound, words) for words in SHOWN_WORDS for sound in self.shown]
        pictures = self._paint(cells)
        sheet = grid(
            pictures,
            columns=len(self.shown),
            column_labels=list(self.shown),
            row_labels=[words or "(no words)" for words in SHOWN_WORDS],
        )
        sheet.save(folder / "samples.png", force=True)
        return {"gates": float(self.gates())}

    def export(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        tensors = {f"tokens.{k}": v for k, v in self.model.tokens.state_dict().items()}
        for key, value in self.denoiser.audio_parameters().items():
            tensors[f"denoiser.{key}"] = value.detach()
        facts = {"config": asdict(self.model.tokens.config), "commercial": self.commercial}
        weights.save("painter-audio", tensors, facts, folder)

    def _paint(self, cells: list[tuple[str, str]]) -> list[Picture]:
        side, device = self.denoiser.config.side, next(self.model.parameters()).device
        generator = torch.Generator().manual_seed(0)
        noise = torch.randn(1, 3, side, side, generator=generator).expand(len(cells), -1, -1, -1)
        states = self.joint.to(device).word_states([*(words for _, words in cells), ""])
        hear = self.model.tokens
        tokens = hear.tokens(torch.stack([self.shown[sound] for sound, _ in cells]).to(device))
        named = torch.tensor([bool(words) for _, words in cells], device=device)
        words, beside = states[:-1], torch.ones(len(cells), device=device)
        if hear.config.speaks:
            words = torch.where(named[:, None, None], words, hear.spoken(tokens))
            beside = named.float()
        denoise = guide(
            self.denoiser.to(device),
            words,
            states[-1:].expand(len(cells), -1, -1),
            lambda t: hear.at(tokens, emphasis(t, self.settings.schedule)),
            text_scale=3.0,
            audio_scale=3.0 * beside,
        )
        clean = sample_euler(denoise, noise.to(device), times(16))
        return [Picture.from_float(row.cpu().numpy()) for row in clean]
