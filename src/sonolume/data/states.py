"""Photographic edits that put a photo into a state one can hear: storm, rain, fire, night, ...

Each edit takes uint8 [H, W, 3] and gives the same size back; `strength` 0 leaves every byte as it
is, 1 is the full effect, and the change grows with it. The same seed gives the same edit. They
serve to make *state pairs*: one scene, two states, and the sound of the second.

Every edit raises DataError when the photo is not uint8 [H, W, 3] or is smaller than 16 px, and
OptionError when `strength` lies outside 0..1.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sonolume.data import retouch as brush
from sonolume.data import state_drops, state_light, state_weather
from sonolume.data.retouch import Field
from sonolume.errors import DataError, OptionError

Pixels = NDArray[np.uint8]
Edit = Callable[[Pixels, float, int], Pixels]
Rendering = Callable[[Field, np.random.Generator], Field]
Bending = Callable[[Field, float, np.random.Generator], Field]

SMALLEST = 16


class Look(NamedTuple):
    """What the eye notices first: `brightness` is the mean luma 0..1; `warmth` is the red minus the
    blue share and `blueness` the blue share of the mean colour, so neither depends on exposure."""

    brightness: float
    warmth: float
    blueness: float


@dataclass(frozen=True)
class State:
    """An edit, the concepts whose sound evokes it, and the sign of the expected change of each
    part of the look (0: no claim). A state without sounds is evoked by words alone."""

    edit: Edit
    sounds: tuple[str, ...]
    brightness: int
    warmth: int
    blueness: int


def look(pixels: Pixels) -> Look:
    """Measure a photo [H, W, 3]. A black photo counts as neutral."""
    red, green, blue = (float(v) / 255 for v in pixels.reshape(-1, 3).mean(axis=0))
    total = red + green + blue
    if total == 0:
        return Look(0.0, 0.0, 1 / 3)
    brightness = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    return Look(brightness, (red - blue) / total, blue / total)


def thunder(pixels: Pixels, strength: float = 1.0, seed: int = 0) -> Pixels:
    """Storm light: darker and bluer, a heavy cloud bank, lightning behind what stands in front."""
    return _blended(state_weather.thunder, pixels, strength, seed)


def rain(pixels: Pixels, strength: float = 1.0, seed: int = 0) -> Pixels:
    """Rain: cooler and darker, the distance soft and hazy, slanted streaks, wet ground."""
    return _blended(state_weather.rain, pixels, strength, seed)


def fog(pixels: Pixels, strength: float = 1.0, seed: int = 0) -> Pixels:
    """Fog: contrast and colour fade with distance into drifting pale grey."""
    return _blended(state_weather.fog, pixels, strength, seed)


def fire(pixels: Pixels, strength: float = 1.0, seed: int = 0) -> Pixels:
    """Firelight: dim surroundings, a warm glow and flames from below, sparks in the air."""
    return _blended(state_light.fire, pixels, strength, seed)


def wind(pixels: Pixels, strength: float = 1.0, seed: int = 0) -> Pixels:
    """Wind: what is textured leans and smears along the wind, leaves and dust fly past."""
    return _bent(state_weather.wind, pixels, strength, seed)


def drip(pixels: Pixels, strength: float = 1.0, seed: int = 0) -> Pixels:
    """Drops: the photo behind wet glass, with refracting drops and rings on water below."""
    return _bent(state_drops.drip, pixels, strength, seed)


def night(pixels: Pixels, strength: float = 1.0, seed: int = 0) -> Pixels:
    """Night: dark and blue, with a moon in the sky or warm lamps where there is no sky."""
    return _blended(state_light.night, pixels, strength, seed)


def birds(pixels: Pixels, strength: float = 1.0, seed: int = 0) -> Pixels:
    """Morning: brighter and a little warmer, with a loose flock of small birds."""
    return _blended(state_light.birds, pixels, strength, seed)


STATES: dict[str, State] = {
    "thunder": State(thunder, ("thunder",), brightness=-1, warmth=-1, blueness=1),
    "rain": State(rain, ("rain",), brightness=-1, warmth=-1, blueness=1),
    "fog": State(fog, (), brightness=1, warmth=0, blueness=0),
    "fire": State(fire, ("fire",), brightness=0, warmth=1, blueness=-1),
    "wind": State(wind, ("wind",), brightness=0, warmth=0, blueness=0),
    "drip": State(drip, ("drip",), brightness=0, warmth=-1, blueness=1),
    "night": State(night, ("cricket", "owl"), brightness=-1, warmth=-1, blueness=1),
    "birds": State(birds, ("songbird",), brightness=1, warmth=1, blueness=-1),
}


def apply(state: str, pixels: Pixels, strength: float = 1.0, seed: int = 0) -> Pixels:
    """Apply the named state. Raises DataError for an unknown name; see the edits for the rest."""
    if state not in STATES:
        raise DataError(f"unknown state {state!r}; known: {', '.join(STATES)}")
    return STATES[state].edit(pixels, strength, seed)


def _checked(pixels: Pixels, strength: float) -> Field:
    if pixels.dtype != np.uint8 or pixels.ndim != 3 or pixels.shape[2] != 3:
        shape = list(pixels.shape)
        raise DataError(f"photo: expected uint8 [H, W, 3], got {pixels.dtype} {shape}")
    if min(pixels.shape[:2]) < SMALLEST:
        raise DataError(f"photo {pixels.shape[1]}x{pixels.shape[0]}: give {SMALLEST} px or more")
    if not 0.0 <= strength <= 1.0:
        raise OptionError(f"strength {strength}: give a number from 0 to 1")
    return brush.from_bytes(pixels)


def _blended(render: Rendering, pixels: Pixels, strength: float, seed: int) -> Pixels:
    """Render at full strength and fade over: the change grows linearly at every pixel."""
    picture = _checked(pixels, strength)
    full = np.clip(render(picture, np.random.default_rng(seed)), 0, 1)
    return brush.to_bytes(brush.mix(picture, full, strength))


def _bent(render: Bending, pixels: Pixels, strength: float, seed: int) -> Pixels:
    """Render at the strength itself, since fading over a displaced picture would show a ghost."""
    picture = _checked(pixels, strength)
    return brush.to_bytes(render(picture, strength, np.random.default_rng(seed)))
