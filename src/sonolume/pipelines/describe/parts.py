"""What `describe` is made of, at either size."""

from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from sonolume.media import Picture
from sonolume.pipelines.describe.keywords import Kind
from sonolume.pipelines.describe.word_lists import WordList


class DescribeParts(Protocol):
    """The parts that differ between models.

    A sound is heard at `rate` (Hz) in windows of `window` seconds, one every `hop` ≤ `window`;
    `usual` names the word list that is taken when none is asked for.
    """

    name: str
    rate: int
    window: float
    hop: float
    usual: str

    def word_list(self, name: str) -> WordList:
        """The list of that name. Raises OptionError when there is none."""
        ...

    def embed_windows(self, windows: NDArray[np.float32]) -> Tensor:
        """Windows [W, n] of mono sound at `rate` → [W, D]."""
        ...

    def embed_picture(self, picture: Picture) -> Tensor:
        """[1, D']."""
        ...

    def chances(self, embeddings: Tensor, kind: Kind, words: WordList) -> Tensor:
        """Probabilities [B, N] of a list's terms for embeddings [B, D]."""
        ...

    def temperature(self, kind: Kind) -> float:
        """At which `chances` were made."""
        ...

    def captions(self, embeddings: Tensor, kind: Kind) -> list[str] | None:
        """A sentence for each of [B, D]; None where no captioner is at hand."""
        ...

    def hashes(self) -> dict[str, str]:
        """SHA-256 of each weight file."""
        ...

    def save(self, folder: Path) -> None:
        """Write everything into an empty folder, to be loaded from there."""
        ...
