"""The best of several pictures: of those from seeds in a row, the nearest to what was asked for.

Samples of a generator ranked by an encoder of pictures and words, as A. Ramesh et al. did it
("Zero-shot text-to-image generation", ICML 2021, section 2.6), here for sounds, too. The encoder is
the pocket joint space, at either size of painter.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final, Protocol

import torch
import torch.nn.functional as F
from torch import Tensor

from sonolume.diffusion.energies import spherical_distance
from sonolume.errors import OptionError
from sonolume.media import Picture
from sonolume.pipelines.guide.parts import GuideEncoder, Kind
from sonolume.pipelines.guide.request import hear, pixels_of
from sonolume.pipelines.paint.parts import PaintParts
from sonolume.pipelines.paint.pipeline import Sound
from sonolume.pipelines.paint.settings import PaintRequest, PaintSettings

__all__ = ["BestOf", "heard_by", "ranker_of"]

MOST: Final = 64
AT_ONCE: Final = 16  # pictures in a batch
SEEDS: Final = 2**63


class Painter(Protocol):
    """The part of `PaintPipeline` that paints."""

    def paint_many(
        self, requests: Sequence[PaintRequest], settings: PaintSettings | None = None, /
    ) -> list[Picture]: ...


class BestOf:
    """Paints ``count`` pictures for each one that is asked for, with seeds from the request's on,
    and keeps the nearest to its words and sound.

    Distances are those of `guide`: spherical, over their spread for each kind of prompt, the sound
    times its strength. A picture's provenance has the seed that won, and paints it alone again.

    Args:
        painter: see `PaintPipeline`.
        encoder: what ranks.
        count: 1 to 64. Raises OptionError for another one.
    """

    def __init__(self, painter: Painter, encoder: GuideEncoder, count: int) -> None:
        if not isinstance(count, int) or isinstance(count, bool) or not 1 <= count <= MOST:
            raise OptionError(f"best of {count!r}: expected a whole number from 1 to {MOST}")
        self.painter, self.encoder, self.count = painter, encoder, count

    def paint(
        self,
        request: PaintRequest,
        settings: PaintSettings | None = None,
        *,
        heard: Tensor | None = None,
    ) -> Picture:
        """The best picture for a request.

        ``heard`` is the encoder's embedding [D] of the request's sound, where that is not the
        painter's own.
        """
        tried = [
            replace(request, seed=(request.seed + place) % SEEDS) for place in range(self.count)
        ]
        pictures = [
            picture
            for start in range(0, self.count, AT_ONCE)
            for picture in self.painter.paint_many(tried[start : start + AT_ONCE], settings)
        ]
        far = self._distances(pictures, request, request.sound if heard is None else heard)
        told = {"best_of": {"count": self.count, "first_seed": request.seed}}
        best = replace(tried[int(far.argmin())], notes={**request.notes, **told})
        # Painted once more: in a batch it differs by rounding from what its file says of it.
        return self.painter.paint_many([best], settings)[0]

    def paint_many(
        self, requests: Sequence[PaintRequest], settings: PaintSettings | None = None, /
    ) -> list[Picture]:
        """The best picture for each request; the encoder hears its sound as the painter does."""
        return [self.paint(request, settings) for request in requests]

    @torch.no_grad()
    def _distances(
        self, pictures: Sequence[Picture], request: PaintRequest, sound: Tensor | None
    ) -> Tensor:
        """Of pictures, [B]."""
        side, device = self.encoder.side, self.encoder.device
        pixels = torch.stack([pixels_of(picture) for picture in pictures]).to(device)
        small = F.interpolate(pixels, (side, side), mode="bilinear", antialias=True)
        seen = self.encoder.embed_pictures(small)
        far = seen.new_zeros(len(pictures))
        for kind, weight, place in self._places(request, sound):
            spread = self.encoder.spreads.get(kind, 1.0)
            far += weight / spread * spherical_distance(seen, place.to(seen))
        return far

    def _places(
        self, request: PaintRequest, sound: Tensor | None
    ) -> Iterator[tuple[Kind, float, Tensor]]:
        if request.words:
            yield "words", 1.0, self.encoder.embed_words([request.words])[0]
        if sound is not None and request.strength > 0:
            yield "sound", request.strength, sound


def ranker_of(parts: PaintParts) -> GuideEncoder:
    """The pocket joint encoder: a pocket painter's own, else the package's."""
    from sonolume.pipelines.guide.pocket import PocketEncoder
    from sonolume.pipelines.paint.pocket import PocketParts

    if isinstance(parts, PocketParts):
        return PocketEncoder(parts)
    return PocketEncoder(PocketParts(device=str(parts.device)))


def heard_by(encoder: GuideEncoder, parts: PaintParts, sound: Sound | None) -> Tensor | None:
    """What an encoder of `ranker_of` hears of a sound; None where the painter hears the same."""
    from sonolume.pipelines.paint.pocket import PocketParts

    if sound is None or isinstance(parts, PocketParts):
        return None
    return hear(encoder, sound)[0]
