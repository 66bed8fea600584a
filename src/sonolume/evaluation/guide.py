"""The evaluation of guidance: does it move pictures to what was said and heard?"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from sonolume.data.concepts import concept, concepts
from sonolume.data.shards import RATE, Clip
from sonolume.errors import ModelError
from sonolume.evaluation.asks import Pixels, Progress
from sonolume.evaluation.judge import Judge
from sonolume.evaluation.result import Evaluation, settings
from sonolume.evaluation.samples import check_data, clips_of
from sonolume.media import Audio, Picture
from sonolume.media.grid import grid
from sonolume.pipelines.guide.prompts import Prompt
from sonolume.pipelines.guide.request import GuideRequest
from sonolume.pipelines.guide.settings import GuideSettings

SEEDS: Final = 8
CONCEPTS: Final = 20
ROUNDS: Final = ("words", "sounds", "negative words")
SHOWN: Final = 8  # pictures of a row of a sheet

DEFINITIONS: Final = {
    "words_gain": "guided by a concept's name: the judge's probability of the concept over that of "
    "the unguided picture of the same seed, median over concepts and seeds",
    "sound_gain": "the same, guided by a clip of the concept",
    "negative_words": "the same, led away from the concept's name; below 1 is right",
    "words_top1": "guided by a concept's name, the judge names the concept",
    "sound_top1": "guided by a clip, the judge names the concept",
}


class Guide(Protocol):
    """The part of `pipelines.guide.GuidePipeline` that is measured."""

    def request_for(self, prompts: Sequence[Prompt], /) -> GuideRequest: ...

    def guide_many(
        self, requests: Sequence[GuideRequest], settings: GuideSettings | None = None, /
    ) -> list[Picture]: ...


@dataclass(frozen=True)
class Ask:
    """What to guide to (None: nothing), and the concept that it means."""

    request: GuideRequest
    slug: str


def evaluate_guide(
    guide: Guide,
    judge: Judge | None,
    data: Path,
    *,
    split: str = "validation",
    limit: int = SEEDS,
    concepts: int = CONCEPTS,
    seed: int = 0,
    guiding: GuideSettings | None = None,
    progress: Progress | None = None,
    hashes: Mapping[str, str] | None = None,
) -> Evaluation:
    """Measure `guide` with the clips of `data`: `concepts` concepts, `limit` seeds each.

    Concepts are those that are both heard and seen, in the data and by the judge, evenly taken from
    the alphabet. Every concept has the same seeds, so that one unguided picture a seed serves all.

    Raises DataError for data that cannot be read, ModelError without a judge: it is what measures.
    """
    check_data(data)
    if judge is None:
        raise ModelError("guidance is measured by the judge, whose net was not found (--teachers)")
    chosen = guiding or GuideSettings()
    skipped: list[str] = []
    clips = clips_of(data, split, limit, skipped)
    slugs = _spread(_known(judge, clips), concepts)
    seeds = [(seed + n) % 2**63 for n in range(limit)]
    asks = _plan(guide, slugs, clips, seeds)
    done = _Counter(guide, chosen, progress, sum(map(len, asks.values())) + 2 * len(seeds))
    facts = settings(
        data,
        split,
        hashes or {},
        limit=limit,
        seed=seed,
        counts={"concepts": len(slugs), "seeds": len(seeds), "guided": done.total},
        guiding=asdict(chosen),
    )
    result = Evaluation("guide", facts, skipped=skipped, definitions=dict(DEFINITIONS))
    nothing = [replace(asks["words"][0].request, seed=s) for s in seeds]
    unguided = done.make([_weightless(request) for request in nothing])
    still = done.make(nothing, replace(chosen, scale=0.0))
    result.controls["scale_0_is_unguided"] = _share_equal(unguided, still)
    before = _chances(judge, unguided)
    for name, part in asks.items():
        if part:
            pictures = done.make([ask.request for ask in part])
            _measure(result, judge, name, part, pictures, before)
            result.sheets[f"guided by {name}"] = _sheet(part, pictures, unguided)
    return result


class _Counter:
    """Makes pictures and tells how many are made."""

    def __init__(
        self, guide: Guide, settings: GuideSettings, progress: Progress | None, total: int
    ) -> None:
        self.guide, self.settings, self.progress = guide, settings, progress
        self.total, self.count = total, 0

    def make(
        self, requests: Sequence[GuideRequest], settings: GuideSettings | None = None
    ) -> list[Pixels]:
        made: list[Pixels] = []
        for request in requests:
            (picture,) = self.guide.guide_many([request], settings or self.settings)
            made.append(picture.pixels)
            self.count += 1
            if self.progress is not None:
                self.progress(self.count, self.total)
        return made


def _known(judge: Judge, clips: Sequence[Clip]) -> list[str]:
    heard = {clip.concept for clip in clips}
    return [
        c.slug
        for c in concepts()
        if c.seen and c.slug in judge.concepts.labels and (c.slug in heard or not heard)
    ]


def _spread(slugs: Sequence[str], count: int) -> list[str]:
    if len(slugs) <= count:
        return list(slugs)
    return [slugs[i] for i in np.linspace(0, len(slugs) - 1, count).astype(int)]


def _plan(
    guide: Guide, slugs: Sequence[str], clips: Sequence[Clip], seeds: Sequence[int]
) -> dict[str, list[Ask]]:
    asks: dict[str, list[Ask]] = {name: [] for name in ROUNDS}
    for slug in slugs:
        name = concept(slug).name
        said = guide.request_for([Prompt("words", name)])
        away = guide.request_for([Prompt("words", name, -1.0)])
        heard = [
            guide.request_for([Prompt("sound", Audio(clip.samples[None], RATE))])
            for clip in clips
            if clip.concept == slug
        ]
        for n, seed in enumerate(seeds):
            asks["words"].append(Ask(replace(said, seed=seed), slug))
            asks["negative words"].append(Ask(replace(away, seed=seed), slug))
            if heard:
                asks["sounds"].append(Ask(replace(heard[n % len(heard)], seed=seed), slug))
    return asks


def _weightless(request: GuideRequest) -> GuideRequest:
    return replace(request, prompts=tuple(replace(p, weight=0.0) for p in request.prompts))


def _chances(judge: Judge, pictures: Sequence[Pixels]) -> NDArray[np.float64]:
    """The judge's probabilities [N, concepts]."""
    scores = judge.concepts.scores(judge.features(pictures)).astype(np.float64)
    powers = np.exp(scores - scores.max(1, keepdims=True))
    return np.asarray(powers / powers.sum(1, keepdims=True))


