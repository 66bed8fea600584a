"""The evaluation of the painter: does the picture show what was heard and said?"""

from collections.abc import Mapping
from dataclasses import asdict
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Final

from sonolume.data.concepts import concepts
from sonolume.data.shards import read_photos
from sonolume.evaluation import asks, paint_measures, paint_sheets
from sonolume.evaluation.asks import Ask, Hear, Heard, Painter, Pixels, Progress, Round
from sonolume.evaluation.joint import Encoder
from sonolume.evaluation.judge import NET, Judge
from sonolume.evaluation.result import Evaluation, settings
from sonolume.evaluation.samples import check_data, clips_of, photos_of
from sonolume.pipelines.paint.best import BestOf
from sonolume.pipelines.paint.settings import PaintSettings

COUNT: Final = 4
ALONE: Final = ("words", "sounds", "silence")

DEFINITIONS: Final = {
    "painted_from_words_top1": "painted from a concept's name alone; the judge names the concept",
    "painted_from_words_top5": "the same, among the judge's first five",
    "painted_from_sound_top1": "painted from a clip alone; the judge names the clip's concept",
    "painted_from_sound_top5": "the same, among the judge's first five",
    "swap_accuracy": "same words and seed, two sounds: pairs of pictures that the joint encoder "
    "puts to their own sounds; chance 0.5",
    "swap_own_sound": "the same, each picture by itself: its own sound is nearer than the other",
    "swap_accuracy_judge": "swap_accuracy by the judge: the likelier way to put the two sounds' "
    "concepts to the two pictures; it never heard the sounds",
    "swap_own_sound_judge": "swap_own_sound by the judge",
    "scene_kept": "a scene in words under a state's sound; the judge names the scene, of five",
    "state_visible": "claimed changes of brightness, warmth and blueness that came true against "
    "the same words and seed without sound; chance 0.5",
    "state_fully_visible": "pictures of which every claimed change came true",
    "kid": "squared MMD, unbiased, kernel (x.y/D + 1)^3, of the judge's features: painted from "
    "words against photos; 0 is equal",
    "diversity": "mean distance between the judge's features of two pictures painted from words",
    "within_concept_distance": "the same within a concept, painted over real; 1 is as varied as "
    "photos",
    "nearest_training_distance": "median distance (1 - correlation of 32 px thumbnails, mirrored "
    "ones too) of 64 painted pictures to their nearest training photo; 0 is a copy",
    "judge_top1": "the judge on photos at the size of the painted pictures",
}


def evaluate_paint(
    painter: Painter,
    hear: Hear,
    encoder: Encoder,
    judge: Judge | None,
    data: Path,
    *,
    split: str = "validation",
    limit: int = COUNT,
    seed: int = 0,
    painting: PaintSettings | None = None,
    progress: Progress | None = None,
    hashes: Mapping[str, str] | None = None,
    chooser: BestOf | None = None,
) -> Evaluation:
    """Measure `painter` with the sounds and photos of `data`, `limit` pictures a concept.

    `hear` embeds a sound for the painter, `encoder` is the joint encoder of the swap test, `judge`
    may be missing: what needs it is left out. About 175 pictures are painted for each unit of
    `limit`. `hashes` of the weights are noted. `chooser` paints in place of `painter` where words
    or a sound stand alone; elsewhere pictures of one seed are compared, which it would not keep.

    Raises DataError for data that cannot be read.
    """
    check_data(data)
    chosen = painting or PaintSettings()
    skipped: list[str] = []
    clips = clips_of(data, split, limit, skipped)
    photos = photos_of(data, split, None, skipped)
    plan = _plan(asks.listen(hear, clips), judge, limit, seed)
    painted = sum(map(len, plan.values()))
    counts = {"sounds": len(clips), "pictures": len(photos), "painted": painted}
    facts = settings(
        data, split, hashes or {}, limit=limit, seed=seed, counts=counts, painting=asdict(chosen),
        best_of=1 if chooser is None else chooser.count,
    )  # fmt: skip
    result = Evaluation("paint", facts, skipped=skipped, definitions=dict(DEFINITIONS))
    alone = painter if chooser is None else chooser
    painters = {kind: alone if kind in ALONE else painter for kind in plan}
    rounds = _paint(painters, plan, judge, chosen, progress)

    if judge is None:
        skipped.append(
            f"judged figures: the judge needs {NET}, which was not found (--teachers FOLDER)"
        )
    else:
        real = paint_measures.real_photos(judge, photos, chosen.size)
        paint_measures.judge_itself(result, judge, real)
        paint_measures.named(result, judge, rounds)
        paint_measures.variety(result, rounds, real)
        paint_measures.scenes(result, judge, rounds["states"])
    if clips:
        paint_measures.swaps(result, encoder, judge, rounds["swaps"], clips, seed)
        paint_measures.looks(result, rounds["states"], seed)
    result.sheets = paint_sheets.sheets(rounds)
    if photos:
        _compare_with_training(result, rounds, data, [photo.pixels for photo in photos])
    return result


def _plan(heard: Heard, judge: Judge | None, limit: int, seed: int) -> dict[str, list[Ask]]:
    known = [c.slug for c in concepts() if c.seen]
    if judge is not None:
        known = [slug for slug in known if slug in judge.concepts.labels]
    both = [slug for slug in known if heard.rows(slug)]
    return {
        "words": asks.from_words(known, limit, seed),
        "sounds": asks.from_sounds(heard, both, limit, seed),
        "silence": asks.from_silence(heard, both, seed),
        "swaps": asks.swaps(heard, both, limit, seed),
        "states": asks.states(heard, limit, seed) if heard.clips else [],
    }


def _paint(
    painters: Mapping[str, Painter],
    plan: Mapping[str, list[Ask]],
    judge: Judge | None,
    painting: PaintSettings,
    progress: Progress | None,
) -> dict[str, Round]:
    rounds: dict[str, Round] = {}
    done, total = 0, sum(map(len, plan.values()))
    for kind, part in plan.items():
        further = None if progress is None else partial(_further, progress, done, total)
        painted = asks.paint(painters[kind], part, painting, further)
        rounds[kind] = Round(part, painted, judge.features(painted) if judge else None)
        done += len(part)
    return rounds


def _further(progress: Progress, before: int, total: int, done: int, _all: int) -> None:
    progress(before + done, total)


def _compare_with_training(
    result: Evaluation, rounds: dict[str, Round], data: Path, held: list[Pixels]
) -> None:
    training = (photo.pixels for photo in read_photos(data, "train"))
    try:
        first = next(training)
    except StopIteration:
        result.skipped.append("nearest_training_distance: the data has no photo of the split train")
        return
    paint_measures.copies(result, rounds, chain([first], training), held)
