"""How a picture changed, and what that asks of a sound."""

from functools import cached_property
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray

from sonolume.correspondence.confidence import fitted
from sonolume.correspondence.soft_prior import (
    SoftPrior,
    embedding_change,
    soft_targets,
    style_scores,
)
from sonolume.correspondence.style_words import StyleSpace, embed_style_words
from sonolume.media import Picture
from sonolume.models.joint import JointEncoder

__all__ = ["Look"]

SIDE: Final = 128
ENCODER: Final = "pocket"


class Look:
    """The pocket joint encoder, as the soft prior needs it."""

    def __init__(self, joint: JointEncoder) -> None:
        self.joint = joint

    def change(self, before: Picture, after: Picture) -> NDArray[np.float64]:
        """Embedding of the picture after minus that of the picture before, [512]."""
        return embedding_change(self._embedded(before), self._embedded(after))

    def soft(self, change: NDArray[np.float64]) -> SoftPrior:
        """Targets by the style words among which the embedding moved."""
        scores = style_scores(change, self._space, fitted(ENCODER))
        return soft_targets(scores, self._space)

    @cached_property
    def _space(self) -> StyleSpace:
        return embed_style_words(lambda texts: self.joint.embed_words(texts).cpu().numpy())

    def _embedded(self, picture: Picture) -> NDArray[np.float64]:
        square = torch.from_numpy(picture.centre_square(SIDE).to_float())
        vectors = self.joint.embed_pictures(square[None].to(self.joint.anchors.device))
        return vectors[0].double().cpu().numpy()
