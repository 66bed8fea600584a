"""What guides at full size: AudioCLIP, or CLIP with a bridge of words from CLAP."""

from collections.abc import Iterable, Mapping
from functools import cached_property
from pathlib import Path
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from sonolume.hub import clap, clip, layout
from sonolume.hub.download import folder_of, is_remote
from sonolume.hub.interop.audioclip import read_audioclip
from sonolume.hub.pretrained import load_tokenizer
from sonolume.hub.spreads import read_spreads
from sonolume.models.full.bridge import WordBridge
from sonolume.models.full.clip import token_ids
from sonolume.models.full.encoders import CLAP_RATE, ClapEncoder
from sonolume.models.full.fbsp import RATE
from sonolume.pipelines.describe.word_lists import WordList, shipped_list
from sonolume.pipelines.guide.full import is_checkpoint
from sonolume.pipelines.guide.parts import KINDS, GuideEncoder, Kind

USUAL: Final = "clip+clap"
VOCABULARY: Final = "audioset"
AT_ONCE: Final = 64  # phrases
SOUND_PROMPT, PICTURE_PROMPT = "the sound of {}", "a photo of {}"


def full_encoder(encoder: str | Path = USUAL, device: str | None = None) -> GuideEncoder:
    """The encoder of a published checkpoint, of folders, or of names on the hub.

    A file is AudioCLIP; its tokenizer is beside it, or that of CLIP on the hub. "CLIP+CLAP" names
    two models of transformers, "CLIP" one, with the usual CLAP; "clip+clap" are the usual ones.

    Raises ModelError or InteropError when something is missing, broken, or of another kind.
    """
    place = torch.device(device or "cpu")
    if is_checkpoint(encoder):
        return AudioClipEncoder(Path(encoder), place)
    seeing, hearing = split_name(encoder)
    for name, kind in ((seeing, clip.CLIP), (hearing, layout.CLAP)):
        # Looked at before anything is loaded, so that a typing error shows early.
        if not is_remote(name):
            layout.require(folder_of(name, kind), kind)
    return ClipClapEncoder(str(encoder), seeing, hearing, place)


def split_name(encoder: str | Path) -> tuple[str, str]:
    """The names of CLIP and CLAP in an encoder's name."""
    name = str(encoder)
    if name == USUAL:
        return clip.DEFAULT, clap.DEFAULT
    if Path(name).exists() or "+" not in name:
        return name, clap.DEFAULT
    seeing, _, hearing = name.rpartition("+")
    return seeing or clip.DEFAULT, hearing or clap.DEFAULT


class AudioClipEncoder:
    """See `GuideEncoder`: sounds, words and pictures in AudioCLIP's space of 1024 dimensions."""

    rate, small = RATE, False

    def __init__(self, path: Path, device: torch.device) -> None:
        self.path, self.name, self.device = path, str(path), device
        self.model = read_audioclip(path).to(device)
        self.side, self.spreads = self.model.side, spreads_of(path.parent)
        vocabulary = self.model.token_embedding.num_embeddings
        beside = (path.parent / "tokenizer_config.json").is_file()
        self.tokenizer = load_tokenizer(
            "CLIPTokenizer", path.parent if beside else clip.DEFAULT, vocabulary
        )

    @torch.no_grad()
    def embed_words(self, texts: list[str]) -> Tensor:
        return self.model.embed_ids(token_ids(self.tokenizer, texts).to(self.device))

    def embed_sound(self, blocks: Iterable[NDArray[np.float32]]) -> Tensor:
        return self.model.embed_stream(blocks).clone()

    def embed_pictures(self, pictures: Tensor) -> Tensor:
        return self.model.embed_pictures(pictures)

    def knows(self, text: str) -> bool:
        return english(text)

    def hashes(self) -> dict[str, str]:
        return {self.path.name: self._hash}

    @cached_property
    def _hash(self) -> str:
        return layout.file_hash(self.path)


class ClipClapEncoder:
    """See `GuideEncoder`: words and pictures by CLIP, sounds by CLAP over a bridge of words.

    A sound stands where the words do by which CLAP would call it, so it can say no more than they:
    of two different dogs the same. `vocabulary` are these words. CLAP is loaded, and the words are
    placed in both spaces, with the first sound.
    """

    rate, small = CLAP_RATE, False

    def __init__(
        self,
        name: str,
        seeing: str,
        hearing: str,
        device: torch.device,
        vocabulary: WordList | None = None,
    ) -> None:
        self.name, self.seeing, self.hearing, self.device = name, seeing, hearing, device
        self.clip = clip.load_clip(seeing, device)
        self.side, self.spreads = self.clip.side, spreads_of(folder_of(seeing, clip.CLIP))
        self.vocabulary = vocabulary or shipped_list(VOCABULARY)

    def embed_words(self, texts: list[str]) -> Tensor:
        return self.clip.embed_words(texts)

    def embed_sound(self, blocks: Iterable[NDArray[np.float32]]) -> Tensor:
        return self.bridge.cross(self.clap.embed_stream(blocks).clone())

    def embed_pictures(self, pictures: Tensor) -> Tensor:
        return self.clip.embed_pictures(pictures)

    def knows(self, text: str) -> bool:
        return english(text)

    @cached_property
    def clap(self) -> ClapEncoder:
        """What hears."""
        return clap.load_clap(self.hearing, self.device)

    @cached_property
    def bridge(self) -> WordBridge:
        """The vocabulary in both spaces; weights are CLAP's own zero-shot probabilities."""
        phrases = self.vocabulary.phrases
        heard = [SOUND_PROMPT.format(phrase) for phrase in phrases]
        seen = [PICTURE_PROMPT.format(phrase) for phrase in phrases]
        # A copy, because tensors of inference mode keep no gradients.
        batches = [heard[start : start + AT_ONCE] for start in range(0, len(heard), AT_ONCE)]
        here = torch.cat([self.clap.embed_words(batch) for batch in batches]).clone()
        scale = float(self.clap.model.logit_scale_a.exp())
        return WordBridge(here, self.clip.embed_words(seen), scale)

    def hashes(self) -> dict[str, str]:
        return dict(self._hashes)

    @cached_property
    def _hashes(self) -> dict[str, str]:
        """Of CLIP. The trace of CLAP is the sound's embedding itself."""
        found = layout.hashes(folder_of(self.seeing, clip.CLIP), clip.CLIP)
        return {f"clip/{path}": value for path, value in found.items()}


def spreads_of(folder: Path) -> Mapping[Kind, float]:
    """The spreads that were measured with a model and stand beside it; none where none do."""
    read = read_spreads(folder)
    return {kind: read.kinds[kind] for kind in KINDS if kind in read.kinds}


def english(text: str) -> bool:
    """CLIP was trained on English: a phrase without any Latin letter or digit is lost on it."""
    return any(c.isascii() and c.isalnum() for c in text)
