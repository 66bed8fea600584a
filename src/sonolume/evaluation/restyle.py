"""Figures of `restyle`: does a sound move as the picture moved, and keep its structure?"""

import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from sonolume.correspondence.targets import Prior
from sonolume.errors import DataError
from sonolume.evaluation.restyle_figures import (
    DEFINITIONS,
    by_cue,
    by_edit,
    controls,
    figures,
    pairs_of,
)
from sonolume.evaluation.restyle_sounds import examples_of
from sonolume.evaluation.restyle_trials import (
    EDITED,
    EDITS_TRIED,
    STRENGTHS,
    exact,
    pictures_of,
    tried,
)
from sonolume.evaluation.result import Evaluation, settings
from sonolume.pipelines.restyle.pipeline import RestylePipeline
from sonolume.pipelines.restyle.settings import By, Engine, RestyleSettings

__all__ = ["SOUNDS", "evaluate_restyle"]

Progress = Callable[[int, int], None]
SOUNDS: Final = 50
PICTURES: Final = 10


def evaluate_restyle(
    pipeline: RestylePipeline,
    data: Path,
    *,
    split: str = "validation",
    limit: int | None = None,
    prior: Prior = "both",
    engine: Engine = "rack",
    by: By = "search",
    seed: int = 0,
    progress: Progress | None = None,
    hashes: Mapping[str, str] | None = None,
) -> Evaluation:
    """Restyle at most ``limit`` (50) sounds by fourteen edits of ten photos, at three strengths.

    Sounds are those of `examples_of`; `prior`, `engine` and `by` are as in `RestyleSettings`, and
    a controller is the pipeline's. Raises DataError where the folder has no photo or no sound.
    """
    skipped: list[str] = []
    pictures = pictures_of(data, split, PICTURES, seed, skipped)
    examples = examples_of(data, split, limit or SOUNDS, seed, skipped)
    if not pictures or not examples:
        raise DataError(f"{data}: no {'photo' if examples else 'sound'} of the split {split} there")
    seen, wanted = [0], len(examples) * len(EDITS_TRIED)

    def done() -> None:
        seen[0] += 1
        if progress is not None:
            progress(seen[0], wanted)

    with warnings.catch_warnings():
        # How far an effect was turned down is in the figures.
        warnings.simplefilter("ignore", UserWarning)
        asked = RestyleSettings(prior=prior, engine=engine, by=by)
        trials = list(tried(pipeline, examples, pictures, asked, seed, done))
        same = exact(pipeline, examples, pictures[0])
    kinds = [example.kind for example in examples]
    facts = settings(
        data, split, hashes or {}, limit=limit or SOUNDS, seed=seed, prior=prior, engine=engine,
        by=by, edits=list(EDITS_TRIED), edited=EDITED, strengths=list(STRENGTHS),
        counts={
            "restyles": len(trials), "pictures": len(pictures),
            **{kind: kinds.count(kind) for kind in dict.fromkeys(kinds)},
        },
    )  # fmt: skip
    result = Evaluation("restyle", facts, skipped=skipped, definitions=dict(DEFINITIONS))
    result.metrics |= {**figures(trials), "identity_exact": same}
    result.metrics |= {f"direction_{cue}": share for cue, share in by_cue(trials).items()}
    result.controls |= controls(trials, seed)
    result.tables |= {"direction by edit": by_edit(trials), "by edit and cue": pairs_of(trials)}
    return result
