"""Where the sounds of instruments come from: one protocol, and the choice of the best take."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol

import torch
import torch.nn.functional as F
from torch import Tensor

from sonolume.errors import OptionError
from sonolume.media import Audio
from sonolume.models.joint import JointEncoder
from sonolume.music.foley import synthesise
from sonolume.music.scene import Source
from sonolume.signal.mel import RATE

__all__ = ["FoleySounds", "JointLikeness", "Likeness", "SoundMaker", "best_of", "likest"]

MOST: Final = 64  # sounds at once
HEARD: Final = 10.0  # seconds of a sound that are compared


class SoundMaker(Protocol):
    """What makes the sounds of a source."""

    def make(self, source: Source, count: int, seed: int) -> list[Audio]:
        """Up to ``count`` different sounds of it, at least one; the same for the same seed.

        Raises OptionError for a count that is not 1 to 64 or a seed below 0.
        """
        ...


class Likeness(Protocol):
    """A space in which words and sounds are compared."""

    def embed_words(self, texts: list[str]) -> Tensor:
        """Unit vectors [B, D]."""
        ...

    def embed_audio(self, sound: Audio) -> Tensor:
        """A unit vector [D]."""
        ...


class JointLikeness:
    """See `Likeness`: the joint encoder; of a long sound it hears the first ten seconds."""

    def __init__(self, joint: JointEncoder) -> None:
        self.joint = joint

    def embed_words(self, texts: list[str]) -> Tensor:
        return F.normalize(self.joint.embed_words(texts), dim=-1)

    def embed_audio(self, sound: Audio) -> Tensor:
        heard = sound.samples[:, : max(1, round(HEARD * sound.rate))]
        mono = Audio(heard, sound.rate).mono().resample(RATE)
        return self.joint.embed_sound(mono.samples[0])


@dataclass(frozen=True)
class FoleySounds:
    """See `SoundMaker`: synthesised by `music.foley`, ``seconds`` long at ``rate`` Hz."""

    seconds: float = 4.0
    rate: int = 44100

    def make(self, source: Source, count: int, seed: int) -> list[Audio]:
        check_order(count, seed)
        takes = range(seed * MOST, seed * MOST + count)
        return [synthesise(source, seconds=self.seconds, rate=self.rate, seed=t) for t in takes]


def check_order(count: int, seed: int) -> None:
    """What every maker refuses, see `SoundMaker.make`."""
    if not 1 <= count <= MOST:
        raise OptionError(f"{count} sounds of a source; expected 1 to {MOST}")
    if seed < 0:
        raise OptionError(f"a seed of {seed}; expected 0 or more")


@torch.inference_mode()
def best_of(
    maker: SoundMaker, source: Source, likeness: Likeness, *, count: int = 1, of: int = 4, seed: int
) -> list[Audio]:
    """The ``count`` of ``of`` takes that are most like the source's prompt, best first.

    Raises OptionError unless 1 ≤ count ≤ of ≤ 64.
    """
    if not 1 <= count <= of:
        raise OptionError(f"the best {count} of {of} takes; expected at least as many takes")
    takes = maker.make(source, of, seed)
    if len(takes) <= 1:
        return takes
    (wanted,) = likeness.embed_words([source.prompt])
    return likest(takes, wanted, likeness)[:count]


@torch.inference_mode()
def likest(takes: Sequence[Audio], wanted: Tensor, likeness: Likeness) -> list[Audio]:
    """Sounds in the order of their likeness to a unit vector [D] of that space, best first."""
    alike = torch.stack([likeness.embed_audio(take) for take in takes]) @ wanted
    order = alike.argsort(descending=True, stable=True)
    return [takes[at] for at in order.tolist()]
