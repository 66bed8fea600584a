"""Fit how far an embedding must move before an edit is believed, for the pocket encoder.

    python examples/fit_confidence.py src/sonolume/correspondence/confidence.json

Accidents are re-encodings, resizes and crops of the drawn scenes; edits are those of
`sonolume.correspondence.edits` at half strength and above. How well the encoder's words agree with
the table of rules about these edits limits how far they are believed.
"""

import argparse
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from scenes import SCENES, draw

from sonolume.correspondence.confidence import Confidence, as_json, fit_confidence
from sonolume.correspondence.delta import delta
from sonolume.correspondence.edits import EDITS, edit
from sonolume.correspondence.rules import read_rules
from sonolume.correspondence.soft_prior import embedding_change, soft_targets, style_scores
from sonolume.correspondence.style_words import embed_style_words
from sonolume.correspondence.targets import targets
from sonolume.hub.joint import load_joint
from sonolume.media import Picture
from sonolume.media.atomic import atomic_path

COMMAND = "python examples/fit_confidence.py src/sonolume/correspondence/confidence.json"
STRENGTHS = (0.5, 1.0)


def accidents(picture: Picture) -> Iterator[Picture]:
    """What happens to a picture that nobody means to change."""
    for quality in (75, 85, 95):
        coded = BytesIO()
        Image.fromarray(picture.pixels).save(coded, "JPEG", quality=quality)
        yield Picture(np.array(Image.open(coded)))
    height, width = picture.pixels.shape[:2]
    for factor in (0.5, 0.7, 1.4):
        yield picture.resize(round(width * factor), round(height * factor))
    for rows, columns in ((0, 0), (0, 1), (1, 0), (1, 1)):
        top, left = rows * height // 20, columns * width // 20
        yield Picture(picture.pixels[top : top + height * 19 // 20, left : left + width * 19 // 20])


def edits(picture: Picture) -> Iterator[Picture]:
    """What somebody means."""
    for kind in EDITS:
        yield from (edit(picture, kind, strength) for strength in STRENGTHS)


class Probe:
    """The pocket encoder, its style words, and what they say when they are believed whole."""

    def __init__(self) -> None:
        self.encoder = load_joint()
        self.space = embed_style_words(self.encoder.embed_words)

    def embed(self, picture: Picture) -> NDArray[np.float32]:
        """Unit vector [512] of a picture."""
        values = torch.from_numpy(picture.to_float())[None]
        return self.encoder.embed_pictures(values)[0].numpy()

    def agreement(self, before: Picture, after: Picture, change: NDArray[np.float64]) -> float:
        """Correlation of soft and hard targets; 0 where either says nothing."""
        scores = style_scores(change, self.space, Confidence(0.0, 1e-6))
        found = targets(delta(before, after), read_rules(), soft_targets(scores, self.space))
        return found.agreement or 0.0


def main() -> None:
    """Fit and write the file of the command line."""
    parser = argparse.ArgumentParser(description="Fit the confidence of the pocket encoder.")
    parser.add_argument("file", type=Path)
    file: Path = parser.parse_args().file
    probe = Probe()
    chance: list[float] = []
    meant: list[float] = []
    agreements: list[float] = []
    for name in SCENES:
        scene = draw(name)
        start = probe.embed(scene)
        chance += [
            float(np.linalg.norm(embedding_change(start, probe.embed(each))))
            for each in accidents(scene)
        ]
        for edited in edits(scene):
            change = embedding_change(start, probe.embed(edited))
            meant.append(float(np.linalg.norm(change)))
            agreements.append(probe.agreement(scene, edited, change))
    curve = fit_confidence(chance, meant, agreements)
    with atomic_path(file, force=True) as temporary:
        temporary.write_text(as_json({"pocket": curve}, COMMAND), encoding="utf-8")


if __name__ == "__main__":
    main()
