"""Sounds that restyle is measured on: recordings, two of them at two places, and music."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from sonolume.data.shards import Clip
from sonolume.errors import DataError
from sonolume.evaluation.play import example_kit, scores_of
from sonolume.evaluation.samples import clips_of
from sonolume.media import Audio
from sonolume.music.ensemble import seat
from sonolume.music.mixdown import MixSettings, mix
from sonolume.music.score import Notes, Score
from sonolume.signal.mel import RATE
from sonolume.signal.windows import normalise_level

__all__ = ["Example", "Kind", "beginning", "examples_of", "scene_of"]

Kind = Literal["recording", "scene", "music"]

SECONDS: Final = 4.0
SHORTEST: Final = 1.5
MUSIC: Final = 6  # one example in so many is music
MUSIC_RATE: Final = 32_000  # Hz; holds all that the cues look at
PLACES: Final = (-0.6, 0.6)  # of the two of a scene, left to right
APART: Final = 0.0004  # seconds by which the far ear is late, at those places
INSTRUMENTS: Final = 3
PEAK: Final = 0.4  # of full scale, 8 dB below it


@dataclass(frozen=True, eq=False)
class Example:
    """A sound to restyle.

    Attributes:
        name: of the clip, the clips, or the score.
        kind: a mono recording, a stereo scene of two of them, or music mixed in stereo.
        sound: up to `SECONDS`.
    """

    name: str
    kind: Kind
    sound: Audio


def examples_of(data: Path, split: str, count: int, seed: int, skipped: list[str]) -> list[Example]:
    """At most ``count`` examples of a split: a sixth music on the scores of ``data/scores``, the
    rest half recordings and half scenes, no clip twice and each of another concept while there are
    any. What is missing is told in `skipped`.
    """
    music = list(_music(data, count // MUSIC, seed, skipped))
    rest = count - len(music)
    clips = _clips(data, split, seed, skipped)
    scenes = min(rest // 2, len(clips) // 3)
    pairs = zip(clips[:scenes], clips[scenes : 2 * scenes], strict=True)
    made = [_scene(first, second) for first, second in pairs]
    return [*(_recording(clip) for clip in clips[2 * scenes :][: rest - scenes]), *made, *music]


def _clips(data: Path, split: str, seed: int, skipped: list[str]) -> list[Clip]:
    """Clips that are long enough, in random order, one a group, concepts taking turns."""
    found: dict[str, list[Clip]] = {}
    groups: set[tuple[str, str]] = set()
    for clip in clips_of(data, split, None, skipped):
        place = clip.concept, clip.group
        if len(clip.samples) >= SHORTEST * RATE and place not in groups:
            groups.add(place)
            found.setdefault(clip.concept, []).append(clip)
    rng = np.random.default_rng(seed)
    ranked = [
        (turn, float(rng.random()), clip)
        for clips in found.values()
        for turn, clip in enumerate(clips[i] for i in rng.permutation(len(clips)))
    ]
    return [clip for _, _, clip in sorted(ranked, key=lambda row: row[:2])]


def _recording(clip: Clip) -> Example:
    return Example(clip.key, "recording", _with_room(Audio(_level(clip)[None], RATE)))


def _scene(first: Clip, second: Clip) -> Example:
    sound = scene_of(_level(first), _level(second), RATE)
    return Example(f"{first.key} + {second.key}", "scene", _with_room(sound))


def _with_room(sound: Audio) -> Audio:
    """Turned down to the highest peak that leaves room to become louder, where it is above."""
    factor = PEAK / max(PEAK, float(np.abs(sound.samples).max()))
    return Audio(sound.samples * np.float32(factor), sound.rate)


def scene_of(left: NDArray[np.float32], right: NDArray[np.float32], rate: int) -> Audio:
    """Two mono sounds [n] at two places of one stereo sound, the shorter one repeated.

    Constant power, and the ear on the far side hears later by 0.4 ms, as between spaced
    microphones.
    """
    frames, late = max(len(left), len(right)), round(APART * rate)
    made = np.zeros((2, frames), np.float32)
    for place, sound, far in zip(PLACES, (left, right), (1, 0), strict=True):
        whole = np.resize(sound, frames)
        angle = (place + 1) * np.pi / 4
        for ear, gain in enumerate((np.cos(angle), np.sin(angle))):
            delay = late if ear == far else 0
            made[ear, delay:] += gain * whole[: frames - delay]
    return Audio(made, rate)


def _level(clip: Clip) -> NDArray[np.float32]:
    return normalise_level(clip.samples[: round(SECONDS * RATE)])


def _music(data: Path, count: int, seed: int, skipped: list[str]) -> Iterator[Example]:
    """The beginnings of scores, each tune once, on a kit of synthesised sounds."""
    tunes = {Path(name).stem: score for name, score in reversed(scores_of(data))}
    if not tunes:
        skipped.append(f"music: {data.name}/scores holds no score")
        return
    if not count:
        return
    kit = example_kit(seed, INSTRUMENTS)
    for tune in sorted(tunes)[:count]:
        try:
            played = seat(beginning(tunes[tune], SECONDS), kit)
        except DataError as error:
            skipped.append(f"music: {tune}: {error}")
            continue
        sound = mix(played.score, played.instruments, roles=played.roles, settings=MixSettings())[0]
        heard = sound.resample(MUSIC_RATE).samples[:, : round(SECONDS * MUSIC_RATE)]
        yield Example(tune, "music", _with_room(Audio(heard, MUSIC_RATE)))


def beginning(score: Score, seconds: float) -> Score:
    """What of a score begins before so many seconds."""
    tracks = [replace(track, notes=_before(track.notes, seconds)) for track in score.tracks]
    return replace(score, tracks=tuple(track for track in tracks if len(track.notes)))


def _before(notes: Notes, seconds: float) -> Notes:
    kept = notes.start < seconds
    ends = np.minimum(notes.end[kept], seconds)
    return Notes(notes.start[kept], ends, notes.key[kept], notes.velocity[kept])
