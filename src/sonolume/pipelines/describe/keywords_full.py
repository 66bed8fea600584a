"""The full size of `describe`: CLIP sees, CLAP hears; or a tagger that knows AudioSet's classes."""

from functools import cached_property
from pathlib import Path
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from sonolume.errors import MediaError, ModelError, OptionError
from sonolume.hub import clap, clip, layout
from sonolume.hub.download import folder_of, is_remote
from sonolume.hub.tagger import TAGGER, load_tagger, model_type
from sonolume.media import Picture
from sonolume.models.full.clip import ClipEncoder
from sonolume.models.full.encoders import CLAP_RATE, ClapEncoder
from sonolume.pipelines.describe.keywords import TEMPLATES, Keywords, Kind, ensemble
from sonolume.pipelines.describe.parts import DescribeParts
from sonolume.pipelines.describe.word_lists import CONCEPTS, WordList, shipped_list

ENCODER: Final = "audio_encoder"
TAGS: Final = "audioset"


def load_full_describer(
    model: str | Path, audio_encoder: str | Path | None, device: str | None
) -> DescribeParts:
    """CLIP (with CLAP beside it) or an AudioSet tagger, whichever `model` is.

    Raises ModelError for another kind of model, OptionError for an audio encoder beside a tagger.
    """
    folder = folder_of(model, TAGGER)  # the more of the two: CLIP's own pictures are cut here
    kind, place = model_type(folder), torch.device(device or "cpu")
    if kind == "clip":
        return FullDescriber(str(model), folder, audio_encoder, place)
    if kind != "audio-spectrogram-transformer":
        raise ModelError(f"{model}: a model of type {kind!r}; describe takes CLIP or an AST tagger")
    if audio_encoder is not None:
        raise OptionError(f"{model} hears by itself; leave audio_encoder out")
    return TagDescriber(str(model), folder, place)


class FullDescriber:
    """See `DescribeParts`; each encoder is loaded with the first thing it is needed for."""

    rate = CLAP_RATE
    window, hop = 10.0, 5.0
    usual = CONCEPTS

    def __init__(
        self, name: str, folder: Path, audio_encoder: str | Path | None, device: torch.device
    ) -> None:
        self.name, self.folder, self.device = name, folder, device
        layout.require(folder, clip.CLIP)
        inside = folder / ENCODER
        self.audio_encoder = audio_encoder or (inside if inside.is_dir() else clap.DEFAULT)
        if not is_remote(self.audio_encoder):
            layout.require(folder_of(self.audio_encoder, layout.CLAP), layout.CLAP)
        self.keywords = Keywords(self)

    @cached_property
    def clip(self) -> ClipEncoder:
        """What sees."""
        return clip.load_clip(self.folder, self.device)

    @cached_property
    def clap(self) -> ClapEncoder:
        """What hears."""
        return clap.load_clap(self.audio_encoder, self.device)

    def word_list(self, name: str) -> WordList:
        return shipped_list(name)

    def embed_windows(self, windows: NDArray[np.float32]) -> Tensor:
        return self.clap.embed_windows(list(windows))

    def embed_picture(self, picture: Picture) -> Tensor:
        square = picture.centre_square(self.clip.side).to_float()
        with torch.inference_mode():
            return self.clip.embed_pictures(torch.from_numpy(square)[None].to(self.device))

    def chances(self, embeddings: Tensor, kind: Kind, words: WordList) -> Tensor:
        return self.keywords.probabilities(embeddings, kind, words)

    def terms(self, kind: Kind, words: WordList) -> Tensor:
        """See `TermScorer`; sounds and pictures have towers of words of their own."""
        encoder = self.clap if kind == "sound" else self.clip
        return ensemble(encoder.embed_words, words.phrases, TEMPLATES[kind])

    def temperature(self, kind: Kind) -> float:
        """As each of the two learnt it, together with its embeddings."""
        network = self.clap.model if kind == "sound" else self.clip.model
        scale = network.logit_scale_a if kind == "sound" else network.logit_scale
        return 1 / float(scale.exp())

    def captions(self, embeddings: Tensor, kind: Kind) -> list[str] | None:
        return None

    def hashes(self) -> dict[str, str]:
        return layout.hashes(self.folder, clip.CLIP)

    def save(self, folder: Path) -> None:
        """Copy CLIP, and CLAP beside it into `audio_encoder`, downloaded first if need be."""
        layout.copy(self.folder, folder, clip.CLIP)
        layout.copy(folder_of(self.audio_encoder, layout.CLAP), folder / ENCODER, layout.CLAP)


class TagDescriber:
    """See `DescribeParts`; the one word list is that of the tagger's own classes."""

    window, hop = 10.0, 5.0
    usual = TAGS

    def __init__(self, name: str, folder: Path, device: torch.device) -> None:
        self.name, self.folder = name, folder
        self.tagger = load_tagger(folder, device)
        self.rate = int(self.tagger.extractor.sampling_rate)
        self.classes = WordList.of(TAGS, self.tagger.classes)

    def word_list(self, name: str) -> WordList:
        if name != TAGS:
            raise OptionError(f"{self.name} knows the list {TAGS} alone, not {name!r}")
        return self.classes

    def embed_windows(self, windows: NDArray[np.float32]) -> Tensor:
        return self.tagger.logits(windows)

    def embed_picture(self, picture: Picture) -> Tensor:
        raise MediaError(f"{self.name} hears and does not see; describe pictures by another model")

    def chances(self, embeddings: Tensor, kind: Kind, words: WordList) -> Tensor:
        """Classes stand side by side: several may be sure, none need be."""
        if words is not self.classes:
            raise OptionError(f"{self.name} knows its own classes alone, not the list {words.name}")
        return embeddings.sigmoid()

    def temperature(self, kind: Kind) -> float:
        return 1.0

    def captions(self, embeddings: Tensor, kind: Kind) -> list[str] | None:
        return None

    def hashes(self) -> dict[str, str]:
        return layout.hashes(self.folder, TAGGER)

    def save(self, folder: Path) -> None:
        layout.copy(self.folder, folder, TAGGER)
