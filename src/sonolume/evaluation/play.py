"""Figures of `play`: in tune, in time, as loud as asked for, and made of what is seen."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sonolume.data.shards import Photo
from sonolume.errors import DataError, MediaError
from sonolume.evaluation.play_notes import listen_to
from sonolume.evaluation.play_scenes import ranks
from sonolume.evaluation.play_scores import Heard, hear_score
from sonolume.evaluation.result import Evaluation, settings
from sonolume.evaluation.samples import clips_of, photos_of
from sonolume.media import Audio
from sonolume.music.ensemble import placed
from sonolume.music.foley import synthesise
from sonolume.music.instruments import make_drums, make_instrument
from sonolume.music.kit import Instrument, Kit
from sonolume.music.mixdown import MixSettings
from sonolume.music.scene import Source
from sonolume.music.scene_table import places, things
from sonolume.music.score import Score
from sonolume.music.scores.read import read_score
from sonolume.music.traits import measure
from sonolume.pipelines.play.pipeline import PlayPipeline
from sonolume.signal.mel import RATE

Progress = Callable[[int, int], None]
NOTES = 1000
INSTRUMENTS = 40
KIT = 6
SCORES = frozenset({".mid", ".midi", ".musicxml", ".xml", ".mxl", ".abc"})
CLOSE_CENTS, CLOSE_SECONDS, AUDIBLE = 5.0, 1e-3, 12.0
DEFINITIONS = {
    "pitch_within_5_cents": "share of random notes within 5 cents of their key",
    "pitch_median_cents": "median distance of random notes from their key, in cents",
    "onset_within_1_ms": "share of random notes that begin within 1 ms of their time",
    "onset_95_ms": "95 % of random notes begin within so many ms of their time",
    "clicks": "share of loop seams that click audibly (12 dB over the sound's own flux)",
    "chroma_correlation": "mean over scores: chroma of the kit beside plain tones of the score",
    "loudness_error_lu": "largest distance of a mix from the loudness asked for, in LU",
    "true_peak_over": "largest true peak of a mix beside the ceiling, in dB; below 0 is under it",
    "scene_rank": "median rank of a photo's concept by the sounds of its scene",
    "scene_rank_shuffled": "the same by the sounds of another photo's scene",
    "scene_rank_of": "how many concepts are ranked",
}


def evaluate_play(
    pipeline: PlayPipeline,
    data: Path,
    *,
    split: str = "validation",
    limit: int | None = None,
    notes: int = NOTES,
    seed: int = 0,
    progress: Progress | None = None,
) -> Evaluation:
    """Measure instruments on random notes, mixes on the scores of ``data/scores``, scenes on the
    photos of ``data/pictures``, at most `limit` a concept.

    Instruments are made half of the synthesiser's sounds and half of those recordings of
    ``data/sounds`` that have a pitch. What the folder lacks is left out and told. Raises DataError
    when it has none of it.
    """
    scores = scores_of(data)
    skipped = [] if scores else [f"scores: {data.name}/scores holds no score"]
    clips = clips_of(data, split, 4, skipped)
    photos = [photo for photo in photos_of(data, split, limit, skipped) if photo.concept]
    if not (scores or clips or photos):
        raise DataError(f"{data}: neither scores, sounds nor pictures there")
    recorded = [Audio(clip.samples[None], RATE) for clip in clips]
    band = [*_foley(INSTRUMENTS // 2, seed), *_pitched(recorded, INSTRUMENTS // 2, seed)]
    facts = settings(
        data,
        split,
        {},
        limit=limit,
        seed=seed,
        counts={"instruments": len(band), "notes": notes, "photos": len(photos)},
        mix=asdict(MixSettings()),
    )
    result = Evaluation("play", facts, skipped=skipped, definitions=dict(DEFINITIONS))
    _notes(result, band, notes, seed)
    _mixes(result, scores, example_kit(seed))
    _scenes(result, pipeline, photos, seed, progress)
    return result


def scores_of(data: Path) -> list[tuple[str, Score]]:
    """Names and scores of the files in ``data/scores``, if there are any."""
    folder = data / "scores"
    files = sorted(folder.iterdir()) if folder.is_dir() else []
    return [(path.name, read_score(path)) for path in files if path.suffix.lower() in SCORES]


def _sources() -> Iterator[Source]:
    for sources in (*things().values(), *(place.sources for place in places())):
        yield from sources


def _foley(count: int, seed: int) -> list[Instrument]:
    """Pitched instruments of synthesised sounds, drawn from the whole table."""
    sources = list(_sources())
    order = np.random.default_rng(seed).permutation(len(sources))
    sounds = (synthesise(sources[at], seed=seed) for at in order)
    return _first(sounds, count)


def _pitched(recorded: Sequence[Audio], count: int, seed: int) -> list[Instrument]:
    order = np.random.default_rng(seed).permutation(len(recorded))
    return _first((recorded[at] for at in order), count)


def _first(sounds: Iterator[Audio], count: int) -> list[Instrument]:
    """Instruments of the first so many sounds that have a pitch."""
    made: list[Instrument] = []
    for sound in sounds:
        if len(made) == count:
            break
        if not sound.is_silent and measure(sound).pitched:
            made.append(make_instrument(sound, f"sound {len(made) + 1}"))
    return made


def example_kit(seed: int, instruments: int = KIT) -> Kit:
    """A kit as a scene gives it: pitched instruments of foley, and drums."""
    strokes = [source for source in _sources() if source.playing in ("struck", "shaken")]
    drums = make_drums([synthesise(source, seed=seed) for source in strokes[:8]], "drums")
    return Kit("evaluation", placed([*_foley(instruments, seed), drums]))


def _notes(result: Evaluation, band: Sequence[Instrument], notes: int, seed: int) -> None:
    played = listen_to(band, notes, seed)
    off, late = np.abs(played.cents), np.abs(played.late)
    result.metrics["pitch_within_5_cents"] = float((off <= CLOSE_CENTS).mean())
    result.metrics["pitch_median_cents"] = float(np.median(off))
    result.metrics["onset_within_1_ms"] = float((late <= CLOSE_SECONDS).mean())
    result.metrics["onset_95_ms"] = float(1000 * np.percentile(late, 95))
    if len(played.clicks):
        result.metrics["clicks"] = float((played.clicks > AUDIBLE).mean())


def _mixes(result: Evaluation, scores: Sequence[tuple[str, Score]], kit: Kit) -> None:
    heard: dict[str, Heard] = {}
    for name, score in scores:
        try:
            heard[name] = hear_score(score, kit, MixSettings())
        except (DataError, MediaError) as error:
            result.skipped.append(f"{name}: {error}")
    if not heard:
        return
    harmony = {name: each.chroma for name, each in heard.items() if each.chroma is not None}
    result.metrics["chroma_correlation"] = float(np.mean(list(harmony.values())))
    result.metrics["loudness_error_lu"] = max(each.loudness_error for each in heard.values())
    result.metrics["true_peak_over"] = max(each.over for each in heard.values())
    result.tables["chroma by score"] = harmony


def _scenes(
    result: Evaluation,
    pipeline: PlayPipeline,
    photos: Sequence[Photo],
    seed: int,
    progress: Progress | None,
) -> None:
    if len(photos) < 2:
        return
    seen = [0]

    def done() -> None:
        seen[0] += 1
        if progress is not None:
            progress(seen[0], len(photos))

    own, shuffled, count = ranks(pipeline, photos, seed, done)
    result.metrics["scene_rank"] = _middle(own)
    result.controls["scene_rank_shuffled"] = _middle(shuffled)
    result.controls["scene_rank_of"] = float(count)


def _middle(found: NDArray[np.int64]) -> float:
    return float(np.median(found))
