"""Texts as a sentence teacher knows them, and what it takes them for among the concepts."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from sonolume.errors import DataError

NEAREST: Final = 3
TEMPERATURE: Final = 0.05


def read_sentences(folder: Path | None) -> tuple[list[str], NDArray[np.floating[Any]]]:
    """Texts of `folder/sentences.json` and their unit embeddings [N, W] in `sentences.npy`.

    Without a folder there are none. Raises DataError when they cannot be read or do not fit.
    """
    if folder is None:
        return [], np.zeros((0, 1), np.float16)
    try:
        sentences: list[str] = json.loads((folder / "sentences.json").read_text("utf-8"))
        targets = np.load(folder / "sentences.npy", allow_pickle=False)
    except (OSError, EOFError, ValueError) as error:
        raise DataError(f"{folder}: no sentences.json and sentences.npy there ({error})") from error
    if targets.ndim != 2 or len(targets) != len(sentences):
        shape = f"{len(sentences)} sentences, but targets {targets.shape}"
        raise DataError(f"{folder}: {shape}; make both again")
    return sentences, targets


class NearestLines:
    """Concepts of texts, by the lines of the phrasebook that lie nearest to them in a teacher.

    The mean cosine of a concept's three nearest lines names 0.91 of 300 paraphrases rightly in
    all-MiniLM-L6-v2, the nearest centre of a concept's lines 0.63, a linear reading 0.75.
    """

    def __init__(
        self,
        phrasebook: Mapping[str, Sequence[str]],
        sentences: Sequence[str],
        targets: NDArray[np.floating[Any]],
    ) -> None:
        """`targets` [N, W] are the unit embeddings of `sentences`.

        Raises DataError when there is none of some concept's lines.
        """
        rows = {text: row for row, text in enumerate(sentences)}
        self.lines = []
        for slug, book in phrasebook.items():
            known = [rows[text] for text in book if text in rows]
            if not known:
                raise DataError(
                    f"sentences.json holds no line of the phrasebook for {slug}; make it again, "
                    "or set concept_weight = 0"
                )
            self.lines.append(torch.from_numpy(targets[known].astype(np.float32)))

    def shares(self, targets: Tensor) -> Tensor:
        """Embeddings [B, W] of texts → shares [B, concepts] that sum to one."""
        scores = [self._score(targets @ lines.T) for lines in self.lines]
        return (torch.stack(scores, dim=1) / TEMPERATURE).softmax(dim=1)

    @staticmethod
    def _score(cosines: Tensor) -> Tensor:
        return cosines.topk(min(NEAREST, cosines.shape[1]), dim=1).values.mean(1)
