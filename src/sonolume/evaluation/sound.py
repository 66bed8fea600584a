"""The evaluation of the sound generator: does it sound like what was asked for?"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from sonolume.data.concepts import concept
from sonolume.data.shards import Clip, read_sounds
from sonolume.errors import DataError, OptionError
from sonolume.evaluation.asks import Progress
from sonolume.evaluation.classification import hits, top_k
from sonolume.evaluation.distances import Features, kernel_distance, within_distance, within_ratio
from sonolume.evaluation.frechet import frechet_distance
from sonolume.evaluation.result import Evaluation, by_label, settings
from sonolume.evaluation.sound_judge import NET, SoundJudge, judged_concepts
from sonolume.media import Audio, Picture
from sonolume.media.grid import grid
from sonolume.models.vocoder import Vocoder, vocode
from sonolume.pipelines.play.sounds import Likeness, likest
from sonolume.signal.mel import HOP, LogMel
from sonolume.signal.windows import normalise_level, repeat_to
from sonolume.training.crops import lasts
from sonolume.training.spectrograms import mel_picture

CLIPS: Final = 8
CONCEPTS: Final = 20
LENGTH: Final = 399 * HOP  # samples, as long as what is generated
AT_ONCE: Final = 8
SHOWN: Final = 4  # sounds of a row of a sheet

DEFINITIONS: Final = {
    "words_top1": "generated from a concept's name alone; the judge names the concept",
    "words_top5": "the same, among the judge's first five",
    "fad": "Fréchet distance of the judge's features: generated against validation clips of the "
    "same concepts; controls are of at most as many sounds",
    "kernel_distance": "squared MMD, unbiased, kernel (x.y/D + 1)^3, of the same features; 0 is "
    "equal",
    "within_concept_distance": "distance between features of two sounds of a concept, generated "
    "over real; 1 is as varied as recordings",
    "vocoded_top1": "validation clips, to log-mel and back by the vocoder",
    "griffin_lim_top1": "the same by Griffin-Lim alone, with as many iterations",
}

Sounds = NDArray[np.float32]


class Maker(Protocol):
    """The part of `pipelines.play.sounds_generator.GeneratorSounds` that is measured."""

    @property
    def vocoder(self) -> Vocoder: ...

    def say(self, texts: list[str], /) -> Tensor: ...

    def draw(self, embeddings: Tensor, seeds: Sequence[int], /) -> list[Audio]: ...


@dataclass(frozen=True)
class Heard:
    """Sounds with what they are of, and the judge's features [N, 384] of them."""

    slugs: Sequence[str]
    features: Features


def evaluate_sound(
    maker: Maker,
    judge: SoundJudge,
    data: Path,
    *,
    split: str = "validation",
    limit: int = CLIPS,
    concepts: int = CONCEPTS,
    takes: int = 1,
    likeness: Likeness | None = None,
    seed: int = 0,
    progress: Progress | None = None,
    hashes: Mapping[str, str] | None = None,
    sampling: Mapping[str, float] | None = None,
) -> Evaluation:
    """Measure `maker` on the concepts with most clips in `data`: `limit` sounds of each. `sampling`
    says how it draws them, and is noted. Of each sound so many `takes` are drawn, and the one that
    is most like the words in `likeness` is kept, as `play` does.

    Raises DataError for data that cannot be read or hold fewer than two judged concepts,
    OptionError for takes to choose from without a likeness.
    """
    if takes < 1 or (takes > 1 and likeness is None):
        raise OptionError(f"{takes} takes; expected 1, or more and a likeness to choose by")
    clips = [clip for clip in read_sounds(data, split) if clip.concept in judged_concepts()]
    slugs = most_heard([clip.concept for clip in clips], concepts)
    if len(slugs) < 2:
        raise DataError(f"{data}: {len(slugs)} judged concepts in the split {split}; expected two")
    asked = [slug for slug in slugs for _ in range(limit)]
    sounds = _generate(maker, asked, seed, progress, takes, likeness)
    made = Heard(asked, judge.features(sounds))
    real_clips = [clip for clip in clips if clip.concept in slugs]
    real_sounds = _cut(real_clips)
    real = Heard([clip.concept for clip in real_clips], judge.features(real_sounds))

    counts = {"concepts": len(slugs), "generated": len(asked), "real": len(real.slugs)}
    facts = settings(data, split, hashes or {}, limit=limit, seed=seed, counts=counts)
    facts |= {"net": NET, "sampling": {**(sampling or {}), "takes": takes}}
    result = Evaluation("sound", facts, definitions=dict(DEFINITIONS))
    _measure(result, judge, made, real, seed)
    _vocoded(result, judge, maker.vocoder, real, real_sounds)
    others = [clip for clip in clips if clip.concept not in slugs]
    training = _of(read_sounds(data, "train"), slugs, limit)
    _controls(result, judge, real, others, training, len(asked))
    result.sheets["generated"] = _sheet(sounds, slugs, limit)
    return result


def most_heard(slugs: Sequence[str], count: int) -> list[str]:
    """The `count` that occur most, the alphabet deciding between equals; in its order."""
    found = Counter(slugs)
    return sorted(sorted(found, key=lambda slug: (-found[slug], slug))[:count])


