"""The joint encoder: sounds, pictures and words in one space of 512 dimensions."""

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from sonolume.models.tokenizer import WordTokenizer
from sonolume.models.towers import PictureTower, SoundTower
from sonolume.models.words import WordTower
from sonolume.signal.mel import LogMel
from sonolume.signal.windows import windows

PICTURE_SIDE = 128


class JointEncoder(nn.Module):
    """Three towers into one space; every embedding has unit length.

    `concepts` names the things the space was built on, `anchors` [N, 512] are their places.
    """

    anchors: Tensor

    def __init__(
        self,
        words: WordTower,
        sound: SoundTower,
        picture: PictureTower,
        tokenizer: WordTokenizer,
        concepts: tuple[str, ...],
        anchors: Tensor,
    ) -> None:
        super().__init__()
        self.words, self.sound, self.picture = words, sound, picture
        self.tokenizer, self.concepts = tokenizer, concepts
        self.front = LogMel()
        self.register_buffer("anchors", anchors)

    @torch.inference_mode()
    def embed_sound(self, samples: NDArray[np.float32]) -> Tensor:
        """Mono samples [n] at 16 kHz, of any length → [512]: the mean over its windows."""
        cut = torch.from_numpy(windows(samples)).to(self.anchors.device)
        parts = [self.sound(self.front(part)) for part in torch.split(cut, 8)]
        return F.normalize(torch.cat(parts).mean(0), dim=-1)

    @torch.inference_mode()
    def embed_pictures(self, pictures: Tensor) -> Tensor:
        """Pictures [B, 3, H, W] in −1..1 → [B, 512]; sides other than 128 are resized."""
        if pictures.shape[-2:] != (PICTURE_SIDE, PICTURE_SIDE):
            pictures = F.interpolate(
                pictures, (PICTURE_SIDE, PICTURE_SIDE), mode="bicubic", antialias=True
            ).clamp(-1, 1)
        out: Tensor = self.picture(pictures)
        return out

    @torch.inference_mode()
    def embed_words(self, texts: list[str]) -> Tensor:
        """Phrases → [B, 512]."""
        return self.words.pool(self.word_states(texts))

    @torch.inference_mode()
    def word_states(self, texts: list[str]) -> Tensor:
        """Token states [B, 77, 256] of phrases, zero beyond their ends: what painters read."""
        out: Tensor = self.words.states(self.tokenizer.encode(texts).to(self.anchors.device))
        return out
