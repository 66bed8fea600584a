"""Restyles whose pictures changed in a known way, and what is heard of them."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray

from sonolume.correspondence.edits import edit
from sonolume.evaluation.restyle_sounds import Example, Kind
from sonolume.evaluation.samples import photos_of
from sonolume.media import Audio, Picture
from sonolume.pipelines.restyle.pipeline import RestylePipeline, Seen
from sonolume.pipelines.restyle.settings import RestyleSettings
from sonolume.signal.cues import CUES, measure_cues
from sonolume.signal.kept import Kept, compare
from sonolume.signal.structure import structure

__all__ = ["EDITED", "EDITS_TRIED", "STRENGTHS", "Trial", "exact", "pictures_of", "tried"]

EDITS_TRIED: Final = (
    "brighten", "darken", "intensify", "fade", "saturate", "warm", "cool", "vignette", "hollow",
    "blur", "sharpen", "noise", "zoom_in", "zoom_out",
)  # fmt: skip
EDITED: Final = 0.6  # strength of an edit
STRENGTHS: Final = (0.5, 1.0, 1.5)  # of a restyle


@dataclass(frozen=True, eq=False)
class Trial:
    """One restyle.

    Attributes:
        sound: number of the example.
        kind: its kind.
        edit: of the picture.
        strength: of the restyle.
        targets: just clear steps by cue, with the strength.
        moved: just clear steps by cue, measured on the whole result.
        kept: of the structure.
        other: the same for another sound beside this result.
        same: whether the result is the sound bit for bit.
    """

    sound: int
    kind: Kind
    edit: str
    strength: float
    targets: Mapping[str, float]
    moved: Mapping[str, float]
    kept: Kept
    other: Kept
    same: bool


def tried(
    pipeline: RestylePipeline,
    examples: Sequence[Example],
    pictures: Sequence[Picture],
    asked: RestyleSettings,
    seed: int,
    done: Callable[[], None],
) -> Iterator[Trial]:
    """Every example under every edit at every strength, else as asked; pictures take turns."""
    seen: dict[tuple[int, str], Seen] = {}
    listened = [pipeline.listen(example.sound, seed=seed) for example in examples]
    for number, (example, heard) in enumerate(zip(examples, listened, strict=True)):
        before, place = _cues(example.sound), number % len(pictures)
        stranger = listened[(number + 1) % len(examples)]
        for kind in EDITS_TRIED:
            if (place, kind) not in seen:
                picture = pictures[place]
                after = edit(picture, kind, EDITED, seed=seed)
                seen[place, kind] = pipeline.look_at(picture, after, prior=asked.prior)
            for strength in STRENGTHS:
                now = replace(asked, strength=strength)
                made = pipeline.follow(seen[place, kind], heard, now)
                result = made.audio()
                sounded = structure(result.samples, result.rate)
                yield Trial(
                    number, example.kind, kind, strength, made.targets.values,
                    _moved(before, result, example.sound),
                    compare(heard.structures[0], sounded), compare(stranger.structures[0], sounded),
                    _equal(result, example.sound),
                )  # fmt: skip
            done()


def pictures_of(data: Path, split: str, count: int, seed: int, skipped: list[str]) -> list[Picture]:
    """So many photos of a split, drawn among those of full resolution."""
    photos = [photo for photo in photos_of(data, split, None, skipped) if not photo.low_res]
    order = np.random.default_rng(seed).permutation(len(photos))[:count]
    return [Picture(photos[at].pixels) for at in order]


def exact(pipeline: RestylePipeline, examples: Sequence[Example], picture: Picture) -> float:
    """Share of examples that come back bit for bit, of equal pictures and at strength 0."""
    edited = edit(picture, EDITS_TRIED[0], EDITED)
    back = []
    for example in examples:
        pairs: list[tuple[Picture, dict[str, Any]]] = [(picture, {}), (edited, {"strength": 0.0})]
        back += [
            _equal(pipeline(picture, after, example.sound, **told).audio(), example.sound)
            for after, told in pairs
        ]
    return float(np.mean(back))


def _cues(sound: Audio) -> dict[str, float]:
    with torch.inference_mode():
        found = measure_cues(torch.from_numpy(sound.samples)[None], sound.rate)
    return {name: float(value) for name, value in found.items()}


def _moved(before: Mapping[str, float], result: Audio, sound: Audio) -> dict[str, float]:
    """Over the length of the sound as it was: a tail is a gain, not a change."""
    after = _cues(Audio(result.samples[:, : sound.samples.shape[1]], result.rate))
    return {name: (after[name] - before[name]) / cue.step for name, cue in CUES.items()}


def _equal(result: Audio, sound: Audio) -> bool:
    a: NDArray[np.float32] = result.samples
    return a.shape == sound.samples.shape and bool(np.array_equal(a, sound.samples))
