"""The judge: a frozen ImageNet net and linear heads, trained apart from everything they judge.

The heads are embedded weights (`judge`); the net (MobileNetV1) is never shipped, so it is looked
for in a folder of teachers. No painter may be trained against it.
"""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray

from sonolume.errors import DataError, ModelError
from sonolume.hub import weights
from sonolume.models.teachers import MobileNetV1, enlarge, load_teacher

NAME: Final = "judge"
NET: Final = "imagenet_mobilenet_v1"
PLACE: Final = "SONOLUME_TEACHERS"
BATCH: Final = 16

Features = NDArray[np.float32]


@dataclass(frozen=True)
class Head:
    """A linear classifier: weight [labels, D], bias [labels]."""

    labels: tuple[str, ...]
    weight: Features
    bias: Features

    def scores(self, features: Features) -> Features:
        """Features [N, D] → scores [N, labels]; the largest is the answer."""
        return features @ self.weight.T + self.bias

    def indices(self, labels: Sequence[str]) -> NDArray[np.int64]:
        """Columns of these labels [N]. Raises DataError for a label that the head does not know."""
        unknown = sorted(set(labels) - set(self.labels))
        if unknown:
            raise DataError(f"the judge does not know {', '.join(unknown)}; leave those out")
        return np.array([self.labels.index(label) for label in labels], np.int64)


@dataclass(frozen=True)
class Judge:
    """Says which concept and which scene a picture shows."""

    net: MobileNetV1
    concepts: Head
    scenes: Head

    def features(self, pictures: Sequence[NDArray[np.uint8]]) -> Features:
        """Pictures [H, W, 3] of one size → pooled features [N, 1024] at 224 px."""
        return features(self.net, pictures)


@torch.inference_mode()
def features(net: MobileNetV1, pictures: Sequence[NDArray[np.uint8]]) -> Features:
    """Pictures [H, W, 3] of one size → pooled features [N, 1024] of `net` at 224 px."""
    rows = []
    for start in range(0, len(pictures), BATCH):
        stack = torch.from_numpy(np.stack(pictures[start : start + BATCH]))
        pixels = stack.permute(0, 3, 1, 2).float() / 255
        rows.append(net.features(enlarge(pixels)).numpy())
    return np.concatenate(rows) if rows else np.zeros((0, 1024), np.float32)


def find_teachers(given: Path | None, data: Path, net: str = NET) -> Path | None:
    """The folder with a judge's net: `given`, else beside `data`, else $SONOLUME_TEACHERS.

    Raises ModelError when a folder was given that does not hold the net.
    """
    file = f"{net}.safetensors"
    if given is not None:
        if not (given / file).is_file():
            raise ModelError(f"{given}: no {file} there; give the folder that holds it")
        return given
    named = os.environ.get(PLACE)
    places = [data.resolve().parent / "teachers", *([Path(named)] if named else [])]
    return next((place for place in places if (place / file).is_file()), None)


def load_judge(teachers: Path, folder: Path = weights.FOLDER) -> Judge:
    """The net of `teachers` with the heads of `folder`.

    Raises ModelError when the net or the heads are missing or broken.
    """
    tensors, metadata = weights.load(NAME, folder)
    heads = {
        kind: Head(
            tuple(metadata[kind]),
            tensors[f"{kind}.weight"].numpy(),
            tensors[f"{kind}.bias"].numpy(),
        )
        for kind in ("concepts", "scenes")
    }
    return Judge(load_teacher(NET, teachers), **heads)


def save_heads(heads: Mapping[str, Head], folder: Path = weights.FOLDER) -> tuple[Path, ...]:
    """Write the heads "concepts" and "scenes" as the embedded weights `judge`."""
    tensors = {}
    for kind, head in heads.items():
        tensors[f"{kind}.weight"] = torch.from_numpy(head.weight)
        tensors[f"{kind}.bias"] = torch.from_numpy(head.bias)
    labels = {kind: list(head.labels) for kind, head in heads.items()}
    return weights.save(NAME, tensors, {**labels, "net": NET}, folder)
