"""The joint encoder: sounds, pictures and words in one space of 512 dimensions."""

from collections.abc import Iterable

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from sonolume.models.tokenizer import PAD, WordTokenizer
from sonolume.models.towers import PictureTower, SoundTower
from sonolume.models.words import WordTower
from sonolume.signal.mel import LogMel
from sonolume.signal.windows import window_batches

PICTURE_SIDE = PictureTower.FULL_SIDE
AT_ONCE = 8  # windows


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
        return F.normalize(self.embed_windows([samples]).mean(0), dim=-1)

    @torch.inference_mode()
    def embed_windows(self, blocks: Iterable[NDArray[np.float32]]) -> Tensor:
        """A sound in mono blocks [n] at 16 kHz → [W, 512], one row for each of its windows.

        Windows are those of `signal.windows.windows`, wherever the blocks end; memory does not grow
        with the sound. Raises MediaError for an empty sound.
        """
        batches = (torch.from_numpy(batch) for batch in window_batches(blocks, AT_ONCE))
        device = self.anchors.device
        return torch.cat([self.sound(self.front(batch.to(device))) for batch in batches])

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
        ids = self.tokenizer.encode(texts).to(self.anchors.device)
        # Nothing is read of padding: without what all share of it, short phrases take a tenth.
        longest = int((ids != PAD).sum(1).max()) if len(ids) else 0
        out: Tensor = self.words(ids[:, :longest])
        return out

    @torch.inference_mode()
    def word_states(self, texts: list[str]) -> Tensor:
        """Token states [B, 77, 256] of phrases, zero beyond their ends: what painters read."""
        out: Tensor = self.words.states(self.tokenizer.encode(texts).to(self.anchors.device))
        return out
