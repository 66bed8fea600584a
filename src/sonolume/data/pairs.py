"""Pairs of a sound and the picture that it should paint.

*Concept pairs*: a sound and a photo of the same thing, with or without words. *State pairs*: a
scene that the words set, edited into the state that the sound tells of (a beach under thunder).
*Composed pairs*: a scene that the words set and something else heard in it (a dog on a beach);
there is no photo of it, only words that say the whole.
"""

from collections import defaultdict
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sonolume.data.captions import OUTDOORS, PLACES, SCENES, STATE_WORDS, PhotoCaptions
from sonolume.data.concepts import concept
from sonolume.data.shards import Photo
from sonolume.data.states import STATES, apply

PLACED = tuple(sorted(OUTDOORS & set(PLACES) & set(SCENES)))


@dataclass(frozen=True)
class Pair:
    """`sound` and `photo` are row numbers; `pixels` uint8 [H, W, 3] are what is to be painted, when
    they are `true` to it. `words` say a part of it, `whole` says all."""

    sound: int
    photo: int
    words: str
    whole: str
    pixels: NDArray[np.uint8]
    true: bool = True


class PairMaker:
    """Draws pairs of clips (by their concepts) and photos."""

    def __init__(
        self, clip_concepts: list[str], photos: list[Photo], states: float, composed: float = 0.0
    ) -> None:
        self.photos, self.states, self.composed = photos, states, composed
        self.captions = PhotoCaptions(photos)
        self.clips: dict[str, list[int]] = defaultdict(list)
        for row, slug in enumerate(clip_concepts):
            self.clips[slug].append(row)
        self.shown: dict[str, list[int]] = defaultdict(list)
        for row, photo in enumerate(photos):
            shows = photo.concept or photo.weak_concept
            if shows is not None and shows in self.clips:
                self.shown[shows].append(row)
        self.scenes = [
            row
            for row, photo in enumerate(photos)
            if photo.concept in (None, "waves") and OUTDOORS & set(photo.tags)
        ]
        self.evoked = [
            name for name, state in STATES.items() if any(s in self.clips for s in state.sounds)
        ]

    def draw(self, rng: np.random.Generator) -> Pair:
        """One pair: of a state with chance `states`, composed with chance `composed`, else of a
        concept."""
        kind = rng.random()
        if self.scenes and kind < self.states:
            return self._state(rng)
        slug = str(rng.choice(sorted(self.shown)))
        photo = int(rng.choice(self.shown[slug]))
        sound = int(rng.choice(self.clips[slug]))
        pixels = self.photos[photo].pixels
        if kind < self.states + self.composed:
            place = str(rng.choice(PLACED))
            whole = f"{concept(slug).name} {PLACES[place]}"
            return Pair(sound, photo, SCENES[place], whole, pixels, true=False)
        words = self.captions.draw(photo, rng) if rng.random() < 0.4 else ""
        return Pair(sound, photo, words, words or concept(slug).name, pixels)

    def _state(self, rng: np.random.Generator) -> Pair:
        """A scene in a heard state; the words name the scene alone, or nothing."""
        name = str(rng.choice(self.evoked))
        slug = str(rng.choice([s for s in STATES[name].sounds if s in self.clips]))
        photo = int(rng.choice(self.scenes))
        edited = apply(
            name, self.photos[photo].pixels, rng.uniform(0.7, 1.0), int(rng.integers(2**31))
        )
        words = self._scene_words(self.photos[photo], rng) if rng.random() < 0.75 else ""
        whole = f"{words} {rng.choice(STATE_WORDS[name])}".strip()
        return Pair(int(rng.choice(self.clips[slug])), photo, words, whole, edited)

    def _scene_words(self, photo: Photo, rng: np.random.Generator) -> str:
        named = [SCENES[tag] for tag in photo.tags if tag in OUTDOORS and tag in SCENES]
        return str(rng.choice(named)) if named else ""
