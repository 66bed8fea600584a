"""The evaluation of the joint encoder: does it know what it hears, sees and reads?"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from sonolume.data.concepts import concepts
from sonolume.data.shards import Clip, Photo
from sonolume.errors import DataError
from sonolume.evaluation.classification import hits, macro_top_k, top_k
from sonolume.evaluation.phrases import phrase_scores, read_phrases, unknown_to_the_book
from sonolume.evaluation.result import Evaluation, by_label, settings
from sonolume.evaluation.retrieval import mean_average_precision
from sonolume.evaluation.samples import check_data, clips_of, photos_of

BATCH: Final = 16

DEFINITIONS: Final = {
    "sound_concept_top1_macro": "sounds whose nearest heard concept is their own, mean over "
    "concepts",
    "sound_concept_top5": "sounds with their own concept among the five nearest, over sounds",
    "picture_concept_top1_macro": "photos whose nearest seen concept is their own, mean over "
    "concepts",
    "phrase_concept_top1": "phrases whose concept scores highest of all concepts; a score is the "
    "mean of the 3 largest cosines to the concept's name and phrasebook lines",
    "sound_picture_map": "mean average precision by concept, mean of sound to picture and picture "
    "to sound, over the concepts that have both",
}


class Encoder(Protocol):
    """The part of `models.joint.JointEncoder` that is measured."""

    concepts: tuple[str, ...]
    anchors: Tensor

    def embed_sound(self, samples: NDArray[np.float32], /) -> Tensor: ...
    def embed_pictures(self, pictures: Tensor, /) -> Tensor: ...
    def embed_words(self, texts: list[str], /) -> Tensor: ...


def evaluate_joint(
    encoder: Encoder,
    data: Path,
    *,
    split: str = "validation",
    limit: int | None = None,
    phrases: Path | None = None,
    seed: int = 0,
    hashes: Mapping[str, str] | None = None,
) -> Evaluation:
    """Measure `encoder` on `data/sounds` and `data/pictures`, at most `limit` items a concept.

    `phrases` is a page of lines `concept TAB phrase` (the shipped ones without it); `seed` drives
    the shuffled controls; `hashes` of the weights are noted. Sounds compete among
    the concepts that are heard, photos among those that are seen (`data.concepts`).

    Raises DataError for data or phrases that cannot be read.
    """
    check_data(data)
    given = read_phrases(phrases)
    lines = unknown_to_the_book(given)
    skipped: list[str] = []
    if len(lines) < len(given):
        count = len(given) - len(lines)
        skipped.append(f"{count} of {len(given)} phrases: they stand in the phrasebook")
    clips = clips_of(data, split, limit, skipped)
    photos = [p for p in photos_of(data, split, limit, skipped) if p.concept is not None]
    counts = {"sounds": len(clips), "pictures": len(photos), "phrases": len(lines)}
    page = "shipped" if phrases is None else phrases.name
    facts = settings(data, split, hashes or {}, limit=limit, seed=seed, counts=counts, phrases=page)
    result = Evaluation("joint", facts, skipped=skipped, definitions=dict(DEFINITIONS))
    rng = np.random.default_rng(seed)
    heard, seen = embed_clips(encoder, clips), embed_photos(encoder, photos)
    if clips:
        _measure_sounds(result, encoder, heard, [clip.concept for clip in clips], rng)
    if photos:
        _measure_photos(result, encoder, seen, [str(photo.concept) for photo in photos], rng)
    _measure_retrieval(result, (heard, clips), (seen, photos), rng)
    if lines:
        _measure_phrases(result, encoder, lines, rng)
    return result


def embed_clips(encoder: Encoder, clips: Sequence[Clip]) -> NDArray[np.float32]:
    """Embeddings [N, 512] of sounds."""
    rows = [encoder.embed_sound(clip.samples) for clip in clips]
    return torch.stack(rows).cpu().numpy() if rows else np.zeros((0, 512), np.float32)


def embed_photos(encoder: Encoder, photos: Sequence[Photo]) -> NDArray[np.float32]:
    """Embeddings [N, 512] of photos."""
    return embed_pixels(encoder, [photo.pixels for photo in photos])


def embed_pixels(encoder: Encoder, pictures: Sequence[NDArray[np.uint8]]) -> NDArray[np.float32]:
    """Embeddings [N, 512] of pictures [H, W, 3] of one size."""
    rows = []
    for start in range(0, len(pictures), BATCH):
        stack = torch.from_numpy(np.stack(pictures[start : start + BATCH]))
        rows.append(encoder.embed_pictures(stack.permute(0, 3, 1, 2).float() / 127.5 - 1))
    return torch.cat(rows).cpu().numpy() if rows else np.zeros((0, 512), np.float32)


def _measure_sounds(
    result: Evaluation,
    encoder: Encoder,
    embeddings: NDArray[np.float32],
    labels: list[str],
    rng: np.random.Generator,
) -> None:
    known = {item.slug for item in concepts() if item.heard}
    scores, truth = _against(encoder, embeddings, labels, known)
    result.metrics["sound_concept_top1_macro"] = macro_top_k(scores, truth)
    result.metrics["sound_concept_top5"] = top_k(scores, truth, 5)
    shuffled = rng.permutation(truth)
    result.controls["sound_concept_top1_macro_shuffled"] = macro_top_k(scores, shuffled)
    result.controls["sound_concept_top5_shuffled"] = top_k(scores, shuffled, 5)
    result.tables["sound concept top-1"] = by_label(hits(scores, truth), labels)


def _measure_photos(
    result: Evaluation,
    encoder: Encoder,
    embeddings: NDArray[np.float32],
    labels: list[str],
    rng: np.random.Generator,
) -> None:
    known = {item.slug for item in concepts() if item.seen}
    scores, truth = _against(encoder, embeddings, labels, known)
    result.metrics["picture_concept_top1_macro"] = macro_top_k(scores, truth)
    shuffled = macro_top_k(scores, rng.permutation(truth))
    result.controls["picture_concept_top1_macro_shuffled"] = shuffled
    result.tables["picture concept top-1"] = by_label(hits(scores, truth), labels)


def _measure_retrieval(
    result: Evaluation,
    sounds: tuple[NDArray[np.float32], Sequence[Clip]],
    pictures: tuple[NDArray[np.float32], Sequence[Photo]],
    rng: np.random.Generator,
) -> None:
    heard, seen = (np.array([str(item.concept) for item in part[1]]) for part in (sounds, pictures))
    both = sorted(set(heard) & set(seen))
    if not both:
        result.skipped.append("sound_picture_map: no concept has both sounds and pictures")
        return
    rows, columns = np.isin(heard, both), np.isin(seen, both)
    similarity = sounds[0][rows] @ pictures[0][columns].T
    queries, gallery = (np.searchsorted(both, part) for part in (heard[rows], seen[columns]))
    result.metrics["sound_picture_map"] = _both_ways(similarity, queries, gallery)
    shuffled = _both_ways(similarity, queries, rng.permutation(gallery))
    result.controls["sound_picture_map_shuffled"] = shuffled


def _measure_phrases(
    result: Evaluation,
    encoder: Encoder,
    lines: Sequence[tuple[str, str]],
    rng: np.random.Generator,
) -> None:
    slugs = [item.slug for item in concepts()]
    scores = phrase_scores(encoder.embed_words, [phrase for _, phrase in lines])
    truth = np.array([slugs.index(slug) for slug, _ in lines])
    result.metrics["phrase_concept_top1"] = top_k(scores, truth)
    result.metrics["phrase_concept_top5"] = top_k(scores, truth, 5)
    result.controls["phrase_concept_top1_shuffled"] = top_k(scores, rng.permutation(truth))
    result.tables["phrase concept top-1"] = by_label(hits(scores, truth), [s for s, _ in lines])


def _against(
    encoder: Encoder, embeddings: NDArray[np.float32], labels: Sequence[str], known: set[str]
) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Cosines [N, C] to the anchors of the known concepts, and the labels' columns [N].

    A label of the data competes too, whether it was known to be heard or seen or not.
    """
    competing = known.union(labels)
    rows = [i for i, slug in enumerate(encoder.concepts) if slug in competing]
    slugs = [encoder.concepts[i] for i in rows]
    strangers = sorted(set(labels) - set(slugs))
    if strangers:
        raise DataError(f"the data has concepts unknown to the encoder: {', '.join(strangers)}")
    anchors = encoder.anchors.cpu().numpy()[rows]
    return embeddings @ anchors.T, np.array([slugs.index(label) for label in labels])


def _both_ways(
    similarity: NDArray[np.float32], rows: NDArray[np.int64], columns: NDArray[np.int64]
) -> float:
    there = mean_average_precision(similarity, rows, columns)
    back = mean_average_precision(similarity.T, columns, rows)
    return (there + back) / 2