def _measure(
    result: Evaluation,
    judge: Judge,
    name: str,
    asks: Sequence[Ask],
    pictures: Sequence[Pixels],
    before: NDArray[np.float64],
) -> None:
    after = _chances(judge, pictures)
    rows = np.arange(len(asks))
    seeds = rows % len(before)
    labels = [ask.slug for ask in asks]
    truth = judge.concepts.indices(labels)
    gains = after[rows, truth] / before[seeds, truth]
    key = {"words": "words_gain", "sounds": "sound_gain", "negative words": "negative_words"}[name]
    result.metrics[key] = float(np.median(gains))
    result.tables[key] = {
        slug: float(np.median(gains[[label == slug for label in labels]])) for slug in set(labels)
    }
    wrong = np.roll(truth, len(before))
    result.controls[f"{key}_of_another_concept"] = float(
        np.median(after[rows, wrong] / before[seeds, wrong])
    )
    if name != "negative words":
        short = key.removesuffix("_gain")
        result.metrics[f"{short}_top1"] = float((after.argmax(1) == truth).mean())
        result.controls[f"{short}_top1_unguided"] = float((before.argmax(1)[seeds] == truth).mean())


def _share_equal(one: Sequence[Pixels], other: Sequence[Pixels]) -> float:
    return float(np.mean([np.array_equal(a, b) for a, b in zip(one, other, strict=True)]))


def _sheet(asks: Sequence[Ask], pictures: Sequence[Pixels], unguided: Sequence[Pixels]) -> Picture:
    """A row without guidance, then one for each concept; a column for each seed."""
    count = len(unguided)
    shown = min(count, SHOWN)
    starts = range(0, len(pictures), count)
    cells = [*unguided[:shown], *(pixels for s in starts for pixels in pictures[s : s + shown])]
    labels = ["(unguided)", *(asks[s].slug for s in starts)]
    return grid([Picture(pixels) for pixels in cells], columns=shown, row_labels=labels)
