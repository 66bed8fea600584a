"""Words for sounds, as numbers that a synthesiser reads."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import numpy as np

__all__ = ["TIMBRES", "Timbre", "timbre_of"]


@dataclass(frozen=True)
class Timbre:
    """What words add to a material.

    Attributes:
        octaves: added to its pitch.
        brightness: added to the usual 0.5 of 0..1.
        sustain: octaves (log2) added to how long it rings.
        roughness: 0..1.
        breath: added share of noise.
        attack: added to the usual hardness of the contact.
    """

    octaves: float = 0.0
    brightness: float = 0.0
    sustain: float = 0.0
    roughness: float = 0.0
    breath: float = 0.0
    attack: float = 0.0

    def __add__(self, other: Timbre) -> Timbre:
        mine, yours = vars(self), vars(other)
        return Timbre(**{name: mine[name] + yours[name] for name in mine})


TIMBRES: Final[dict[str, Timbre]] = {
    "bright": Timbre(octaves=0.2, brightness=0.3, attack=0.2),
    "brilliant": Timbre(octaves=0.3, brightness=0.4, attack=0.2),
    "crisp": Timbre(brightness=0.2, sustain=-0.7, attack=0.3),
    "clear": Timbre(brightness=0.1, roughness=-0.2, breath=-0.2),
    "dark": Timbre(octaves=-0.4, brightness=-0.3),
    "deep": Timbre(octaves=-1.2, brightness=-0.2, sustain=0.4),
    "low": Timbre(octaves=-1.0, brightness=-0.1),
    "booming": Timbre(octaves=-1.2, brightness=-0.1, sustain=0.8),
    "high": Timbre(octaves=0.8, brightness=0.1),
    "shrill": Timbre(octaves=1.0, brightness=0.3),
    "piercing": Timbre(octaves=0.8, brightness=0.3),
    "dull": Timbre(brightness=-0.4, sustain=-0.8),
    "muffled": Timbre(brightness=-0.5, sustain=-0.5, attack=-0.3),
    "soft": Timbre(brightness=-0.2, attack=-0.4, roughness=-0.1),
    "gentle": Timbre(brightness=-0.2, attack=-0.4),
    "hard": Timbre(brightness=0.1, attack=0.3),
    "sharp": Timbre(brightness=0.3, sustain=-0.4, attack=0.4),
    "harsh": Timbre(brightness=0.3, roughness=0.4),
    "warm": Timbre(octaves=-0.2, brightness=-0.15, roughness=-0.1),
    "mellow": Timbre(brightness=-0.25, attack=-0.2),
    "cold": Timbre(octaves=0.2, brightness=0.2, sustain=0.3),
    "ringing": Timbre(brightness=0.1, sustain=1.2),
    "resonant": Timbre(sustain=1.0),
    "long": Timbre(sustain=1.0),
    "short": Timbre(sustain=-1.2),
    "dry": Timbre(sustain=-1.2, attack=0.2),
    "hollow": Timbre(octaves=-0.3, sustain=0.3),
    "thin": Timbre(octaves=0.5, brightness=0.2),
    "thick": Timbre(octaves=-0.5),
    "heavy": Timbre(octaves=-0.9, sustain=0.3),
    "light": Timbre(octaves=0.5, sustain=-0.3),
    "large": Timbre(octaves=-0.9, sustain=0.5),
    "big": Timbre(octaves=-0.8, sustain=0.4),
    "small": Timbre(octaves=0.8, sustain=-0.4),
    "tiny": Timbre(octaves=1.4, sustain=-0.7),
    "rough": Timbre(roughness=0.5, breath=0.1),
    "raspy": Timbre(roughness=0.5, breath=0.2, brightness=0.1),
    "gritty": Timbre(roughness=0.4, breath=0.2),
    "buzzing": Timbre(roughness=0.4, brightness=0.2),
    "creaking": Timbre(octaves=-0.8, roughness=0.7),
    "squeaking": Timbre(octaves=1.2, brightness=0.2),
    "smooth": Timbre(roughness=-0.3, breath=-0.1),
    "pure": Timbre(brightness=-0.2, roughness=-0.3, breath=-0.3),
    "breathy": Timbre(breath=0.4, brightness=0.05),
    "airy": Timbre(breath=0.4),
    "noisy": Timbre(breath=0.5),
    "hissing": Timbre(breath=0.5, brightness=0.3),
    "crackling": Timbre(brightness=0.15, roughness=0.3),
    "rumbling": Timbre(octaves=-1.6, brightness=-0.3, roughness=0.2, sustain=0.8),
    "humming": Timbre(octaves=-0.5, brightness=-0.2, sustain=0.5),
    "droning": Timbre(octaves=-0.8, sustain=0.6),
    "metallic": Timbre(brightness=0.2, sustain=0.3),
    "wooden": Timbre(brightness=-0.1, sustain=-0.3),
    "glassy": Timbre(octaves=0.3, brightness=0.2),
    "shimmering": Timbre(octaves=0.5, brightness=0.2, sustain=0.8),
    "sparkling": Timbre(octaves=0.8, brightness=0.3),
    "rustling": Timbre(brightness=0.1, breath=0.3),
    "wet": Timbre(brightness=-0.1, sustain=-0.3),
    "fast": Timbre(octaves=0.2),
    "slow": Timbre(octaves=-0.2, sustain=0.4),
    "quiet": Timbre(brightness=-0.1, attack=-0.3),
    "loud": Timbre(brightness=0.1, attack=0.2),
}
LIMITS: Final = {"octaves": 2.5, "sustain": 2.0}


def timbre_of(words: Iterable[str]) -> Timbre:
    """The sum of what the words mean, within limits; words that are not known mean nothing.

    ``octaves`` stays in ±2.5, ``sustain`` in ±2, the others in ±1.
    """
    known = (TIMBRES[part] for word in words for part in word.lower().split() if part in TIMBRES)
    total = sum(known, Timbre())
    values = vars(total).items()
    limited = {name: float(np.clip(v, -(lim := LIMITS.get(name, 1.0)), lim)) for name, v in values}
    return Timbre(**limited)
