"""How sure one may be that an embedding moved because the picture did."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass
from functools import cache
from importlib.resources import files

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sonolume.errors import DataError

__all__ = ["Confidence", "as_json", "confidence_of", "fit_confidence", "fitted"]


@dataclass(frozen=True)
class Confidence:
    """A logistic curve over the length of an embedding's change.

    Attributes:
        midpoint: length at which an edit and an accident (JPEG, resize, crop) are equally likely.
        width: length over which the odds grow e-fold; above 0.
        ceiling: 0..1, the most that is ever believed: how well the words of the space agree with
            the table of rules about edits that are known. Near 0 for an encoder that sees changes
            but cannot name them.
    """

    midpoint: float
    width: float
    ceiling: float = 1.0


def confidence_of(length: float, curve: Confidence) -> float:
    """0 up to the ceiling for a change of a given length; exactly 0 for none."""
    if length == 0:
        return 0.0
    odds = min(700.0, (curve.midpoint - length) / curve.width)
    return curve.ceiling / (1 + math.exp(odds))


def fit_confidence(
    accidents: ArrayLike, edits: ArrayLike, agreements: ArrayLike | None = None
) -> Confidence:
    """Fit the curve by logistic regression, both classes counting alike.

    A small ridge on the slope keeps it finite where the two kinds do not overlap.

    Args:
        accidents: lengths of change [N] of pictures that only were re-encoded, resized, cropped.
        edits: lengths of change [M] of pictures that were edited so that it shows.
        agreements: correlations -1..1 of soft and hard targets on edits [K]; their mean, at least
            0, is the ceiling. Without them it is 1.

    Raises:
        DataError: fewer than four of either kind, lengths that are negative or not finite, or edits
            that move the embedding no further than accidents.
    """
    from scipy.optimize import minimize

    groups = [_lengths(accidents, "accidents"), _lengths(edits, "edits")]
    if groups[1].mean() <= groups[0].mean():
        raise DataError(
            "edits move this encoder no further than accidents; it cannot be calibrated"
        )
    lengths = np.concatenate(groups)
    unit = float(lengths.std())
    signs = np.repeat([-1.0, 1.0], [len(group) for group in groups])
    weights = np.repeat([0.5 / len(group) for group in groups], [len(group) for group in groups])

    def loss(parameters: NDArray[np.float64]) -> float:
        offset, slope = parameters
        margins = signs * (slope * lengths / unit + offset)
        return float((weights * np.logaddexp(0, -margins)).sum() + 1e-3 * slope**2)

    offset, slope = minimize(loss, np.array([0.0, 1.0])).x
    agreed = np.asarray([1.0] if agreements is None else agreements, dtype=np.float64)
    ceiling = float(np.clip(agreed.mean(), 0, 1))
    return Confidence(float(-offset / slope * unit), float(unit / slope), ceiling)


def _lengths(values: ArrayLike, name: str) -> NDArray[np.float64]:
    lengths = np.asarray(values, dtype=np.float64)
    if lengths.ndim != 1 or len(lengths) < 4:
        raise DataError(f"{name} of shape {lengths.shape}; expected at least four lengths [N]")
    if not np.isfinite(lengths).all() or lengths.min() < 0:
        raise DataError(f"{name} hold lengths that are negative or not finite; expected norms")
    return lengths


@cache
def fitted(encoder: str) -> Confidence:
    """The curve that was fitted for an encoder: `examples/fit_confidence.py` wrote it.

    Raises:
        DataError: no curve is known for the encoder.
    """
    text = files("sonolume.correspondence").joinpath("confidence.json").read_text("utf-8")
    curves = json.loads(text)["curves"]
    if encoder not in curves:
        raise DataError(
            f"no confidence is fitted for the encoder '{encoder}'; use one of {', '.join(curves)}, "
            "or fit_confidence"
        )
    return Confidence(**curves[encoder])


def as_json(curves: dict[str, Confidence], command: str) -> str:
    """The text of the file that `fitted` reads."""
    table = {name: asdict(curve) for name, curve in curves.items()}
    return json.dumps({"made_by": command, "curves": table}, indent=1) + "\n"
