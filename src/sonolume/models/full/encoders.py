"""CLIP's words as token states, and CLAP's sounds and words as embeddings."""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any, Final

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from sonolume.signal.windows import cut

LENGTH: Final = 77
CLAP_RATE: Final = 48_000
CLAP_SECONDS: Final = 10
AT_ONCE: Final = 8  # windows


class ClipWords:
    """The text half of CLIP, which Stable Diffusion reads.

    `tokenizer` and `model` are transformers' CLIPTokenizer and CLIPTextModel.
    """

    def __init__(self, tokenizer: Any, model: Any) -> None:
        self.tokenizer, self.model = tokenizer, model

    @torch.inference_mode()
    def states(self, texts: list[str]) -> Tensor:
        """Token states [B, 77, D] of phrases; longer ones are cut."""
        ids = self.tokenizer(
            texts, padding="max_length", max_length=LENGTH, truncation=True, return_tensors="pt"
        ).input_ids
        out: Tensor = self.model(ids.to(self.model.device)).last_hidden_state
        return out

    def fits(self, text: str) -> bool:
        """Whether the whole phrase is read, start and end included."""
        return len(self.tokenizer.tokenize(text)) <= LENGTH - 2


class ClapEncoder:
    """LAION CLAP (Wu et al. 2023): sounds and words into one space of 512 dimensions.

    `model`, `extractor` and `tokenizer` are transformers' ClapModel, ClapFeatureExtractor and the
    tokenizer of its words.
    """

    def __init__(self, model: Any, extractor: Any, tokenizer: Any) -> None:
        self.model, self.extractor, self.tokenizer = model, extractor, tokenizer

    @torch.inference_mode()
    def embed_sound(self, samples: NDArray[np.float32]) -> Tensor:
        """Mono samples [n] at 48 kHz, of any length → [512], unit length: the mean over windows."""
        return self.embed_stream([samples])

    @torch.inference_mode()
    def embed_stream(self, blocks: Iterable[NDArray[np.float32]]) -> Tensor:
        """As `embed_sound` of the joined blocks, in memory that does not grow with the sound."""
        windows = clap_windows(blocks)
        parts = []
        while batch := list(islice(windows, AT_ONCE)):
            parts.append(self.embed_windows(batch))
        return F.normalize(torch.cat(parts).mean(0), dim=-1)

    @torch.inference_mode()
    def embed_words(self, texts: list[str]) -> Tensor:
        """Phrases → [B, 512], unit length."""
        table = self.tokenizer(
            texts, padding="max_length", max_length=LENGTH, truncation=True, return_tensors="pt"
        ).to(self.model.device)
        told = self.model.get_text_features(
            input_ids=table.input_ids, attention_mask=table.attention_mask
        )
        return F.normalize(told.pooler_output.float(), dim=-1)

    @torch.inference_mode()
    def embed_windows(self, windows: list[NDArray[np.float32]]) -> Tensor:
        """Windows [n ≤ 480,000] of mono sound at 48 kHz → [W, 512], unit length."""
        heard = self.extractor(windows, sampling_rate=CLAP_RATE, return_tensors="pt")
        features = heard.input_features.to(self.model.device, self.model.dtype)
        # Told explicitly: the extractor of fused models marks one window as longer at random.
        longer = torch.zeros(len(windows), 1, dtype=torch.bool, device=features.device)
        told = self.model.get_audio_features(input_features=features, is_longer=longer)
        return F.normalize(told.pooler_output.float(), dim=-1)


def clap_windows(blocks: Iterable[NDArray[np.float32]]) -> Iterator[NDArray[np.float32]]:
    """The windows of up to ten seconds that CLAP hears of mono samples in blocks [n] at 48 kHz.

    A sound of up to ten seconds is one window, which CLAP repeats and pads. A longer one is covered
    from its start, and the last window ends where the sound ends. transformers' own way, a window
    at a random place, gives the same sound another embedding each time. Raises MediaError for an
    empty sound.
    """
    size = CLAP_SECONDS * CLAP_RATE
    return map(_through_int16, cut(blocks, size, size))


def _through_int16(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    """Clip and quantise as CLAP's training data was."""
    whole = (np.clip(samples, -1, 1) * np.float32(32767)).astype(np.int16)
    return whole.astype(np.float32) / np.float32(32767)
