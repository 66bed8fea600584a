"""What a listening test asks of `restyle`: the change of the picture, another one, or none."""

import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from sonolume.correspondence.edits import edit
from sonolume.correspondence.targets import Prior
from sonolume.errors import DataError
from sonolume.evaluation.listening import Question
from sonolume.evaluation.restyle_sounds import Example, examples_of
from sonolume.evaluation.restyle_trials import EDITED, EDITS_TRIED, pictures_of
from sonolume.media import Audio, Picture
from sonolume.pipelines.restyle.listened import Listened
from sonolume.pipelines.restyle.pipeline import RestylePipeline
from sonolume.pipelines.restyle.settings import RestyleSettings

__all__ = ["QUESTIONS", "questions_of"]

QUESTIONS: Final = 12
SHOWN: Final = 256  # pixels, so that both pictures are plain to see


def questions_of(
    pipeline: RestylePipeline,
    data: Path,
    *,
    split: str = "validation",
    limit: int | None = None,
    prior: Prior = "both",
    seed: int = 0,
) -> list[Question]:
    """At most ``limit`` (12) questions; edits, sounds and pictures take turns.

    The conditions are "restyled", "control" (restyled by another edit of the same picture) and
    "reference" (the sound itself). Raises DataError where there is no photo or no sound.
    """
    skipped: list[str] = []
    count = limit or QUESTIONS
    pictures = pictures_of(data, split, count, seed, skipped)
    examples = examples_of(data, split, count, seed, skipped)
    if not pictures or not examples:
        raise DataError(f"{data}: {'; '.join(skipped)}")
    with warnings.catch_warnings():
        # Some are turned down to keep their structure: that is what restyle gives.
        warnings.simplefilter("ignore", UserWarning)
        return list(_questions(pipeline, examples, pictures, prior, seed))


def _questions(
    pipeline: RestylePipeline,
    examples: Sequence[Example],
    pictures: Sequence[Picture],
    prior: Prior,
    seed: int,
) -> Iterator[Question]:
    half = len(EDITS_TRIED) // 2
    for number, example in enumerate(examples):
        picture = pictures[number % len(pictures)]
        heard = pipeline.listen(example.sound, seed=seed)
        kinds = [EDITS_TRIED[(number + turn) % len(EDITS_TRIED)] for turn in (0, half)]
        afters = [edit(picture, kind, EDITED, seed=seed) for kind in kinds]
        restyled, control = (_restyled(pipeline, picture, a, heard, prior) for a in afters)
        sounds = {"restyled": restyled, "control": control, "reference": example.sound}
        shown = [each.resize(SHOWN, SHOWN) for each in (picture, afters[0])]
        name = f"{number + 1} {kinds[0]} (control {kinds[1]}): {example.name}"
        yield Question(name, shown[0], shown[1], example.sound, sounds)


def _restyled(
    pipeline: RestylePipeline, before: Picture, after: Picture, heard: Listened, prior: Prior
) -> Audio:
    seen = pipeline.look_at(before, after, prior=prior)
    return pipeline.follow(seen, heard, RestyleSettings(1.0, prior)).audio()
