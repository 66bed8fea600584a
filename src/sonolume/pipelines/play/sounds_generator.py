"""Sound effects by the pocket sound generator."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Final

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from sonolume.diffusion.sounds import SCALE, SHIFT, draw_mels
from sonolume.errors import OptionError
from sonolume.hub import weights
from sonolume.hub.generator import GENERATOR, VOCODER, load_generator, load_vocoder
from sonolume.hub.joint import load_joint
from sonolume.media import Audio
from sonolume.models.joint import JointEncoder
from sonolume.models.sound_generator import SoundGenerator
from sonolume.models.vocoder import Vocoder, vocode
from sonolume.music.scene import Source
from sonolume.pipelines.play.sounds import MOST, check_order
from sonolume.signal.mel import RATE
from sonolume.signal.windows import normalise_level

__all__ = ["GeneratorSounds", "load_generator_sounds"]

AT_ONCE: Final = 4  # sounds
READS: Final = ("joint-words", "joint-sound", "joint-picture", GENERATOR, VOCODER)


@dataclass(frozen=True)
class GeneratorSounds:
    """See `SoundMaker`: four seconds, mono, 16 kHz, from words, sounds or pictures.

    Attributes:
        joint: the space that the generator was trained in.
        generator: embedding → log-mel.
        vocoder: log-mel → waveform.
        steps: of the sampler, 1 to 1000.
        guidance: scale of classifier-free guidance, 0 to 30; 1 is none.
        shift: above 1, more of the steps are spent in the noise; 0.1 to 20.
        folder: where the weights came from, for `hashes`.

    Raises OptionError for an option out of range.
    """

    joint: JointEncoder
    generator: SoundGenerator
    vocoder: Vocoder
    steps: int = 20
    guidance: float = SCALE
    shift: float = SHIFT
    folder: Path = weights.FOLDER

    def __post_init__(self) -> None:
        for name, low, high in (("steps", 1, 1000), ("guidance", 0, 30), ("shift", 0.1, 20)):
            if not low <= getattr(self, name) <= high:
                raise OptionError(f"{name} {getattr(self, name)}; expected {low} to {high}")

    def make(self, source: Source, count: int, seed: int) -> list[Audio]:
        """See `SoundMaker`: what the words of the source's prompt ask for."""
        check_order(count, seed)
        seeds = range(seed * MOST, seed * MOST + count)
        return self.draw(self.say([source.prompt]).expand(count, -1), seeds)

    def say(self, texts: list[str]) -> Tensor:
        """Embeddings [B, 512] of words, for `draw`."""
        return self.joint.embed_words(texts)

    def draw(self, embeddings: Tensor, seeds: Sequence[int]) -> list[Audio]:
        """A sound for each embedding [B, 512] of the joint space, of words, a sound or a picture.

        A seed is the same sound in any batch. Raises OptionError for another number of seeds.
        """
        unit = F.normalize(embeddings.to(self.joint.anchors.device), dim=-1)
        parts = range(0, len(unit), AT_ONCE)
        return [s for at in parts for s in self._part(unit[at:][:AT_ONCE], seeds[at:][:AT_ONCE])]

    def _part(self, embeddings: Tensor, seeds: Sequence[int]) -> list[Audio]:
        mels = draw_mels(
            self.generator,
            embeddings,
            seeds,
            steps=self.steps,
            scale=self.guidance,
            shift=self.shift,
        )
        made = normalise_level(vocode(mels, self.vocoder).cpu().numpy())
        peaks = np.abs(made).max(axis=-1, keepdims=True)
        return [Audio(row[None], RATE) for row in made / np.maximum(1.0, peaks)]

    @cached_property
    def hashes(self) -> dict[str, str]:
        """SHA-256 of the weight files, by name."""
        return {name: weights.sha256(name, self.folder) for name in READS}


def load_generator_sounds(
    folder: Path = weights.FOLDER,
    device: str | None = None,
    *,
    joint: JointEncoder | None = None,
    steps: int = 20,
    guidance: float = SCALE,
    shift: float = SHIFT,
) -> GeneratorSounds:
    """The generator and its vocoder of `folder`, with the joint encoder beside them unless given.

    Raises ModelError when weights are missing or broken.
    """
    place = torch.device(device or "cpu")
    heard = joint or load_joint(folder)
    return GeneratorSounds(
        heard.to(place),
        load_generator(folder).to(place),
        load_vocoder(folder).to(place),
        steps,
        guidance,
        shift,
        folder,
    )
