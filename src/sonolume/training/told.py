"""Things with an embedding and captions: what a captioner is trained on."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from sonolume.models.captioner import KINDS, CaptionKind
from sonolume.models.tokenizer import PAD, WordTokenizer
from sonolume.models.words import WordTower


@dataclass(frozen=True)
class Told:
    """Things of one kind, each with one or more embeddings and captions.

    `embeddings` [R, 512] are unit vectors; those of thing i are rows `first[i]` to `first[i + 1]`.
    Any of them is to be told by any of the thing's captions. `noise` is the deviation of the
    Gaussian noise in each of their numbers, which makes up for what an embedding of another kind
    would differ by (CapDec, Nukrai et al. 2022). `chances` [N] are those of being drawn.
    """

    kind: CaptionKind
    embeddings: Tensor
    first: NDArray[np.int64]
    captions: Sequence[tuple[str, ...]]
    noise: float
    chances: NDArray[np.float64] | None = None

    def draw(self, count: int, rng: np.random.Generator) -> tuple[Tensor, list[str]]:
        """Embeddings [count, 512] of drawn things, noise in them, and a caption of each."""
        things = rng.choice(len(self.captions), count, p=self.chances)
        rows = rng.integers(self.first[things], self.first[things + 1])
        noise = rng.standard_normal((count, self.embeddings.shape[1]), dtype=np.float32)
        noisy = self.embeddings[rows].float() + self.noise * torch.from_numpy(noise)
        texts = [self.captions[i][rng.integers(len(self.captions[i]))] for i in things]
        return F.normalize(noisy, dim=-1), texts

    def kinds(self, count: int) -> Tensor:
        """The number of the kind, `count` times."""
        return torch.full((count,), KINDS.index(self.kind))


def told_by_words(
    kind: CaptionKind,
    groups: Sequence[tuple[str, ...]],
    tower: WordTower,
    tokenizer: WordTokenizer,
    noise: float,
) -> Told:
    """Captions as the things that they tell of: the embeddings are those of the captions."""
    first = np.cumsum([0, *map(len, groups)])
    texts = [text for group in groups for text in group]
    return Told(kind, embed_texts(texts, tower, tokenizer), first, groups, noise)


def told_views(
    kind: CaptionKind,
    views: Tensor,
    captions: Sequence[tuple[str, ...]],
    noise: float,
    chances: NDArray[np.float64] | None = None,
) -> Told:
    """Things with as many embeddings each: views [N, V, 512]."""
    first = np.arange(len(captions) + 1) * views.shape[1]
    return Told(kind, views.flatten(0, 1), first, captions, noise, chances)


@torch.no_grad()
def embed_texts(
    texts: Sequence[str], tower: WordTower, tokenizer: WordTokenizer, at_once: int = 128
) -> Tensor:
    """Unit embeddings [N, 512] of texts, computed in the order of their lengths."""
    ids = tokenizer.encode(texts)
    lengths = (ids != PAD).sum(1)
    order = lengths.argsort()
    out = torch.zeros(len(texts), tower.config.embedding)
    for rows in torch.split(order, at_once):
        out[rows] = tower(ids[rows, : int(lengths[rows].max())])
    return out


def mean_gap(shown: Tensor, told: Tensor) -> Tensor:
    """What to add to embeddings shown [N, 512] so that their mean is that of told [N, 512].

    Row i of `told` is the mean over the captions of thing i. The constant distance is most of what
    parts two modalities (Liang et al. 2022).
    """
    return told.mean(0) - shown.mean(0)
