"""What a painter is made of, at either size."""

from collections.abc import Iterable
from pathlib import Path
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from sonolume.models.audio_tokens import AudioTokens
from sonolume.models.contract import Denoiser


class PaintParts(Protocol):
    """The parts that differ between the pocket size and the full one.

    `denoiser` works on [B, *shape]; `decode` turns its clean result into pictures
    [B, 3, side, side] in −1..1. `native` is the side that comes out of it unchanged; `side`,
    `steps`, `shift` and the scales of guidance are usual. `rate` (Hz) is what it hears at. `small`
    networks gain nothing from threads within an operation.
    """

    @property
    def name(self) -> str: ...

    @property
    def denoiser(self) -> Denoiser: ...

    @property
    def audio_tokens(self) -> AudioTokens: ...

    @property
    def shape(self) -> tuple[int, int, int]: ...

    device: torch.device
    native: int
    side: int
    steps: int
    shift: float
    text_scale: float
    audio_scale: float
    audio_alone: float
    rate: int
    small: bool

    def encode_words(self, texts: list[str]) -> Tensor:
        """Tokens [B, 77, D] of phrases; "" is the unconditional one."""
        ...

    def knows(self, text: str) -> bool:
        """Whether any piece of the phrase means something to this painter."""
        ...

    def fits(self, text: str) -> bool:
        """Whether the whole phrase is read."""
        ...

    def embed_sound(self, blocks: Iterable[NDArray[np.float32]]) -> Tensor:
        """Embedding [512], unit length, of mono samples in blocks [n] at `rate` Hz."""
        ...

    def decode(self, clean: Tensor, side: int) -> Tensor:
        """Pictures [B, 3, side, side] in −1..1."""
        ...

    def hashes(self) -> dict[str, str]:
        """SHA-256 of each weight file, for the provenance."""
        ...

    def save(self, folder: Path) -> None:
        """Write everything into an empty folder, to be loaded from there."""
        ...