def _generate(
    maker: Maker,
    slugs: Sequence[str],
    seed: int,
    progress: Progress | None,
    takes: int,
    likeness: Likeness | None,
) -> Sounds:
    told = maker.say([concept(slug).name for slug in slugs])
    first, sounds = seed * len(slugs), []
    for at in range(0, len(slugs), AT_ONCE):
        part = told[at : at + AT_ONCE].repeat_interleave(takes, dim=0)
        drawn = maker.draw(part, range((first + at) * takes, (first + at) * takes + len(part)))
        for number in range(0, len(drawn), takes):
            some = drawn[number : number + takes]
            best = some if likeness is None else likest(some, part[number], likeness)
            sounds.append(best[0].samples[0])
        if progress is not None:
            progress(len(sounds), len(slugs))
    return np.stack(sounds)


def _measure(result: Evaluation, judge: SoundJudge, made: Heard, real: Heard, seed: int) -> None:
    scores, truth = judge.scores(made.features), judge.places(made.slugs)
    result.metrics["words_top1"] = top_k(scores, truth)
    result.metrics["words_top5"] = top_k(scores, truth, 5)
    result.metrics["fad"] = frechet_distance(made.features, real.features)
    result.metrics["kernel_distance"] = kernel_distance(made.features, real.features)
    _variety(result, made, real)
    shuffled = np.random.default_rng(seed).permutation(truth)
    result.controls["words_top1_shuffled"] = top_k(scores, shuffled)
    result.tables["words_top1"] = by_label(hits(scores, truth), made.slugs)
    result.tables["words_top5"] = by_label(hits(scores, truth, 5), made.slugs)


def _variety(result: Evaluation, made: Heard, real: Heard) -> None:
    if any(not sum(within_distance(s.features, s.slugs).values()) for s in (made, real)):
        result.skipped.append("within_concept_distance: no concept has two different sounds")
        return
    result.metrics["within_concept_distance"] = within_ratio(
        made.features, made.slugs, real.features, real.slugs
    )


def _vocoded(
    result: Evaluation, judge: SoundJudge, vocoder: Vocoder, real: Heard, sounds: Sounds
) -> None:
    """What a spectrogram and a vocoder cost real clips."""
    front, truth = LogMel(), judge.places(real.slugs)
    ways: dict[str, list[Sounds]] = {"vocoded": [], "griffin_lim": []}
    for at in range(0, len(sounds), AT_ONCE):
        mel = front(torch.from_numpy(sounds[at : at + AT_ONCE]))
        ways["vocoded"].append(vocode(mel, vocoder).numpy())
        ways["griffin_lim"].append(vocode(mel, None).numpy())
    result.controls["real_top1"] = top_k(judge.scores(real.features), truth)
    result.controls["real_top5"] = top_k(judge.scores(real.features), truth, 5)
    result.tables["real_top1"] = by_label(hits(judge.scores(real.features), truth), real.slugs)
    for way, parts in ways.items():
        features = judge.features(np.concatenate(parts))
        result.controls[f"{way}_top1"] = top_k(judge.scores(features), truth)
        result.controls[f"{way}_fad"] = frechet_distance(features, real.features)


def _controls(
    result: Evaluation,
    judge: SoundJudge,
    real: Heard,
    others: Sequence[Clip],
    training: Sequence[Clip],
    count: int,
) -> None:
    """Distances of what was not generated to the validation clips; up to `count` sounds each."""
    rng, few = np.random.default_rng(0), min(count, len(others))
    sets: dict[str, Sounds] = {
        "silence": np.zeros((count, LENGTH), np.float32),
        "white_noise": rng.standard_normal((count, LENGTH), np.float32),
        "training_clips": _cut(training),
        "other_concepts": _cut([others[len(others) * k // few] for k in range(few)]),
    }
    for name, sounds in sets.items():
        if len(sounds) < 2:
            result.skipped.append(f"{name}: fewer than two clips")
            continue
        features = judge.features(sounds)
        result.controls[f"{name}_fad"] = frechet_distance(features, real.features)
        result.controls[f"{name}_kernel_distance"] = kernel_distance(features, real.features)


def _of(clips: Iterable[Clip], slugs: Sequence[str], limit: int) -> list[Clip]:
    """The first `limit` clips of each concept."""
    kept: dict[str, list[Clip]] = {slug: [] for slug in slugs}
    for clip in clips:
        if len(kept.get(clip.concept, [None] * limit)) < limit:
            kept[clip.concept].append(clip)
    return [clip for part in kept.values() for clip in part]


def _cut(clips: Sequence[Clip]) -> Sounds:
    """The first four seconds [N, n]; shorter clips are repeated if they last, else padded."""
    rows = [_four_seconds(clip.samples) for clip in clips]
    return np.stack(rows) if rows else np.zeros((0, LENGTH), np.float32)


def _four_seconds(samples: Sounds) -> Sounds:
    if len(samples) < LENGTH and not lasts(LogMel()(torch.from_numpy(samples)[None])[0].numpy()):
        samples = np.pad(samples, (0, LENGTH - len(samples)))
    return normalise_level(repeat_to(samples, LENGTH))


def _sheet(sounds: Sounds, slugs: Sequence[str], limit: int) -> Picture:
    """Spectrograms, a row for each concept."""
    shown = min(SHOWN, limit)
    rows = [at * limit + k for at in range(len(slugs)) for k in range(shown)]
    mels = LogMel()(torch.from_numpy(normalise_level(sounds[rows]))).numpy()
    return grid([mel_picture(mel) for mel in mels], columns=shown, row_labels=slugs)
