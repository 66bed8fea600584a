"""Edits of light and colour.

Pictures are float32 [H, W, 3] in 0..1, gamma-coded; strengths 0..1.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from sonolume.correspondence.edit_fields import luma, mix, radius
from sonolume.correspondence.views import Field

__all__ = [
    "brighten",
    "cool",
    "darken",
    "desaturate",
    "fade",
    "hollow",
    "intensify",
    "rotate_hue",
    "saturate",
    "sepia",
    "solarise",
    "vignette",
    "warm",
]

# Columns: red, green and blue of a toned print, from the red, green and blue of the picture.
SEPIA: Final = np.array(
    [[0.393, 0.349, 0.272], [0.769, 0.686, 0.534], [0.189, 0.168, 0.131]], dtype=np.float32
)
# Rotation about the grey axis in the YIQ colour space of television keeps luma.
TO_YIQ: Final = np.array(
    [[0.299, 0.587, 0.114], [0.5959, -0.2746, -0.3213], [0.2115, -0.5227, 0.3112]]
)
WARM_GAINS: Final = np.array([0.32, 0.04, -0.36], dtype=np.float32)


def brighten(picture: Field, strength: float) -> Field:
    """Lift by a gamma curve: black and white stay."""
    return np.asarray(np.power(picture, np.float32(1 - 0.6 * strength)))


def darken(picture: Field, strength: float) -> Field:
    """Lower the exposure, by two stops at most."""
    return picture * np.float32(1 - 0.6 * strength)


def intensify(picture: Field, strength: float) -> Field:
    """Stretch levels around their mean."""
    middle = float(luma(picture).mean())
    return middle + (picture - middle) * np.float32(1 + 1.2 * strength)


def fade(picture: Field, strength: float) -> Field:
    """Draw levels towards their mean."""
    middle = float(luma(picture).mean())
    return middle + (picture - middle) * np.float32(1 - 0.7 * strength)


def saturate(picture: Field, strength: float) -> Field:
    """Push colours away from their grey."""
    return mix(luma(picture)[..., None], picture, 1 + 1.5 * strength)


def desaturate(picture: Field, strength: float) -> Field:
    """Draw colours towards their grey."""
    return mix(picture, luma(picture)[..., None], strength)


def warm(picture: Field, strength: float) -> Field:
    """Move the white point towards orange."""
    return picture * (1 + np.float32(strength) * WARM_GAINS)


def cool(picture: Field, strength: float) -> Field:
    """Move the white point towards azure."""
    return picture * (1 - np.float32(strength) * WARM_GAINS)


def rotate_hue(picture: Field, strength: float) -> Field:
    """Turn all hues from red towards yellow, by 90 degrees at most."""
    turn = -0.5 * np.pi * strength
    cosine, sine = np.cos(turn), np.sin(turn)
    rotation = np.array([[1, 0, 0], [0, cosine, -sine], [0, sine, cosine]])
    matrix: Field = (np.linalg.inv(TO_YIQ) @ rotation @ TO_YIQ).astype(np.float32)
    return picture @ matrix.T


def sepia(picture: Field, strength: float) -> Field:
    """Tone as an old brown print."""
    return mix(picture, np.minimum(picture @ SEPIA, 1), strength)


def solarise(picture: Field, strength: float) -> Field:
    """Turn the brightest levels upside down; the threshold falls from white to middle grey."""
    if strength == 0:
        return picture
    return np.where(picture > 1 - 0.5 * strength, 1 - picture, picture)


def vignette(picture: Field, strength: float) -> Field:
    """Darken towards the corners, as a simple lens does."""
    fall = np.square(radius(*picture.shape[:2]))[..., None]
    return picture * (1 - np.float32(0.75 * strength) * fall)


def hollow(picture: Field, strength: float) -> Field:
    """Darken the centre: the reverse of a vignette."""
    rise = 1 - np.square(radius(*picture.shape[:2]))[..., None]
    return picture * (1 - np.float32(0.75 * strength) * rise)
