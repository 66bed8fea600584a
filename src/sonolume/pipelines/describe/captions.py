"""Captions from embeddings of the joint space."""

import re
from pathlib import Path
from typing import Protocol

import torch
from torch import Tensor

from sonolume.hub import weights
from sonolume.hub.captioner import load_captioner_parts
from sonolume.models.captioner import KINDS, CaptionKind, CaptionSteps, PrefixCaptioner, begin
from sonolume.models.decoding import BeamSettings, beam_search
from sonolume.models.tokenizer import END, WordTokenizer

__all__ = ["CaptionKind", "Captioner", "PocketCaptioner", "load_captioner", "sentence"]

AT_ONCE = 32  # embeddings
SETTINGS = BeamSettings(width=4, shortest=3, longest=24, eager=True)


class Captioner(Protocol):
    """Writes captions for what lies in a joint space."""

    def captions(self, embeddings: Tensor, kind: CaptionKind) -> list[str]:
        """One sentence for each embedding [B, 512] of a sound or of a picture, unit length."""
        ...


class PocketCaptioner:
    """See `Captioner`; a small language model, and a beam search with `settings`."""

    def __init__(
        self,
        model: PrefixCaptioner,
        tokenizer: WordTokenizer,
        settings: BeamSettings = SETTINGS,
    ) -> None:
        self.model, self.tokenizer = model, tokenizer
        self.settings = settings

    def captions(self, embeddings: Tensor, kind: CaptionKind) -> list[str]:
        starts = range(0, len(embeddings), AT_ONCE)
        return [t for at in starts for t in self._write(embeddings[at : at + AT_ONCE], kind)]

    @torch.inference_mode()
    def _write(self, embeddings: Tensor, kind: CaptionKind) -> list[str]:
        device = self.model.shift.device
        kinds = torch.full((len(embeddings),), KINDS.index(kind), device=device)
        steps = CaptionSteps(
            self.model, self.model.bridge(embeddings.to(device).float(), kinds), kinds
        )
        found = beam_search(steps, begin(len(embeddings), device), END, self.settings)
        return [sentence(self.tokenizer.decode(text.pieces)) for text in found]


def load_captioner(
    folder: Path = weights.FOLDER, *, words: Path | None = None, device: str | None = None
) -> PocketCaptioner:
    """The pocket captioner of `folder`; `words` is the folder of its word tower, if another one.

    Raises ModelError when weights are missing, broken, or do not belong together.
    """
    model, tokenizer = load_captioner_parts(folder, words)
    return PocketCaptioner(model.to(device or "cpu"), tokenizer)


def sentence(text: str) -> str:
    """A caption as it is shown: one space between words, a capital letter, a full stop.

    An empty text stays empty.
    """
    text = re.sub(r"\s+([,.;:!?])", r"\1", " ".join(text.split())).strip(" ,;:")
    if not text:
        return ""
    return text[0].upper() + text[1:] + ("" if text[-1] in ".!?" else ".")
