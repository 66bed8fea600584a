"""The judge of sounds: a frozen AudioSet net that names concepts by classes it was given names for.

Nothing is fitted. The net (EfficientAT mn04) is never shipped; it is looked for in a folder of
teachers. The sound tower of the joint encoder learned from this net's features, the generator did
not.
"""

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Final

import numpy as np
import soxr
import torch
from numpy.typing import NDArray

from sonolume.evaluation.distances import Features
from sonolume.models.teachers import AudioSetMn04, load_teacher
from sonolume.models.teachers.audioset import RATE
from sonolume.signal import mel
from sonolume.signal.windows import normalise_level

__all__ = ["NET", "SoundJudge", "judged_concepts", "load_sound_judge"]

NET: Final = "audioset_mn04"
BATCH: Final = 8

Sounds = NDArray[np.float32]


@dataclass(frozen=True)
class SoundJudge:
    """Says which concept a sound is of."""

    net: AudioSetMn04

    @torch.inference_mode()
    def features(self, sounds: Sounds) -> Features:
        """Sounds [N, n] at 16 kHz, of any level → pooled features [N, 384]."""
        rows = []
        for start in range(0, len(sounds), BATCH):
            part = normalise_level(sounds[start : start + BATCH])
            wide = np.stack([soxr.resample(row, mel.RATE, RATE, quality="HQ") for row in part])
            rows.append(self.net.features(torch.from_numpy(wide)).numpy())
        return np.concatenate(rows) if rows else np.zeros((0, 384), np.float32)

    @torch.inference_mode()
    def scores(self, features: Features) -> Features:
        """Features [N, 384] → scores [N, concepts], in the order of `judged_concepts`."""
        logits = self.net.classify(torch.from_numpy(features)).numpy()
        columns = [logits[:, classes].max(axis=1) for classes in judged_concepts().values()]
        return np.stack(columns, axis=1)

    def places(self, slugs: Sequence[str]) -> NDArray[np.int64]:
        """Columns of the scores for concepts [N]."""
        known = list(judged_concepts())
        return np.array([known.index(slug) for slug in slugs], np.int64)


@cache
def judged_concepts() -> dict[str, list[int]]:
    """The classes of AudioSet that mean a concept, by its slug, in alphabetical order."""
    page = files("sonolume.evaluation").joinpath("audioset_concepts.toml")
    return tomllib.loads(page.read_text("utf-8"))


def load_sound_judge(teachers: Path) -> SoundJudge:
    """The judge with the net of `teachers`. Raises ModelError when it is missing or broken."""
    return SoundJudge(load_teacher(NET, teachers))
