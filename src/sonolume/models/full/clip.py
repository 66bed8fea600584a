"""CLIP of transformers (Radford et al. 2021): words and pictures in one space."""

from typing import Any, Final

import torch
import torch.nn.functional as F
from torch import Tensor

MEAN: Final = (0.48145466, 0.4578275, 0.40821073)  # of the pictures that CLIP was trained on
SPREAD: Final = (0.26862954, 0.26130258, 0.27577711)
LENGTH: Final = 77
AT_ONCE: Final = 64  # phrases


class ClipEncoder:
    """Words and pictures [B, D] of unit length.

    `model` and `tokenizer` are transformers' CLIPModel and CLIPTokenizer.
    """

    def __init__(self, model: Any, tokenizer: Any) -> None:
        self.model, self.tokenizer = model, tokenizer
        self.side = int(model.config.vision_config.image_size)

    @torch.no_grad()
    def embed_words(self, texts: list[str]) -> Tensor:
        """Phrases → [B, D]; longer ones are cut."""
        parts = [
            self.model.get_text_features(
                input_ids=token_ids(self.tokenizer, texts[start : start + AT_ONCE]).to(
                    self.model.device
                )
            ).pooler_output
            for start in range(0, len(texts), AT_ONCE)
        ]
        return F.normalize(torch.cat(parts).float(), dim=-1)

    def embed_pictures(self, pictures: Tensor) -> Tensor:
        """Pictures [B, 3, side, side] in −1..1 → [B, D], differentiable."""
        return F.normalize(self.picture_features(pictures), dim=-1)

    def picture_features(self, pictures: Tensor) -> Tensor:
        """As `embed_pictures`, but of the length that CLIP gives them."""
        told = self.model.get_image_features(pixel_values=normalised(pictures))
        features: Tensor = told.pooler_output.float()
        return features


def token_ids(tokenizer: Any, texts: list[str]) -> Tensor:
    """Ids [B, 77] of phrases, each with its start and end; longer ones are cut."""
    table = tokenizer(
        texts, padding="max_length", max_length=LENGTH, truncation=True, return_tensors="pt"
    )
    ids: Tensor = table.input_ids
    return ids


def normalised(pictures: Tensor) -> Tensor:
    """Pictures in −1..1 as CLIP reads them."""
    mean, spread = (pictures.new_tensor(v).view(3, 1, 1) for v in (MEAN, SPREAD))
    return ((pictures + 1) / 2 - mean) / spread
