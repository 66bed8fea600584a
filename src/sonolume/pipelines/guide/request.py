"""One picture to make: what was given, checked and embedded."""

import warnings
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from sonolume.errors import OptionError
from sonolume.media import Audio, Extent, Picture, blocks
from sonolume.pipelines.guide.parts import GuideEncoder
from sonolume.pipelines.guide.prompts import Prompt

BLOCK_SECONDS = 60.0  # of a sound held at once
LAST_SEED = 2**63 - 1


@dataclass(frozen=True)
class GuideRequest:
    """Prompts with their places [D] in the encoder's space, and a seed.

    `initial` is of the prior's native side. `notes` go into the provenance. Raises OptionError for
    an unusable seed.
    """

    prompts: tuple[Prompt, ...]
    places: tuple[Tensor, ...]
    seed: int = 0
    initial: Picture | None = None
    notes: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        seed = self.seed
        if not isinstance(seed, int) or isinstance(seed, bool) or not 0 <= seed <= LAST_SEED:
            raise OptionError(f"seed {seed!r}: expected a whole number from 0 to {LAST_SEED}")


def embed_prompts(
    encoder: GuideEncoder, prompts: Iterable[Prompt]
) -> tuple[tuple[Prompt, ...], tuple[Tensor, ...]]:
    """Prompts with their places [D]; silent sounds are left out with a warning.

    Raises OptionError when nothing is left, MediaError for unusable files.
    """
    kept, places = [], []
    for prompt in prompts:
        place = _place(encoder, prompt)
        if place is not None:
            kept.append(prompt)
            places.append(place)
    if not kept:
        raise OptionError("nothing to go to: give words, pictures, or sounds that are not silent")
    return tuple(kept), tuple(places)


def pixels_of(picture: Picture) -> Tensor:
    """[3, H, W] in −1..1."""
    return torch.from_numpy(picture.to_float())


def _place(encoder: GuideEncoder, prompt: Prompt) -> Tensor | None:
    value = prompt.value
    match prompt.kind:
        case "words":
            if not encoder.knows(prompt.told):
                said = f"no word of {prompt.told[:40]!r} is known: expect little of it"
                warnings.warn(said, stacklevel=5)
            return encoder.embed_words([prompt.told])[0]
        case "sound":
            place, silent = hear(encoder, value if isinstance(value, Audio) else str(value))
            if silent:
                warnings.warn(f"{prompt.told} is silent: guiding without it", stacklevel=5)
            return None if silent else place
        case "picture":
            picture = value if isinstance(value, Picture) else Picture.read(str(value))
            square = pixels_of(picture.centre_square(encoder.side))
            with torch.no_grad():
                return encoder.embed_pictures(square[None].to(encoder.device))[0]


def hear(encoder: GuideEncoder, sound: str | Path | Audio) -> tuple[Tensor, bool]:
    """The embedding [D] of a sound of any length, in bounded memory, and whether it is silent."""
    extent = Extent()
    place = encoder.embed_sound(extent.watch(blocks(sound, encoder.rate, BLOCK_SECONDS)))
    return place, extent.is_silent
