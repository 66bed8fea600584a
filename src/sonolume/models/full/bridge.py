"""A bridge of words from one joint space into another.

CLAP knows sounds and words, CLIP words and pictures; nothing was trained on both. But the words of
a vocabulary lie in both spaces: a sound is compared with them in the first, and stands in the
second where the words do that fit it best.
"""

from dataclasses import dataclass

import torch.nn.functional as F
from torch import Tensor

NEAREST = 8


@dataclass(frozen=True)
class WordBridge:
    """Carries embeddings from a space into another.

    `here` [N, D] and `there` [N, E] are unit embeddings of the same N phrases in both. `scale`
    turns cosines into logits; the first space's own one makes the weights its zero-shot
    probabilities.
    """

    here: Tensor
    there: Tensor
    scale: float
    nearest: int = NEAREST

    def weights(self, place: Tensor) -> tuple[Tensor, Tensor]:
        """Numbers and weights [nearest] of the phrases that fit `place` [D] best; they sum to 1."""
        best = (self.here @ place.to(self.here)).topk(min(self.nearest, len(self.here)))
        return best.indices, (self.scale * best.values).softmax(0)

    def cross(self, place: Tensor) -> Tensor:
        """A unit vector [D] of the first space → one [E] of the second: the weighted mean."""
        numbers, weights = self.weights(place)
        return F.normalize(weights.to(self.there) @ self.there[numbers], dim=0)
