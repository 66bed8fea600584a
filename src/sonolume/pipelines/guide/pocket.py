"""The pocket prior and the pocket joint encoder, as guidance wants them."""

from collections.abc import Iterable, Mapping

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from sonolume.hub.spreads import read_spreads
from sonolume.models.words import token_mask
from sonolume.pipelines.guide.parts import KINDS, Kind
from sonolume.pipelines.paint.pocket import PocketParts


class PocketPrior:
    """See `GuidePrior`: the painter's unconditional branch, in pixels."""

    place = None

    def __init__(self, parts: PocketParts) -> None:
        self.parts, self.small = parts, parts.small
        self.name, self.device = parts.name, parts.device
        self.shape, self.native, self.side = parts.shape, parts.native, parts.side
        states = parts.encode_words([""])
        # Padding is dropped, as the attention would mask it; inference tensors keep no gradients.
        self.nothing = states[:, : int(token_mask(states).sum())].clone()

    def denoise(self, x: Tensor, t: Tensor) -> Tensor:
        out: Tensor = self.parts.denoiser(x, t, self.nothing.expand(len(x), -1, -1), None)
        return out

    def look(self, clean: Tensor) -> Tensor:
        return clean

    def state(self, pictures: Tensor) -> Tensor:
        return pictures

    def decode(self, clean: Tensor, side: int) -> Tensor:
        return self.parts.decode(clean, side)

    def hashes(self) -> dict[str, str]:
        return self.parts.hashes()


class PocketEncoder:
    """See `GuideEncoder`: the three towers of the joint encoder."""

    def __init__(self, parts: PocketParts) -> None:
        self.parts, self.device, self.small = parts, parts.device, parts.small
        self.name, self.rate = parts.name, parts.rate
        # 96 px are named as well as 128, in half the time; 64, the painter's own, are not.
        self.side = 3 * parts.joint.picture.FULL_SIDE // 4
        read = read_spreads(parts.folder)
        self.spreads: Mapping[Kind, float] = {
            kind: read.kinds[kind] for kind in KINDS if kind in read.kinds
        }

    def embed_words(self, texts: list[str]) -> Tensor:
        return self.parts.joint.embed_words(texts).clone()

    def embed_sound(self, blocks: Iterable[NDArray[np.float32]]) -> Tensor:
        return self.parts.embed_sound(blocks).clone()

    def embed_pictures(self, pictures: Tensor) -> Tensor:
        out: Tensor = self.parts.joint.picture(pictures)
        return out

    def knows(self, text: str) -> bool:
        return self.parts.knows(text)

    def hashes(self) -> dict[str, str]:
        found = self.parts.hashes()
        return {name: found[name] for name in found if name.startswith("joint-")}
