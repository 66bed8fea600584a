"""What a painter is asked for in its evaluation."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from sonolume.data.concepts import concept
from sonolume.data.shards import RATE, Clip
from sonolume.media.audio import Audio
from sonolume.media.picture import Picture
from sonolume.pipelines.paint.settings import PaintRequest, PaintSettings

BATCH: Final = 8
SCENES: Final = {
    "beach": "a beach",
    "city": "a city",
    "forest": "a forest",
    "mountain": "a mountain",
}
STATE_SOUNDS: Final = {
    "thunder": "thunder",
    "rain": "rain",
    "birds": "songbird",
    "fire": "fire",
    "wind": "wind",
    "night": "cricket",
}

Pixels = NDArray[np.uint8]
Hear = Callable[[Audio], Tensor]
Progress = Callable[[int, int], None]


class Painter(Protocol):
    """The part of `pipelines.paint.PaintPipeline` that is measured."""

    def paint_many(
        self, requests: Sequence[PaintRequest], settings: PaintSettings | None = None, /
    ) -> list[Picture]: ...


@dataclass(frozen=True)
class Ask:
    """A request with what the picture should show: a concept, a scene, a state."""

    request: PaintRequest
    concept: str = ""
    scene: str = ""
    state: str = ""
    clip: int = -1
    """Row of the sound among the clips, −1 without."""


@dataclass(frozen=True)
class Round:
    """Pictures [H, W, 3] with what they were asked for, and the judge's features [N, D] of them."""

    asks: Sequence[Ask]
    pictures: Sequence[Pixels]
    features: NDArray[np.float32] | None


@dataclass(frozen=True)
class Heard:
    """Clips with the embeddings [N, 512] that the painter hears of them."""

    clips: Sequence[Clip]
    embeddings: Sequence[Tensor]
    silence: Tensor

    def rows(self, slug: str) -> list[int]:
        """Rows of the clips of a concept."""
        return [i for i, clip in enumerate(self.clips) if clip.concept == slug]


def listen(hear: Hear, clips: Sequence[Clip]) -> Heard:
    """Embed clips, and ten seconds of silence."""
    silence = np.zeros(10 * RATE, np.float32)
    return Heard(clips, [hear(_audio(clip.samples)) for clip in clips], hear(_audio(silence)))


def from_words(slugs: Sequence[str], count: int, seed: int) -> list[Ask]:
    """`count` pictures of each concept from its name alone."""
    return [
        Ask(PaintRequest(words=concept(slug).name, seed=_seed(seed, i, k)), slug)
        for i, slug in enumerate(slugs)
        for k in range(count)
    ]


def from_sounds(heard: Heard, slugs: Sequence[str], count: int, seed: int) -> list[Ask]:
    """`count` pictures of each concept from its clips in turn, without words."""
    asks = []
    for i, slug in enumerate(slugs):
        rows = heard.rows(slug)
        for k in range(count):
            row = rows[k % len(rows)]
            request = PaintRequest(sound=heard.embeddings[row], seed=_seed(seed, i, k))
            asks.append(Ask(request, slug, clip=row))
    return asks


def from_silence(heard: Heard, slugs: Sequence[str], seed: int) -> list[Ask]:
    """One picture for each concept with the seed of its first, but from silence."""
    return [
        Ask(PaintRequest(sound=heard.silence, seed=_seed(seed, i, 0)), slug)
        for i, slug in enumerate(slugs)
    ]


def swaps(heard: Heard, slugs: Sequence[str], count: int, seed: int) -> list[Ask]:
    """Each concept's clips with the words of one scene; a round of a scene shares its seed.

    Few concepts share fewer scenes, so that each scene has two sounds to swap.
    """
    scenes = list(SCENES)
    groups = min(len(scenes), max(1, len(slugs) // 2))
    asks = []
    for k in range(count):
        for i, slug in enumerate(slugs):
            scene, rows = scenes[(i % groups + k) % len(scenes)], heard.rows(slug)
            row = rows[k % len(rows)]
            request = PaintRequest(SCENES[scene], heard.embeddings[row], seed=_seed(seed, 0, k))
            asks.append(Ask(request, slug, scene, clip=row))
    return asks


def states(heard: Heard, count: int, seed: int) -> list[Ask]:
    """Each scene without a sound and under the sound of each state that was heard, same seed."""
    asks = []
    for scene, words in SCENES.items():
        for k in range(count):
            asks.append(Ask(PaintRequest(words, seed=_seed(seed, 0, k)), scene=scene))
            for state, slug in STATE_SOUNDS.items():
                rows = heard.rows(slug)
                if not rows:
                    continue
                row = rows[k % len(rows)]
                request = PaintRequest(words, heard.embeddings[row], seed=_seed(seed, 0, k))
                asks.append(Ask(request, slug, scene, state, row))
    return asks


def paint(
    painter: Painter,
    asks: Sequence[Ask],
    settings: PaintSettings,
    progress: Progress | None = None,
) -> list[Pixels]:
    """Pictures [H, W, 3], one for each ask; `progress(done, all)` after each batch."""
    pictures: list[Pixels] = []
    for start in range(0, len(asks), BATCH):
        batch = [ask.request for ask in asks[start : start + BATCH]]
        pictures += [picture.pixels for picture in painter.paint_many(batch, settings)]
        if progress is not None:
            progress(len(pictures), len(asks))
    return pictures


def _audio(samples: NDArray[np.float32]) -> Audio:
    return Audio(samples[None], RATE)


def _seed(seed: int, concept_row: int, sample: int) -> int:
    return (seed + 1000 * concept_row + sample) % 2**63
