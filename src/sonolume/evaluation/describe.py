"""The evaluation of `describe`: are its keywords right, and as sure as they claim to be?"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

import numpy as np
import torch

from sonolume.data.shards import RATE, Clip, Photo
from sonolume.errors import DataError
from sonolume.evaluation.calibration import (
    Predictions,
    cross_fitted,
    ece,
    ece_by_chance,
    fit_factor,
    nll,
)
from sonolume.evaluation.classification import hits, macro_top_k, top_k
from sonolume.evaluation.describe_captions import Items, measure_captions
from sonolume.evaluation.result import Evaluation, by_label, settings
from sonolume.evaluation.samples import check_data, clips_of, photos_of
from sonolume.hub.calibration import Calibration, Fit
from sonolume.media import Audio, Picture
from sonolume.pipelines.describe.keywords import Kind
from sonolume.pipelines.describe.pipeline import DescribePipeline
from sonolume.pipelines.describe.word_lists import CONCEPTS

Progress = Callable[[int, int], None]

# The names of sounds have no prefix: they are the figures that the job is judged by.
PREFIX: Final[dict[Kind, str]] = {"sound": "keyword", "picture": "picture_keyword"}
DEFINITIONS: Final = {
    "keyword_top1_macro": "sounds whose likeliest term of the list concepts is their own, mean "
    "over concepts",
    "keyword_top5": "sounds with their own concept among the five likeliest terms, over sounds",
    "keyword_ece": "expected calibration error of the likeliest term, 15 bins, at the shipped "
    "temperature",
    "keyword_ece_held": "the same with each tenth of the groups at the temperature that the "
    "others fit",
    "keyword_ece_by_chance": "what exactly right probabilities, so many and so sure, would come to",
    "keyword_nll": "mean negative log-likelihood of the own concept, in nats",
}


def evaluate_describe(
    pipeline: DescribePipeline,
    data: Path,
    *,
    split: str = "validation",
    limit: int | None = None,
    seed: int = 0,
    hashes: Mapping[str, str] | None = None,
    progress: Progress | None = None,
) -> tuple[Evaluation, Calibration]:
    """Measure `pipeline` on `data/sounds` and `data/pictures`, at most `limit` items a concept.

    `seed` drives the shuffled controls; `hashes` of the weights are noted. The calibration that
    comes with the figures is the one that these data fit.

    Raises DataError for data that cannot be read, or with a concept that the list does not know.
    """
    check_data(data)
    skipped: list[str] = []
    clips = clips_of(data, split, limit, skipped)
    photos = photos_of(data, split, limit, skipped)
    named = [photo for photo in photos if photo.concept is not None]
    captioned = [photo for photo in photos if photo.captions]
    counts = {"sounds": len(clips), "pictures": len(photos)}
    facts = settings(data, split, hashes or {}, limit=limit, seed=seed, counts=counts)
    result = Evaluation("describe", facts, skipped=skipped, definitions=dict(DEFINITIONS))
    rng = np.random.default_rng(seed)
    told = _Told(progress, len(clips) + len(named) + len(captioned))
    fits: dict[str, Fit] = {}
    heard = hear_clips(pipeline, clips, told)
    for items in (heard, see_photos(pipeline, named, told)):
        if items is not None:
            fits[items.kind] = _measure(result, pipeline, items, rng)
    measure_captions(result, pipeline, heard, captioned, rng, told)
    return result, Calibration(fits, dict(hashes or {}))


class _Told:
    """Counts items for a progress bar."""

    def __init__(self, progress: Progress | None, total: int) -> None:
        self.progress, self.total, self.done = progress, total, 0

    def __call__(self) -> None:
        self.done += 1
        if self.progress is not None:
            self.progress(self.done, self.total)


def hear_clips(
    pipeline: DescribePipeline, clips: Sequence[Clip], told: Callable[[], None]
) -> Items | None:
    """The windows of sounds, as the pipeline hears them; None without sounds."""
    rows, windows = [], []
    for number, clip in enumerate(clips):
        heard = pipeline.hear(Audio(clip.samples[None], RATE)).embeddings
        rows.append(heard)
        windows += [number] * len(heard)
        told()
    if not rows:
        return None
    labels, groups = [c.concept for c in clips], [c.group for c in clips]
    return Items("sound", torch.cat(rows), np.array(windows), labels, groups)


def see_photos(
    pipeline: DescribePipeline, photos: Sequence[Photo], told: Callable[[], None]
) -> Items | None:
    """Photos, as the pipeline sees them; None without photos."""
    rows = []
    for photo in photos:
        rows.append(pipeline.parts.embed_picture(Picture(photo.pixels)).cpu())
        told()
    if not rows:
        return None
    labels, groups = [str(p.concept) for p in photos], [p.group for p in photos]
    return Items("picture", torch.cat(rows), np.arange(len(rows)), labels, groups)


def _measure(
    result: Evaluation, pipeline: DescribePipeline, items: Items, rng: np.random.Generator
) -> Fit:
    """Put the figures of one kind of media into `result`; returns the fit to these data."""
    name, predictions = PREFIX[items.kind], predict(pipeline, items)
    chances, truth = predictions.chances(), predictions.truth
    scores = chances.astype(np.float32)
    figures = result.metrics
    figures[f"{name}_top1_macro"] = macro_top_k(scores, truth)
    figures[f"{name}_top5"] = top_k(scores, truth, 5)
    figures[f"{name}_ece"] = ece(chances, truth)
    figures[f"{name}_nll"] = nll(chances, truth)
    shuffled = rng.permutation(truth)
    result.controls[f"{name}_top1_macro_shuffled"] = macro_top_k(scores, shuffled)
    result.controls[f"{name}_top5_shuffled"] = top_k(scores, shuffled, 5)
    result.controls[f"{name}_top1_macro_most_frequent"] = 1 / len(np.unique(truth))
    result.controls[f"{name}_ece_shuffled"] = ece(chances, shuffled)
    result.controls[f"{name}_ece_by_chance"] = ece_by_chance(chances, rng)
    result.tables[f"{items.kind} keyword top-1"] = by_label(hits(scores, truth), items.labels)
    temperature = fit_factor(predictions) * pipeline.parts.temperature(items.kind)
    try:
        held = cross_fitted(predictions, items.groups)
    except DataError as error:
        result.skipped.append(f"{name}_ece_held: {error}")
        held = chances
    else:
        figures[f"{name}_ece_held"] = ece(held, truth)
    off, loss = round(ece(held, truth), 5), round(nll(held, truth), 5)
    return Fit(round(temperature, 5), off, loss, len(truth))


def predict(pipeline: DescribePipeline, items: Items) -> Predictions:
    """What the pipeline says of items in the terms of the list of concepts.

    Raises DataError for concepts that the list does not know.
    """
    words = pipeline.parts.word_list(CONCEPTS)
    strangers = sorted(set(items.labels) - set(words.terms))
    if strangers:
        raise DataError(f"the data has concepts unknown to the list: {', '.join(strangers)}")
    chances = pipeline.parts.chances(items.embeddings, items.kind, words).double().cpu()
    truth = np.array([words.terms.index(label) for label in items.labels])
    return Predictions(chances.clamp(min=1e-30).log().numpy(), items.windows, truth)
