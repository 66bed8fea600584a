"""The pocket sound generator and its vocoder, as the diffusion engine of `restyle` needs them."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from sonolume.correspondence.descriptors import DESCRIPTORS
from sonolume.diffusion.sounds import HIGHEST, LOWEST
from sonolume.diffusion.windows import starts
from sonolume.errors import ModelError
from sonolume.hub import weights
from sonolume.hub.generator import GENERATOR, VOCODER, load_generator, load_vocoder
from sonolume.hub.style import FILM, MAP, load_film, load_map
from sonolume.models.film import Film, film_layers, installed
from sonolume.models.joint import JointEncoder
from sonolume.models.sound_generator import SoundGenerator, from_mel, to_mel
from sonolume.models.style_map import StyleMap
from sonolume.models.vocoder import Vocoder, vocode
from sonolume.pipelines.restyle.chains.propose import FARTHEST, UNMOVED
from sonolume.pipelines.restyle.engine.parts import Condition, Style
from sonolume.pipelines.restyle.engine.words import moved_along, word_ways
from sonolume.signal.cues import CUES
from sonolume.signal.mel import HOP, RATE

__all__ = ["Modulation", "PocketGenerator", "load_pocket_generator"]

WORDS: Final = 3.0  # guidance by words alone; heads say how far


@dataclass(frozen=True)
class PocketGenerator:
    """See `parts.Generator`: states are log-mels [1, 64, T] at 16 kHz.

    With a modulation it is told heads, too, and its own guidance is 1.
    """

    joint: JointEncoder
    generator: SoundGenerator
    vocoder: Vocoder
    folder: Path = weights.FOLDER
    rate: int = RATE
    modulation: "Modulation | None" = None

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
        evidence = torch.from_numpy(style.evidence).to(source)[None]
        target = moved_along(source, evidence, word_ways(self.joint))
        if self.modulation is None:
            return (source,), (target,)
        tokens, gains = self.modulation.heads(style)
        tokens, gains = (each.expand(len(source), *each.shape[1:]) for each in (tokens, gains))
        return (source, tokens, torch.zeros_like(gains)), (target, tokens, gains)

    @property
    def guidance(self) -> float:
        return WORDS if self.modulation is None else 1.0

    def share(self, style: Style) -> float:
        return 1.0

    def predict(self, x: Tensor, t: Tensor, told: Condition) -> Tensor:
        if self.modulation is None:
            clean: Tensor = self.generator(x, t, *told)
            return clean
        embedding, tokens, gains = told
        with self.modulation.film.telling(tokens, gains):
            moved: Tensor = self.generator(x, t, embedding)
        return moved

    def provenance(self) -> dict[str, object]:
        names = ["joint-sound", "joint-words", GENERATOR, VOCODER]
        names += [] if self.modulation is None else [MAP, FILM]
        hashes = {name: weights.sha256(name, self.folder) for name in names}
        return {"folder": str(self.folder.resolve()), "hashes": hashes}

    def _mel(self, state: Tensor) -> Tensor:
        return to_mel(state).clamp(LOWEST, HIGHEST)


@dataclass(frozen=True)
class Modulation:
    """What moves a generator's layers: a map from what is asked to heads, and their modulation,
    which is installed in the generator."""

    map: StyleMap
    film: Film

    def heads(self, style: Style) -> tuple[Tensor, Tensor]:
        """Tokens [1, 6, D] and gains [1, 6]; all gains are 0 where nothing is asked."""
        seen = [float(np.clip(style.seen.get(n, 0.0), -FARTHEST, FARTHEST)) for n in DESCRIPTORS]
        asked = [0.0 if name in UNMOVED else style.values.get(name, 0.0) for name in CUES]
        rows = (torch.tensor([each], device=self.map.mean.device) for each in (seen, asked))
        first, second = rows
        tokens, gains = self.map(first, second, torch.zeros_like(second))
        return tokens, gains


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
    generator, modulation = load_generator(folder), None
    if {MAP, FILM} <= set(weights.names(folder)):
        film = load_film(generator, folder)
        installed(film, [layer for layer, _ in film_layers(generator)])
        modulation = Modulation(load_map(folder).to(place), film.to(place))
    vocoder = load_vocoder(folder).to(place)
    return PocketGenerator(
        joint.to(place), generator.to(place), vocoder, folder, modulation=modulation
    )
