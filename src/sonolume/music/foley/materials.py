"""What things are made of, as numbers that a synthesiser reads."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final, Literal

__all__ = ["MATERIALS", "Body", "Material", "material_of"]

Body = Literal["bar", "plate", "bell", "glass", "membrane", "string", "loose", "liquid", "gas"]


@dataclass(frozen=True)
class Material:
    """How a hand-sized thing of this material sounds.

    A mode at f Hz loses amplitude at π·f·``loss`` + ``mount`` nepers a second: internal friction
    as in Wildes & Richards (1988, "Recovering material properties from sound"), and what the hand
    or the ground takes.

    Attributes:
        body: how it vibrates.
        pitch: Hz of its lowest mode.
        loss: tangent of the loss angle, about 0.0004 (steel) to 0.2 (rubber).
        mount: nepers a second that every mode loses.
        hardness: 0..1, how short the contact with it is.
        noise: 0..1, share of noise in its sound.
    """

    body: Body
    pitch: float
    loss: float
    mount: float
    hardness: float
    noise: float = 0.1


MATERIALS: Final[dict[str, Material]] = {
    "wood": Material("bar", 260.0, 0.012, 3.0, 0.55, 0.15),
    "bamboo": Material("bar", 420.0, 0.011, 4.0, 0.6, 0.2),
    "metal": Material("bar", 520.0, 0.0004, 0.9, 0.85, 0.04),
    "sheet metal": Material("plate", 150.0, 0.0012, 1.6, 0.8, 0.15),
    "bronze": Material("bell", 440.0, 0.0003, 0.7, 0.8, 0.03),
    "glass": Material("glass", 780.0, 0.0012, 1.5, 0.9, 0.04),
    "ceramic": Material("glass", 560.0, 0.003, 3.0, 0.85, 0.06),
    "stone": Material("bar", 460.0, 0.005, 4.0, 0.9, 0.15),
    "brick": Material("bar", 340.0, 0.016, 9.0, 0.7, 0.3),
    "earth": Material("membrane", 70.0, 0.06, 14.0, 0.15, 0.3),
    "ice": Material("bar", 640.0, 0.0035, 3.0, 0.85, 0.12),
    "bone": Material("bar", 560.0, 0.009, 6.0, 0.75, 0.12),
    "shell": Material("glass", 680.0, 0.006, 6.0, 0.8, 0.1),
    "skin": Material("membrane", 92.0, 0.012, 4.0, 0.35, 0.15),
    "plastic": Material("plate", 210.0, 0.03, 7.0, 0.5, 0.2),
    "rubber": Material("membrane", 105.0, 0.08, 10.0, 0.2, 0.1),
    "cardboard": Material("plate", 130.0, 0.06, 12.0, 0.35, 0.35),
    "string": Material("string", 165.0, 0.0012, 0.8, 0.6, 0.05),
    "paper": Material("loose", 1500.0, 0.05, 30.0, 0.6, 1.0),
    "leaves": Material("loose", 2600.0, 0.05, 30.0, 0.6, 1.0),
    "sand": Material("loose", 3400.0, 0.05, 30.0, 0.7, 1.0),
    "gravel": Material("loose", 1900.0, 0.02, 30.0, 0.9, 1.0),
    "snow": Material("loose", 1100.0, 0.08, 30.0, 0.3, 1.0),
    "cloth": Material("loose", 800.0, 0.1, 30.0, 0.15, 1.0),
    "fire": Material("gas", 260.0, 0.1, 10.0, 0.4, 1.0),
    "air": Material("gas", 220.0, 0.1, 6.0, 0.2, 0.5),
    "water": Material("liquid", 600.0, 0.02, 8.0, 0.3, 0.4),
}
"""By name; `ALIASES` leads further words to them."""

WORDS: Final[dict[str, str]] = {
    "wood": "oak pine plywood timber bark cork log branch reed",
    "bamboo": "cane",
    "metal": "steel iron copper silver gold aluminium aluminum chrome nickel",
    "sheet metal": "tin sheet can foil zinc",
    "bronze": "brass bell",
    "glass": "crystal",
    "ceramic": "porcelain pottery clay tile terracotta enamel",
    "stone": "rock granite marble slate pebble crystal-rock flint",
    "brick": "concrete asphalt plaster cement tarmac",
    "earth": "soil mud ground dirt",
    "bone": "horn ivory antler tooth hoof beak teeth",
    "shell": "seashell eggshell nut",
    "skin": "membrane leather hide drumhead flesh",
    "plastic": "nylon vinyl polymer acrylic",
    "rubber": "tyre latex foam balloon wax",
    "cardboard": "carton book",
    "string": "wire gut cable rope strings thread cord",
    "paper": "newspaper",
    "leaves": "leaf grass straw hay foliage needles feathers feather moss",
    "sand": "dust salt sugar rice seeds grain",
    "gravel": "pebbles rubble shingle",
    "snow": "powder",
    "cloth": "fabric wool cotton silk fur canvas velvet linen felt textile",
    "fire": "flame flames ember embers",
    "air": "wind gas steam smoke breath",
    "water": "rain liquid sea wave river milk oil",
}
ALIASES: Final = {word: key for key, words in WORDS.items() for word in words.split()}
USUAL: Final = "wood"


def material_of(material: str, name: str = "") -> Material:
    """The material that the words tell, those of ``material`` first, then those of ``name``.

    The last word that is known wins, as in "sheet of paper"; without any, it is wood.
    """
    for text in (material, name):
        lower = text.lower()
        if lower in MATERIALS:
            return MATERIALS[lower]
        known = [found for word in re.findall(r"[\w-]+", lower) if (found := _known(word))]
        if known:
            return MATERIALS[known[-1]]
    return MATERIALS[USUAL]


def _known(word: str) -> str | None:
    for form in (word, word.removesuffix("s"), word.removesuffix("en")):
        if form in MATERIALS:
            return form
        if form in ALIASES:
            return ALIASES[form]
    return None
