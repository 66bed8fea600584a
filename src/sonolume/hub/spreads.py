"""How far apart pictures lie as seen from prompts: measured for a set of weights.

The file is small JSON beside the weights:

    {"weights": {"joint-sound": SHA-256, ...}, "words": 0.09, "sound": 0.07, "picture": 0.1}

Each number is the standard deviation, over pictures, of the spherical distance to a prompt of that
kind, as `evaluation.guide_spreads` measures it.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from sonolume.errors import ModelError
from sonolume.hub import weights
from sonolume.hub.fitted import read_fitted, write_fitted

NAME: Final = "guide-spreads.json"
KINDS: Final = ("words", "sound", "picture")


@dataclass(frozen=True)
class Spreads:
    """Spreads by kind, and the SHA-256 of the weights they were measured with.

    Raises ModelError for a kind that there is not, and for spreads that are no numbers above 0.
    """

    kinds: Mapping[str, float] = field(default_factory=dict)
    weights: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for kind, value in self.kinds.items():
            number = isinstance(value, int | float) and not isinstance(value, bool)
            if kind not in KINDS or not number or not math.isfinite(value) or value <= 0:
                raise ModelError(f"spread {kind} = {value!r}: expected a number above 0")


def read_spreads(folder: Path = weights.FOLDER) -> Spreads:
    """The spreads beside the weights in `folder`; without a file, none.

    Raises ModelError for a file that holds no spreads.
    """

    def made(table: dict[str, Any]) -> Spreads:
        hashes = dict(table.pop("weights"))
        return Spreads(table, hashes)

    found = read_fitted(folder / NAME, made, "no spreads of a guide", "measure them again")
    return found or Spreads()


def write_spreads(spreads: Spreads, path: Path, *, force: bool = False) -> None:
    """Write the file. Raises OptionError when it exists or cannot be written."""
    table = {**spreads.kinds, "weights": dict(spreads.weights)}
    write_fitted(table, path, force=force)
