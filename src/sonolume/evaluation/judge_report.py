"""The evaluation of the judge itself: how well it names concepts and scenes on photos."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from sonolume.errors import DataError
from sonolume.evaluation.classification import hits, macro_top_k, top_k
from sonolume.evaluation.judge import NET, Features, Head, Judge
from sonolume.evaluation.judge_fit import SIDES, at_side, scene
from sonolume.evaluation.result import Evaluation, by_label, settings
from sonolume.evaluation.samples import check_data, photos_of


def evaluate_judge(
    judge: Judge,
    data: Path,
    *,
    split: str = "validation",
    limit: int | None = None,
    seed: int = 0,
    hashes: Mapping[str, str] | None = None,
) -> Evaluation:
    """Measure `judge` on the photos of `data`, at each size that painters paint.

    Names end in the size of the photos in px. Raises DataError without photos.
    """
    check_data(data)
    skipped: list[str] = []
    photos = photos_of(data, split, limit, skipped)
    if not photos:
        raise DataError(f"{data}: {skipped[0]}; the judge is measured on photos")
    facts = settings(
        data, split, hashes or {}, limit=limit, seed=seed, counts={"pictures": len(photos)}
    )
    result = Evaluation("judge", {**facts, "net": NET}, skipped=skipped)
    for side in SIDES:
        rows = judge.features([at_side(photo.pixels, side) for photo in photos])
        concepts = [photo.concept for photo in photos]
        scenes = [scene(photo) for photo in photos]
        _measure(result, f"judge_concept_{{}}_{side}", judge.concepts, rows, concepts, seed)
        _measure(result, f"judge_scene_{{}}_{side}", judge.scenes, rows, scenes, seed)
    return result


def _measure(
    result: Evaluation,
    name: str,
    head: Head,
    rows: Features,
    labels: Sequence[str | None],
    seed: int,
) -> None:
    """Figures of one head over the photos whose label it knows."""
    known = [(i, label) for i, label in enumerate(labels) if label in head.labels]
    if not known:
        result.skipped.append(f"{name.format('top1')}: no photo with a label that the judge knows")
        return
    names = [str(label) for _, label in known]
    scores, truth = head.scores(rows[[i for i, _ in known]]), head.indices(names)
    result.metrics[name.format("top1")] = top_k(scores, truth)
    result.metrics[name.format("top1_macro")] = macro_top_k(scores, truth)
    if len(head.labels) > 5:
        result.metrics[name.format("top5")] = top_k(scores, truth, 5)
    shuffled = np.random.default_rng(seed).permutation(truth)
    result.controls[f"{name.format('top1')}_shuffled"] = top_k(scores, shuffled)
    result.tables[name.format("top1")] = by_label(hits(scores, truth), names)
