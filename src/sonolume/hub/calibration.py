"""How sure a keyword is: the temperatures that were fitted for a set of weights.

The file is small JSON beside the weights:

    {"weights": {"joint-sound": SHA-256, ...},
     "sound": {"temperature": 0.054, "ece": 0.04, "nll": 1.4, "items": 411}, "picture": {...}}
"""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

from sonolume.errors import ModelError, OptionError
from sonolume.hub import weights
from sonolume.hub.fitted import read_fitted, write_fitted

NAME: Final = "keyword-calibration.json"
KINDS: Final = ("sound", "picture")
UNFITTED: Final = 0.07  # the temperature that the towers are trained at


@dataclass(frozen=True)
class Fit:
    """The temperature of one kind of media, and what it came to on data that did not fit it.

    `ece` is the expected calibration error, `nll` the mean negative log-likelihood (nats), both
    over `items`. Raises ModelError for figures that cannot be.
    """

    temperature: float
    ece: float
    nll: float
    items: int

    def __post_init__(self) -> None:
        figures = (self.temperature, self.ece, self.nll, self.items)
        numbers = all(isinstance(x, int | float) and not isinstance(x, bool) for x in figures)
        if not numbers or not all(map(math.isfinite, figures)) or self.temperature <= 0:
            raise ModelError(f"a calibration of {figures}: expected a temperature above 0")


@dataclass(frozen=True)
class Calibration:
    """Fits by kind ("sound", "picture"), and the SHA-256 of the weights they were made for."""

    fits: Mapping[str, Fit] = field(default_factory=dict)
    weights: Mapping[str, str] = field(default_factory=dict)

    def temperature(self, kind: str) -> float:
        """Of the softmax over cosines to the terms of a list."""
        return self.fits[kind].temperature if kind in self.fits else UNFITTED


def read_calibration(folder: Path = weights.FOLDER) -> Calibration:
    """The calibration beside the weights in `folder`; without a file, an empty one.

    Raises ModelError for a file that is no calibration.
    """

    def made(table: dict[str, Any]) -> Calibration:
        fits: dict[str, Fit] = {kind: Fit(**table[kind]) for kind in KINDS if kind in table}
        return Calibration(fits, dict(table["weights"]))

    found = read_fitted(folder / NAME, made, "no calibration of keywords", "fit it again")
    return found or Calibration()


def check_calibration(path: Path, *, force: bool = False) -> None:
    """Refuse before the work what `write_calibration` would refuse after it."""
    if path.exists() and not force:
        raise OptionError(f"{path} exists; --force replaces it")
    if not path.parent.is_dir():
        raise OptionError(f"{path}: the folder {path.parent} does not exist; make it first")


def write_calibration(calibration: Calibration, path: Path, *, force: bool = False) -> None:
    """Write the file. Raises OptionError when it exists or cannot be written."""
    table: dict[str, Any] = {kind: asdict(fit) for kind, fit in calibration.fits.items()}
    table["weights"] = dict(calibration.weights)
    write_fitted(table, path, force=force)
