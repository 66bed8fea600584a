"""From a picture to a scene through a joint space: what is there, where, in which mood."""

from collections.abc import Sequence
from functools import cached_property
from typing import Final, Protocol

import numpy as np
import torch
from torch import Tensor

from sonolume.errors import OptionError
from sonolume.media import Picture
from sonolume.music.scene import MAX_SOURCES, Scene, Source
from sonolume.music.scene_table import ROLES, Place, gather, places, things
from sonolume.pipelines.describe.captions import sentence
from sonolume.pipelines.describe.parts import DescribeParts
from sonolume.pipelines.describe.word_lists import CONCEPTS, WordList
from sonolume.pipelines.play.mood import MOOD_WORDS, mood_of

__all__ = ["JointSceneReader", "SceneReader", "load_scene_reader"]

SOURCES: Final = 10
MOST_THINGS: Final = 3
MOST_PLACES: Final = 2
SURE_THING: Final = 0.2  # probability from which a thing counts
SURE_PLACE: Final = 0.15  # and a second place
LONGEST: Final = 300  # characters of a description


class SceneReader(Protocol):
    """What can see things that sound."""

    def read(self, picture: Picture, *, sources: int = SOURCES) -> Scene:
        """The scene of a picture. A reader may find fewer sources than are asked for."""
        ...


class JointSceneReader:
    """See `SceneReader`: zero-shot, with the parts of `describe` at either size.

    Things are the concepts, places those of the table (`music.scene_table`); both with calibrated
    probabilities. Up to three things and two places that are likely enough count, the likeliest
    most; the likeliest place always counts, so that any picture can be played. The same picture
    gives the same scene.
    """

    def __init__(self, describer: DescribeParts) -> None:
        self.describer = describer

    def read(self, picture: Picture, *, sources: int = SOURCES) -> Scene:
        """Raises OptionError unless ``sources`` is 4 to 64."""
        if not len(ROLES) <= sources <= MAX_SOURCES:
            raise OptionError(f"{sources} sources; expected {len(ROLES)} to {MAX_SOURCES}")
        with torch.inference_mode():
            embedding = self.describer.embed_picture(picture)
        seen, where = self._things(embedding), self._places(embedding)
        ranked = sorted([*seen, *where], key=lambda each: -each[0])
        mood = mood_of(picture, self._chances(embedding, MOOD_WORDS).numpy().astype(np.float64))
        told = self._description(embedding, where[0][2])
        return Scene(told, mood, gather([sounds for _, sounds, _ in ranked], sources))

    def _things(self, embedding: Tensor) -> list["Seen"]:
        words = self.describer.word_list(CONCEPTS)
        table = things()
        likely = _likeliest(self._chances(embedding, words), MOST_THINGS)
        rows = ((chance, words.terms[at]) for chance, at in likely if chance >= SURE_THING)
        return [(chance, table[slug], slug) for chance, slug in rows if slug in table]

    def _places(self, embedding: Tensor) -> list["Seen"]:
        likely = _likeliest(self._chances(embedding, self._place_words), MOST_PLACES)
        kept = [
            (chance, at) for n, (chance, at) in enumerate(likely) if not n or chance >= SURE_PLACE
        ]
        return [(chance, self._table[at].sources, self._table[at].phrase) for chance, at in kept]

    def _chances(self, embedding: Tensor, words: WordList) -> Tensor:
        return self.describer.chances(embedding, "picture", words)[0].float().cpu()

    def _description(self, embedding: Tensor, place: str) -> str:
        said = self.describer.captions(embedding, "picture")
        return (said[0] if said else "")[:LONGEST].strip() or sentence(place)

    @cached_property
    def _table(self) -> tuple[Place, ...]:
        return places()

    @cached_property
    def _place_words(self) -> WordList:
        names = tuple(place.name for place in self._table)
        return WordList("play places", names, tuple(place.phrase for place in self._table))


Seen = tuple[float, Sequence[Source], str]
"""Probability, what sounds there, and its words."""


def _likeliest(chances: Tensor, count: int) -> list[tuple[float, int]]:
    values, order = chances.topk(min(count, len(chances)))
    return list(zip(values.tolist(), order.tolist(), strict=True))


def load_scene_reader(model: str = "pocket", device: str | None = None) -> JointSceneReader:
    """The reader over the joint space of ``model``: "pocket", a folder, or CLIP's name or folder.

    Raises ModelError for a model that is not there or unusable.
    """
    from sonolume.pipelines.describe.choose import choose_describer

    return JointSceneReader(choose_describer(model, None, device))
