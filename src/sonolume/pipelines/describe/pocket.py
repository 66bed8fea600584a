"""The pocket size of `describe`: the joint encoder, its calibration, and the captioner."""

import shutil
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from sonolume.hub import weights
from sonolume.hub.calibration import NAME as CALIBRATION
from sonolume.hub.calibration import read_calibration
from sonolume.hub.joint import load_joint
from sonolume.media import Picture
from sonolume.models.joint import PICTURE_SIDE
from sonolume.pipelines.describe.captions import Captioner, load_captioner
from sonolume.pipelines.describe.keywords import TEMPLATES, Keywords, Kind, ensemble
from sonolume.pipelines.describe.word_lists import CONCEPTS, WordList, shipped_list
from sonolume.signal.mel import RATE
from sonolume.signal.windows import normalise_level

CAPTIONER = "captioner"
JOINT = ("joint-words", "joint-sound", "joint-picture")


class PocketDescriber:
    """See `DescribeParts`; the joint encoder is loaded here, the captioner with its first use."""

    rate = RATE
    # The sound tower learnt from crops of five seconds; twice as long ones blur what follows what.
    window = hop = 5.0
    usual = CONCEPTS

    def __init__(self, folder: Path = weights.FOLDER, device: str | None = None) -> None:
        self.name = "pocket" if folder == weights.FOLDER else str(folder)
        self.folder = folder
        self.device = torch.device(device or "cpu")
        self.joint = load_joint(folder).to(self.device)
        self.calibration = read_calibration(folder)
        self.keywords = Keywords(self)

    def word_list(self, name: str) -> WordList:
        return self._concepts if name == CONCEPTS else shipped_list(name)

    @cached_property
    def _concepts(self) -> WordList:
        return WordList.of(CONCEPTS, self.joint.concepts)

    @torch.inference_mode()
    def embed_windows(self, windows: NDArray[np.float32]) -> Tensor:
        heard = torch.from_numpy(normalise_level(windows)).to(self.device)
        out: Tensor = self.joint.sound(self.joint.front(heard))
        return out

    def embed_picture(self, picture: Picture) -> Tensor:
        # The tower learnt from photographs cropped to their middle, never from squeezed ones.
        square = picture.centre_square(PICTURE_SIDE).to_float()
        return self.joint.embed_pictures(torch.from_numpy(square)[None].to(self.device))

    def chances(self, embeddings: Tensor, kind: Kind, words: WordList) -> Tensor:
        return self.keywords.probabilities(embeddings, kind, words)

    def terms(self, kind: Kind, words: WordList) -> Tensor:
        """See `TermScorer`. The concepts lie at their anchors, the means over many phrasings."""
        if words is self._concepts:
            return self.joint.anchors
        return ensemble(self.joint.embed_words, words.phrases, TEMPLATES[kind])

    def temperature(self, kind: Kind) -> float:
        return self.calibration.temperature(kind)

    def captions(self, embeddings: Tensor, kind: Kind) -> list[str] | None:
        if self._captioner is None:
            return None
        return self._captioner.captions(F.normalize(embeddings, dim=-1), kind)

    @cached_property
    def _captioner(self) -> Captioner | None:
        if CAPTIONER not in weights.names(self.folder):
            return None
        return load_captioner(self.folder, device=str(self.device))

    def hashes(self) -> dict[str, str]:
        return {name: weights.sha256(name, self.folder) for name in self._names()}

    def save(self, folder: Path) -> None:
        """Copy the weight files with their cards, and the calibration."""
        for name in self._names():
            for path in (*weights.files(name, self.folder), self.folder / f"{name}.md"):
                if path.is_file():
                    shutil.copyfile(path, folder / path.name)
        if (self.folder / CALIBRATION).is_file():
            shutil.copyfile(self.folder / CALIBRATION, folder / CALIBRATION)

    def _names(self) -> tuple[str, ...]:
        return (*JOINT, CAPTIONER) if CAPTIONER in weights.names(self.folder) else JOINT
