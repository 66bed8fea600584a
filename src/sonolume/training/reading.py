"""Captions, read by the frozen word tower where the training runs."""

import torch
from torch import Tensor

from sonolume.models.words import WordTower

__all__ = ["read_words", "speak"]


def read_words(tower: WordTower, ids: Tensor) -> Tensor:
    """States [B, L, D] of token ids [B, L], at full precision; the tower goes where the ids are."""
    with torch.no_grad(), torch.autocast(ids.device.type, enabled=False):
        return tower.to(ids.device).states(ids)


def speak(tower: WordTower, ids: Tensor) -> Tensor:
    """Unit embeddings [B, 512] of token ids [B, L], as `read_words`."""
    with torch.no_grad(), torch.autocast(ids.device.type, enabled=False):
        spoken: Tensor = tower.to(ids.device)(ids)
    return spoken
