"""What is measured on painted pictures; each function adds its figures to an evaluation."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sonolume.data.concepts import concept
from sonolume.data.shards import Clip, Photo
from sonolume.data.states import STATES, look
from sonolume.evaluation.asks import Ask, Pixels, Round
from sonolume.evaluation.classification import hits, macro_top_k, top_k
from sonolume.evaluation.copies import nearest
from sonolume.evaluation.distances import kernel_distance, mean_pairwise_distance, within_ratio
from sonolume.evaluation.joint import Encoder, embed_clips, embed_pixels
from sonolume.evaluation.judge import Features, Judge
from sonolume.evaluation.judge_fit import at_side, scene
from sonolume.evaluation.paint_sheets import neighbours
from sonolume.evaluation.result import Evaluation, by_label
from sonolume.evaluation.swap import own_sound_accuracy, swap_accuracy
from sonolume.evaluation.visible import all_visible, state_visible

COPIES: Final = 64


@dataclass(frozen=True)
class RealPhotos:
    """Photos that show something known, at the painted size, and the judge's features of them."""

    photos: Sequence[Photo]
    features: Features

    def of_concepts(self, known: Sequence[str]) -> tuple[Features, list[str]]:
        """Features and labels of the photos of these concepts."""
        rows = [i for i, photo in enumerate(self.photos) if photo.concept in known]
        return self.features[rows], [str(self.photos[i].concept) for i in rows]


def real_photos(judge: Judge, photos: Sequence[Photo], side: int) -> RealPhotos:
    """Let the judge see photos of concepts and scenes at `side` px."""
    kept = [photo for photo in photos if photo.concept is not None or scene(photo) is not None]
    return RealPhotos(kept, judge.features([at_side(photo.pixels, side) for photo in kept]))


def judge_itself(result: Evaluation, judge: Judge, real: RealPhotos) -> None:
    """How often the judge is right on photos: what painted pictures can reach."""
    features, labels = real.of_concepts(judge.concepts.labels)
    if labels:
        scores, truth = judge.concepts.scores(features), judge.concepts.indices(labels)
        result.controls["judge_top1"] = top_k(scores, truth)
        result.controls["judge_top5"] = top_k(scores, truth, 5)
        result.controls["judge_top1_macro"] = macro_top_k(scores, truth)
    scenes = [(i, scene(photo)) for i, photo in enumerate(real.photos)]
    known = [(i, name) for i, name in scenes if name in judge.scenes.labels]
    if known:
        scores = judge.scenes.scores(real.features[[i for i, _ in known]])
        truth = judge.scenes.indices([str(name) for _, name in known])
        result.controls["judge_scene_top1_macro"] = macro_top_k(scores, truth)


def named(result: Evaluation, judge: Judge, rounds: dict[str, Round]) -> None:
    """Whether the judge names the concept that was said or heard; the same with wrong labels."""
    for kind, name in (("words", "words"), ("sounds", "sound"), ("silence", "silence")):
        part = rounds[kind]
        if part.features is None or not part.asks:
            continue
        labels = [ask.concept for ask in part.asks]
        scores, truth = judge.concepts.scores(part.features), judge.concepts.indices(labels)
        table = result.controls if kind == "silence" else result.metrics
        table[f"painted_from_{name}_top1"] = top_k(scores, truth)
        table[f"painted_from_{name}_top5"] = top_k(scores, truth, 5)
        if kind != "silence":
            wrong = judge.concepts.indices(_next_label(labels))
            result.controls[f"painted_from_{name}_top1_shuffled"] = top_k(scores, wrong)
            result.tables[f"painted from {name}, top-1"] = by_label(hits(scores, truth), labels)


def variety(result: Evaluation, rounds: dict[str, Round], real: RealPhotos) -> None:
    """Distances between painted pictures, and to photos."""
    for kind, suffix in (("words", ""), ("sounds", "_from_sound")):
        part = rounds[kind]
        if part.features is None or len(part.asks) < 2:
            continue
        labels = [ask.concept for ask in part.asks]
        result.metrics[f"diversity{suffix}"] = mean_pairwise_distance(part.features)
        photos, names = real.of_concepts(labels)
        if len(names) < 2:
            continue
        result.metrics[f"kid{suffix}"] = kernel_distance(part.features, photos)
        repeated = {name for name in labels if labels.count(name) > 1 and names.count(name) > 1}
        if repeated:
            ratio = within_ratio(part.features, labels, photos, names)
            result.metrics[f"within_concept_distance{suffix}"] = ratio
        else:
            result.skipped.append(
                f"within_concept_distance{suffix}: it takes two pictures of a concept (--limit 2)"
            )
    photos, names = real.of_concepts(sorted({ask.concept for ask in rounds["words"].asks}))
    if len(names) > 3:
        result.controls["diversity_of_photos"] = mean_pairwise_distance(photos)
        result.controls["kid_of_photos"] = kernel_distance(photos[::2], photos[1::2])


def scenes(result: Evaluation, judge: Judge, part: Round) -> None:
    """Whether the judge names the scene in words, with and without a state's sound."""
    if part.features is None or not part.asks:
        return
    names = [ask.scene for ask in part.asks]
    if not set(names) <= set(judge.scenes.labels):
        result.skipped.append("scene_kept: the judge was not trained on these scenes")
        return
    scores, truth = judge.scenes.scores(part.features), judge.scenes.indices(names)
    right, loud = hits(scores, truth), np.array([bool(ask.state) for ask in part.asks])
    wrong = hits(scores, judge.scenes.indices(_next_label(names)))
    result.controls["scene_without_sound"] = float(right[~loud].mean())
    if loud.any():
        result.metrics["scene_kept"] = float(right[loud].mean())
        result.controls["scene_kept_shuffled"] = float(wrong[loud].mean())
        labels = [ask.state for ask in part.asks if ask.state]
        result.tables["scene kept, by state"] = by_label(right[loud], labels)


