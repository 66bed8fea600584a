"""The pocket painter's parts, from the weights inside the package."""

import shutil
from collections.abc import Iterable
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from sonolume.hub import weights
from sonolume.hub.joint import load_joint
from sonolume.hub.painter import load_painter
from sonolume.hub.upscaler import load_upscaler
from sonolume.models.upscaler import upscale
from sonolume.signal.mel import RATE

NAMES = ("joint-words", "joint-sound", "joint-picture", "painter-base", "painter-audio", "upscaler")


class PocketParts:
    """See `PaintParts`; everything is loaded here, once."""

    rate = RATE
    steps = 12
    shift = 4.0  # what a small picture shows is decided in its first moments
    text_scale, audio_scale, audio_alone = 4.5, 3.0, 4.5  # beside words, a sound is to leave them

    def __init__(self, folder: Path = weights.FOLDER, device: str | None = None) -> None:
        self.name = "pocket" if folder == weights.FOLDER else str(folder)
        self.folder = folder
        self.device = torch.device(device or "cpu")
        self.joint = load_joint(folder).to(self.device)
        self.denoiser, self.audio_tokens = load_painter(folder)
        self.denoiser.to(self.device)
        self.audio_tokens.to(self.device)
        self.upscaler = load_upscaler(folder).to(self.device)
        side = self.denoiser.config.side
        self.shape = (3, side, side)
        self.native, self.side = side, 2 * side
        self.small = self.device.type == "cpu"

    def encode_words(self, texts: list[str]) -> Tensor:
        return self.joint.word_states(texts).to(self.device)

    def knows(self, text: str) -> bool:
        return any(len(piece) > 1 for piece in self.joint.tokenizer.pieces(text))

    def fits(self, text: str) -> bool:
        return self.joint.tokenizer.covers(text)

    def embed_sound(self, blocks: Iterable[NDArray[np.float32]]) -> Tensor:
        return F.normalize(self.joint.embed_windows(blocks).mean(0), dim=-1)

    def decode(self, clean: Tensor, side: int) -> Tensor:
        if side == self.shape[-1]:
            return clean.clamp(-1, 1)
        return upscale(clean.clamp(-1, 1), side, self.upscaler).clamp(-1, 1)

    def hashes(self) -> dict[str, str]:
        return dict(self._hashes)

    @cached_property
    def _hashes(self) -> dict[str, str]:
        return {name: weights.sha256(name, self.folder) for name in NAMES}

    def save(self, folder: Path) -> None:
        """Copy the weight files and their cards."""
        for name in NAMES:
            card = self.folder / f"{name}.md"
            for path in (*weights.files(name, self.folder), *([card] if card.is_file() else [])):
                shutil.copyfile(path, folder / path.name)
