"""Captions of pictures by full-size models: ClipCap, and what transformers offers."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch

from sonolume.errors import ModelError, OptionError
from sonolume.hub.clip import DEFAULT as CLIP_NAME
from sonolume.hub.clip import load_clip
from sonolume.hub.image_text import load_image_text
from sonolume.hub.interop.clipcap import read_clipcap
from sonolume.hub.interop.tensors import SUFFIXES
from sonolume.hub.pretrained import load_tokenizer
from sonolume.media import Picture
from sonolume.models.decoding import BeamSettings, beam_search
from sonolume.models.full.clip import ClipEncoder
from sonolume.models.full.clipcap import SETTINGS, ClipCap, ClipCapSteps
from sonolume.models.full.image_text import ImageTextModel
from sonolume.pipelines.describe.captions import sentence

__all__ = ["ClipCapCaptioner", "ImageTextCaptioner", "PictureCaptioner", "load_picture_captioner"]

AT_ONCE = 8  # pictures


class PictureCaptioner(Protocol):
    """Writes captions for pictures."""

    def caption_pictures(self, pictures: Sequence[Picture]) -> list[str]:
        """One sentence for each picture."""
        ...


class ClipCapCaptioner:
    """See `PictureCaptioner`. `clip` sees, `model` writes in the pieces of `tokenizer`, GPT-2's.

    As published, CLIP's embeddings are read as they come; `unit` gives them unit length, for
    weights that were trained so. Raises ModelError when CLIP's embeddings are of another width.
    """

    def __init__(
        self,
        clip: ClipEncoder,
        model: ClipCap,
        tokenizer: Any,
        settings: BeamSettings = SETTINGS,
        *,
        unit: bool = False,
    ) -> None:
        width, wanted = clip.model.config.projection_dim, model.config.embedding
        if width != wanted:
            raise ModelError(
                f"ClipCap reads {wanted} numbers of CLIP, this CLIP gives {width}; published "
                "weights of 512 were trained on openai/clip-vit-base-patch32"
            )
        self.clip, self.model, self.tokenizer = clip, model, tokenizer
        self.settings, self.unit = settings, unit
        self.stop = int(tokenizer.encode(".")[0])

    def caption_pictures(self, pictures: Sequence[Picture]) -> list[str]:
        starts = range(0, len(pictures), AT_ONCE)
        return [text for at in starts for text in self._write(pictures[at : at + AT_ONCE])]

    @torch.inference_mode()
    def _write(self, pictures: Sequence[Picture]) -> list[str]:
        squares = [picture.centre_square(self.clip.side).to_float() for picture in pictures]
        device = self.clip.model.device
        seen = self.clip.picture_features(torch.from_numpy(np.stack(squares)).to(device))
        if self.unit:
            seen = torch.nn.functional.normalize(seen, dim=-1)
        steps = ClipCapSteps(self.model, seen)
        start = torch.zeros(len(pictures), 0, dtype=torch.long, device=device)
        found = beam_search(steps, start, self.stop, self.settings)
        return [sentence(self.tokenizer.decode(text.pieces)) for text in found]


class ImageTextCaptioner:
    """See `PictureCaptioner`; BLIP, SmolVLM and their kind."""

    def __init__(self, model: ImageTextModel) -> None:
        self.model = model

    def caption_pictures(self, pictures: Sequence[Picture]) -> list[str]:
        starts = range(0, len(pictures), AT_ONCE)
        parts = [[p.pixels for p in pictures[at : at + AT_ONCE]] for at in starts]
        return [sentence(text) for part in parts for text in self.model.write(part)]


def load_picture_captioner(
    model: str | Path,
    *,
    clip: str | Path | None = None,
    tokenizer: str | Path = "openai-community/gpt2",
    unit: bool = False,
    device: str | None = None,
) -> PictureCaptioner:
    """The captioner that `model` is: a ClipCap checkpoint file, or a folder or name on the hub.

    `clip` is CLIP for a ClipCap file (ViT-B/32 if not given), `tokenizer` the folder or name of
    GPT-2's vocabulary, `unit` whether the weights were trained on embeddings of unit length.

    Raises ModelError and InteropError for unusable weights, OptionError for a CLIP beside a model
    that sees by itself.
    """
    place = torch.device(device or "cpu")
    path = Path(model)
    if path.is_file() or path.suffix in SUFFIXES:
        network = read_clipcap(path).to(place)
        words = load_tokenizer("GPT2Tokenizer", tokenizer, network.gpt.config.vocab_size)
        return ClipCapCaptioner(load_clip(clip or CLIP_NAME, place), network, words, unit=unit)
    if clip is not None or unit:
        raise OptionError(f"{model} sees by itself; leave clip and unit out")
    return ImageTextCaptioner(load_image_text(model, place))
