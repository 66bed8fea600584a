"""Targets for a sound, said in the opposed style words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sonolume.correspondence.soft_prior import GAIN
from sonolume.correspondence.style_words import WordPair
from sonolume.signal.cues import CUES

__all__ = ["evidence_of", "said"]

RIDGE: Final = 2.0  # steps: how much of a word may be said for how little it explains
SAID: Final = 0.05  # evidence that is worth a word


def evidence_of(values: Mapping[str, float], pairs: Sequence[WordPair]) -> NDArray[np.float64]:
    """The evidence [K] of pairs, −1 (low) to 1 (high), whose ties ask for these values most nearly.

    The inverse of `soft_prior.soft_targets`: ridge regression w of the values v in just clear
    steps, |6 T w − v|² + ρ² |w|², with the ties T [cues, K]. No values give exactly 0, opposed
    ones opposed evidence.
    """
    wanted = np.array([values.get(name, 0.0) for name in CUES])
    ties = GAIN * np.array([[pair.cues.get(name, 0.0) for pair in pairs] for name in CUES])
    normal = ties.T @ ties + RIDGE**2 * np.eye(len(pairs))
    found: NDArray[np.float64] = np.linalg.solve(normal, ties.T @ wanted)
    return found.clip(-1, 1)


def said(evidence: NDArray[np.float64], pairs: Sequence[WordPair], most: int = 4) -> list[str]:
    """The words that are meant, at most so many, the plainest first; none that hardly is."""
    order = sorted(range(len(pairs)), key=lambda place: -abs(evidence[place]))
    plain = [place for place in order if abs(evidence[place]) >= SAID][:most]
    return [pairs[place].high if evidence[place] > 0 else pairs[place].low for place in plain]
