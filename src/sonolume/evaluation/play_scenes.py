"""Whether what is heard of a picture belongs to what is seen."""

from collections.abc import Callable, Sequence

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from sonolume.data.concepts import concepts
from sonolume.data.shards import Photo
from sonolume.media import Picture
from sonolume.music.scene import Scene
from sonolume.pipelines.play.pipeline import PlayPipeline

FIRST = 3  # sources of a scene that are listened to


@torch.inference_mode()
def ranks(
    pipeline: PlayPipeline, photos: Sequence[Photo], seed: int, done: Callable[[], None]
) -> tuple[NDArray[np.int64], NDArray[np.int64], int]:
    """Where the right concept stands (1 is first) among all that the photos show, by what the
    sounds of a scene are like; the same for the scene of another photo; how many concepts.

    The joint space that hears is the one that looked: it knows its own sounds better than a
    stranger would.
    """
    slugs = sorted({photo.concept for photo in photos if photo.concept})
    names = {concept.slug: concept.name for concept in concepts()}
    words = pipeline.likeness.embed_words([names[slug] for slug in slugs])
    heard = torch.stack([_heard(pipeline, photo, seed, done) for photo in photos])
    likeness = heard @ words.T
    own = torch.tensor([slugs.index(str(photo.concept)) for photo in photos])
    turned = torch.from_numpy(np.random.default_rng(seed).permutation(len(photos)))
    return _rank(likeness, own), _rank(likeness[turned], own), len(slugs)


def _rank(likeness: Tensor, own: Tensor) -> NDArray[np.int64]:
    better = likeness > likeness.gather(1, own[:, None])
    rank: NDArray[np.int64] = better.sum(1).numpy() + 1
    return rank


def _heard(pipeline: PlayPipeline, photo: Photo, seed: int, done: Callable[[], None]) -> Tensor:
    scene: Scene = pipeline.look(Picture(photo.pixels))
    sounds = [pipeline.maker.make(source, 1, seed)[0] for source in scene.sources[:FIRST]]
    done()
    places = torch.stack([pipeline.likeness.embed_audio(sound) for sound in sounds])
    return F.normalize(places.mean(0), dim=-1)
