"""Where the concepts lie in the joint space."""

import torch
import torch.nn.functional as F
from torch import Tensor

from sonolume.data.concepts import concepts, phrases
from sonolume.models.tokenizer import PAD, WordTokenizer
from sonolume.models.words import WordTower


def concept_anchors(tower: WordTower, tokenizer: WordTokenizer) -> Tensor:
    """Unit embeddings [concepts, 512]: the mean over each concept's name and phrases."""
    rows, device = [], tower.positions.device
    with torch.no_grad():
        for item in concepts():
            ids = tokenizer.encode([item.name, *phrases(item.slug)]).to(device)
            longest = int((ids != PAD).sum(1).max())
            rows.append(tower(ids[:, :longest]).mean(0))
    return F.normalize(torch.stack(rows), dim=-1)
