"""Long captions for photos: what is in them, where, and how they look, from labels and pixels."""

import numpy as np
from numpy.typing import NDArray

from sonolume.data.concepts import concept, phrases
from sonolume.data.shards import Photo

PLACES = {
    "city": "in the city", "street": "in the street", "forest": "in the forest",
    "mountain": "in the mountains", "snow": "in the snow", "glacier": "with a glacier",
    "beach": "at the beach", "sea": "by the sea", "lake": "by a lake", "river": "by a river",
    "field": "in a field", "desert": "in the desert", "bridge": "with a bridge",
    "sunset": "at sunset", "night": "at night", "sky": "under an open sky",
    "sunny": "on a sunny day", "cloudy": "under clouds", "fog": "in the fog",
    "rain": "in the rain", "storm": "under storm clouds",
}  # fmt: skip
SCENES = {
    "city": "a city", "street": "a street", "forest": "a forest", "mountain": "mountains",
    "snow": "snow", "glacier": "a glacier", "beach": "a beach", "sea": "the sea",
    "lake": "a lake", "river": "a river", "field": "a field", "desert": "a desert",
    "bridge": "a bridge", "sunset": "a sunset", "night": "night", "sky": "the sky",
    "sunny": "sunny weather", "cloudy": "a cloudy sky", "fog": "fog", "rain": "rain",
    "storm": "storm clouds", "fountain or sprinkler": "a fountain",
}  # fmt: skip
OUTDOORS = frozenset(
    {
        "city", "street", "forest", "mountain", "snow", "beach", "sea", "lake", "river", "field",
        "desert", "bridge", "sky", "sunny",
    }
)  # fmt: skip
STATE_WORDS = {
    "thunder": ("in a thunderstorm", "under lightning", "with lightning in a dark sky"),
    "rain": ("in the rain", "in pouring rain", "on a rainy day"),
    "fog": ("in the fog", "in thick fog", "on a misty morning"),
    "fire": ("lit by a fire", "with flames and embers", "in the glow of a fire"),
    "wind": ("in strong wind", "on a windy day", "in a storm wind"),
    "drip": ("behind drops of water", "with falling drops"),
    "night": ("at night", "in the dark of night", "on a moonlit night"),
    "birds": ("with birds in the sky", "with birds flying overhead"),
}
FRAMES = ("{}", "{}", "{}", "a photo of {}", "a picture of {}", "a photograph showing {}")


def look(pixels: NDArray[np.uint8]) -> list[str]:
    """Words for what is plainly so in a photo [H, W, 3]: dark, bright, colourful, blue, ..."""
    rgb = pixels.reshape(-1, 3).astype(np.float32) / 255
    luma = rgb @ np.array([0.2126, 0.7152, 0.0722], np.float32)
    mean, spread = rgb.mean(0), float((rgb.max(1) - rgb.min(1)).mean())
    words = []
    if luma.mean() < 0.25:
        words.append("dark")
    elif luma.mean() > 0.72:
        words.append("bright")
    if spread < 0.07:
        words.append("grey")
    elif spread > 0.4:
        words.append("colourful")
    if mean[2] - mean[0] > 0.12:
        words.append("blue")
    elif mean[0] - mean[2] > 0.18:
        words.append("warm")
    elif mean[1] - max(mean[0], mean[2]) > 0.04:
        words.append("green")
    border = np.concatenate([pixels[:6].reshape(-1, 3), pixels[-6:].reshape(-1, 3)])
    if border.min(1).mean() > 235:
        words.append("on a white background")
    return words


class PhotoCaptions:
    """Draws captions for photos; an unlabelled photo without words gets the empty one."""

    def __init__(self, photos: list[Photo]) -> None:
        self.photos = photos
        self.looks = [look(photo.pixels) for photo in photos]

    def draw(self, index: int, rng: np.random.Generator) -> str:
        """One caption of photo `index`: a human one, or a composed one."""
        photo = self.photos[index]
        if photo.captions and (photo.concept is None or rng.random() < 0.6):
            return str(rng.choice(list(photo.captions)))
        return self._compose(photo, self.looks[index], rng)

    def _compose(self, photo: Photo, looks: list[str], rng: np.random.Generator) -> str:
        subject = self._subject(photo, rng)
        if not subject:
            return ""
        text = str(rng.choice(FRAMES)).format(subject)
        places = [PLACES[tag] for tag in photo.tags if tag in PLACES]
        if photo.concept is not None and places and rng.random() < 0.5:
            text += " " + str(rng.choice(places))
        kept = [word for word in looks if rng.random() < 0.35]
        after = [word for word in kept if word.startswith("on ")]
        before = [word for word in kept if not word.startswith("on ")]
        return (
            ", ".join([text, *before]) if not after else ", ".join([f"{text} {after[0]}", *before])
        )

    def _subject(self, photo: Photo, rng: np.random.Generator) -> str:
        slug = photo.concept or photo.weak_concept
        if slug is None:
            scenes = [SCENES[tag] for tag in photo.tags if tag in SCENES]
            return " and ".join(rng.permutation(scenes)[:2]) if scenes else ""
        names = [concept(slug).name, slug]
        others = [tag for tag in photo.tags if tag not in PLACES]
        draw = rng.random()
        if draw < 0.25:
            return str(rng.choice(list(phrases(slug))))
        if draw < 0.45 and others:
            return str(rng.choice(others))
        return _article(str(rng.choice(names)), rng)


def _article(noun: str, rng: np.random.Generator) -> str:
    if rng.random() < 0.5:
        return noun
    return ("an " if noun[0] in "aeiou" else "a ") + noun