def looks(result: Evaluation, part: Round, seed: int) -> None:
    """Whether a state's sound changes light and colour as the state claims."""
    quiet = {
        (ask.scene, ask.request.seed): look(picture)
        for ask, picture in zip(part.asks, part.pictures, strict=True)
        if not ask.state
    }
    loud = [i for i, ask in enumerate(part.asks) if ask.state]
    claims = np.array([_claims(part.asks[i].state) for i in loud], np.int64).reshape(-1, 3)
    if not claims.any():
        result.skipped.append("state_visible: no sound of a state that claims a change")
        return
    before = [quiet[part.asks[i].scene, part.asks[i].request.seed] for i in loud]
    after = [look(part.pictures[i]) for i in loud]
    result.metrics["state_visible"] = state_visible(before, after, claims)
    result.metrics["state_fully_visible"] = all_visible(before, after, claims)
    shuffled = np.random.default_rng(seed).permutation(claims)
    result.controls["state_visible_shuffled"] = state_visible(before, after, shuffled)
    result.tables["state visible"] = _by_state(part, loud, before, after, claims)


def swaps(
    result: Evaluation,
    encoder: Encoder,
    judge: Judge | None,
    part: Round,
    clips: Sequence[Clip],
    seed: int,
) -> None:
    """Whether the joint encoder tells which sound made which picture, and the judge after it.

    The encoder also heard for the painter, so it may favour what it asked for itself. The judge
    knows nothing of sounds: to it, a sound is the concept that it is of.
    """
    comparable = _comparable(part.asks)
    if not comparable.any():
        result.skipped.append("swap_accuracy: it takes sounds of two concepts or more")
        return
    sounds = embed_clips(encoder, [clips[ask.clip] for ask in part.asks])
    similarity = embed_pixels(encoder, part.pictures) @ sounds.T
    _swapped(result, "", similarity, comparable, seed)
    if judge is not None and part.features is not None:
        columns = judge.concepts.indices([ask.concept for ask in part.asks])
        # Scores are log posteriors but for a constant a picture, which every comparison cancels.
        likely = judge.concepts.scores(part.features)[:, columns]
        _swapped(result, "_judge", likely, comparable, seed)


def _swapped(
    result: Evaluation,
    suffix: str,
    similarity: Features,
    comparable: NDArray[np.bool_],
    seed: int,
) -> None:
    result.metrics[f"swap_accuracy{suffix}"] = swap_accuracy(similarity, comparable)
    result.metrics[f"swap_own_sound{suffix}"] = own_sound_accuracy(similarity, comparable)
    order = np.random.default_rng(seed).permutation(len(similarity))
    shuffled = swap_accuracy(similarity[:, order], comparable)
    result.controls[f"swap_accuracy{suffix}_shuffled"] = shuffled


def copies(
    result: Evaluation,
    rounds: dict[str, Round],
    training: Iterable[Pixels],
    held: Sequence[Pixels],
) -> None:
    """The nearest training photos of 64 painted pictures, and as a control of 64 other photos."""
    painted = _spread([*rounds["words"].pictures, *rounds["sounds"].pictures])
    count = len(painted)
    distances, photos = nearest([*painted, *_spread(held)], training)
    result.metrics["nearest_training_distance"] = float(np.median(distances[:count]))
    result.metrics["nearest_training_distance_least"] = float(distances[:count].min())
    if held:
        others = distances[count:]
        result.controls["nearest_training_distance_of_photos"] = float(np.median(others))
        result.controls["nearest_training_distance_least_of_photos"] = float(others.min())
    result.sheets["nearest training photos"] = neighbours(painted, photos[:count])


def _comparable(asks: Sequence[Ask]) -> NDArray[np.bool_]:
    """Pairs [N, N] with the same words and seed whose sounds are not kin."""
    return np.array([[_may_compare(a, b) for b in asks] for a in asks], bool).reshape(
        len(asks), len(asks)
    )


def _may_compare(a: Ask, b: Ask) -> bool:
    same = (a.request.words, a.request.seed) == (b.request.words, b.request.seed)
    return same and a.concept != b.concept and b.concept not in concept(a.concept).overlaps


def _claims(state: str) -> tuple[int, int, int]:
    claimed = STATES[state]
    return claimed.brightness, claimed.warmth, claimed.blueness


def _by_state(
    part: Round,
    loud: Sequence[int],
    before: Sequence[tuple[float, float, float]],
    after: Sequence[tuple[float, float, float]],
    claims: NDArray[np.int64],
) -> dict[str, float]:
    right = np.sign(np.array(after) - np.array(before)) == claims
    names = np.array([part.asks[i].state for i in loud])
    return {
        str(name): float(right[names == name][claims[names == name] != 0].mean())
        for name in np.unique(names)
        if claims[names == name].any()
    }


def _next_label(labels: Sequence[str]) -> list[str]:
    """Each label replaced by the next one in the alphabet: wrong everywhere, as often as before."""
    names = sorted(set(labels))
    return [names[(names.index(label) + 1) % len(names)] for label in labels]


def _spread(pictures: Sequence[Pixels]) -> list[Pixels]:
    """64 pictures, evenly from the whole list; all when there are fewer."""
    if len(pictures) <= COPIES:
        return list(pictures)
    return [pictures[i] for i in np.linspace(0, len(pictures) - 1, COPIES).astype(int)]
