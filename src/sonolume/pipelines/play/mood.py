"""The mood of a picture, from what it resembles and from its colours."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from sonolume.media import Picture
from sonolume.music.scene import MOODS, Mood
from sonolume.pipelines.describe.word_lists import WordList

__all__ = ["MOOD_WORDS", "colour_affect", "mood_of"]

MOOD_WORDS: Final = WordList(
    "moods",
    MOODS,
    (
        "calm and peaceful scene",
        "bright and cheerful scene",
        "sad and lonely scene",
        "threatening and dangerous scene",
        "funny and playful scene",
        "grand and majestic landscape",
        "dark and mysterious scene",
    ),
)
"""Each of `MOODS` and the phrase that pictures are compared with."""

# Pleasure, arousal and dominance of each of `MOODS`, in the terms of Russell & Mehrabian (1977).
AFFECT: Final = np.array(
    [
        (0.6, -0.6, 0.1),
        (0.8, 0.4, 0.2),
        (-0.6, -0.5, -0.3),
        (-0.5, 0.6, 0.2),
        (0.7, 0.6, -0.2),
        (0.4, 0.2, 0.6),
        (-0.4, -0.2, 0.6),
    ]
)
# Mean and deviation of brightness and saturation over photographs, and of red over blue.
USUAL: Final = np.array([(0.48, 0.17), (0.28, 0.15), (0.04, 0.11)])
COLOURS: Final = 2.0  # nats of an inner product of 1


def colour_affect(picture: Picture) -> NDArray[np.float64]:
    """Pleasure, arousal and dominance [3] that the colours alone suggest, each about -1..1.

    Valdez & Mehrabian (1994), "Effects of color on emotions": 0.69·B + 0.22·S, −0.31·B + 0.60·S and
    −0.76·B + 0.32·S, for standardised brightness B and saturation S. Warmth, red over blue, adds
    to arousal, as red does in Wilms & Oberfeld (2018).
    """
    rgb = picture.centre_square(64).pixels.astype(np.float64) / 255
    high, low = rgb.max(axis=-1), rgb.min(axis=-1)
    saturation = ((high - low) / np.maximum(high, 1e-6)).mean()
    warmth = (rgb[..., 0] - rgb[..., 2]).mean()
    measured = np.array([rgb.mean(), saturation, warmth])
    bright, vivid, warm = np.clip((measured - USUAL[:, 0]) / USUAL[:, 1], -2, 2) / 2
    pleasure = 0.69 * bright + 0.22 * vivid
    arousal = -0.31 * bright + 0.60 * vivid + 0.2 * warm
    return np.array([pleasure, arousal, -0.76 * bright + 0.32 * vivid])


def mood_of(picture: Picture, chances: NDArray[np.float64]) -> Mood:
    """The likeliest mood.

    Two witnesses are taken to be independent, so their logarithms add: ``chances`` [7], the
    probabilities of `MOOD_WORDS`, and the colours, whose likelihood for a mood grows with the
    inner product of what they suggest and what the mood is.
    """
    score = np.log(np.maximum(chances, 1e-6)) + COLOURS * AFFECT @ colour_affect(picture)
    return MOODS[int(score.argmax())]
