"""The pocket sound generator and its vocoder, as the diffusion engine of `restyle` needs them."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import torch
import torch.nn.functional as F
from torch import Tensor

from sonolume.correspondence.style_words import embed_style_words
from sonolume.diffusion.sounds import HIGHEST, LOWEST
from sonolume.diffusion.windows import starts
from sonolume.errors import ModelError
from sonolume.hub import weights
from sonolume.hub.generator import GENERATOR, VOCODER, load_generator, load_vocoder
from sonolume.models.joint import JointEncoder
from sonolume.models.sound_generator import SoundGenerator, from_mel, to_mel
from sonolume.models.vocoder import Vocoder, vocode
from sonolume.pipelines.restyle.engine_parts import Condition, Style
from sonolume.signal.mel import HOP, RATE

__all__ = ["PocketGenerator", "load_pocket_generator"]

REACH: Final = 2.0  # how far the joint embedding goes for a pair of words with evidence 1


@dataclass(frozen=True)
class PocketGenerator:
    """See `engine_parts.Generator`: states are log-mels [1, 64, T] at 16 kHz."""

    joint: JointEncoder
    generator: SoundGenerator
    vocoder: Vocoder
    folder: Path = weights.FOLDER
    rate: int = RATE

    @property
    def window(self) -> int:
        return self.generator.config.frames

    def encode(self, samples: Tensor) -> Tensor:
        mel = self.joint.front(samples[None].to(self.joint.anchors.device))
        short = max(0, self.window - mel.shape[-1])
        return F.pad(from_mel(mel), (0, short), value=float(from_mel(torch.tensor(LOWEST))))

    def decode(self, state: Tensor) -> Tensor:
        return vocode(self._mel(state), self.vocoder)[0]

    def bands(self, state: Tensor) -> Tensor:
        return self._mel(state)[0]

    def conditions(self, samples: Tensor, style: Style) -> tuple[Condition, Condition]:
        """Joint embeddings [W, 512]: of each window, and moved along the opposed words."""
        length = max(self.window, samples.shape[0] // HOP + 1)
        heard = []
        for start in starts(length, self.window):
            part = samples[start * HOP : (start + self.window) * HOP].cpu().numpy()
            heard.append(self.joint.embed_windows([part]).mean(0))
        source = F.normalize(torch.stack(heard), dim=-1)
        return (source,), (F.normalize(source + REACH * self._direction(style), dim=-1),)

    def share(self, style: Style) -> float:
        return 1.0

    def predict(self, x: Tensor, t: Tensor, told: Condition) -> Tensor:
        clean: Tensor = self.generator(x, t, *told)
        return clean

    def provenance(self) -> dict[str, object]:
        names = ("joint-sound", "joint-words", GENERATOR, VOCODER)
        hashes = {name: weights.sha256(name, self.folder) for name in names}
        return {"folder": str(self.folder.resolve()), "hashes": hashes}

    def _mel(self, state: Tensor) -> Tensor:
        return to_mel(state).clamp(LOWEST, HIGHEST)

    def _direction(self, style: Style) -> Tensor:
        """[512]: half the way from each pair's low word to its high one, by the evidence."""
        space = embed_style_words(lambda texts: self.joint.embed_words(texts).cpu().numpy())
        way = style.evidence @ (space.words[1] - space.words[0]) / 2
        return torch.from_numpy(way).float().to(self.joint.anchors.device)


def load_pocket_generator(
    joint: JointEncoder, folder: Path = weights.FOLDER, device: str | None = None
) -> PocketGenerator:
    """The generator and the vocoder of `folder`.

    Raises ModelError when one is missing, which says how to train it, or broken.
    """
    missing = [name for name in (GENERATOR, VOCODER) if name not in weights.names(folder)]
    if missing:
        raise ModelError(
            f"{folder} holds no {' and no '.join(missing)}, which the diffusion engine needs: "
            "train them (`sonolume train sound`, `sonolume train vocoder`) and give their folder, "
            "give AudioLDM 2 or Stable Audio as the generator, or use the engine rack"
        )
    place = torch.device(device or "cpu")
    return PocketGenerator(
        joint.to(place), load_generator(folder).to(place), load_vocoder(folder).to(place), folder
    )
