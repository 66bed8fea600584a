"""What the diffusion engine needs of a sound generator, whatever its size."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from sonolume.correspondence.said import evidence_of, said
from sonolume.correspondence.style_words import style_table

__all__ = ["Condition", "Generator", "Style", "style_of"]

Condition = tuple[Tensor, ...]
"""What a network is told of some windows, [W, ...] each."""


@dataclass(frozen=True, eq=False)
class Style:
    """Where a sound should go.

    Attributes:
        values: just clear steps by cue.
        seen: just clear steps by descriptor of the picture.
        evidence: of each pair of opposed style words, −1 (low) to 1 (high), [K].
        words: those that are meant most plainly.
    """

    values: Mapping[str, float]
    seen: Mapping[str, float]
    evidence: NDArray[np.float64]
    words: tuple[str, ...]


def style_of(values: Mapping[str, float], seen: Mapping[str, float] | None = None) -> Style:
    """Targets of both priors, said in words, and how the picture changed, where that is known."""
    pairs = style_table().pairs
    evidence = evidence_of(values, pairs)
    return Style(dict(values), dict(seen or {}), evidence, tuple(said(evidence, pairs)))


class Generator(Protocol):
    """A generator of sounds, and a way into its states and back."""

    @property
    def rate(self) -> int:
        """Hz of its waveforms."""
        ...

    @property
    def window(self) -> int:
        """Frames of a state that its network sees at once."""
        ...

    @property
    def guidance(self) -> float:
        """That suits it."""
        ...

    def encode(self, samples: Tensor) -> Tensor:
        """A waveform [n] at `rate`, n ≥ 1 → its state [1, C, T], T ≥ `window`."""
        ...

    def decode(self, state: Tensor) -> Tensor:
        """A state [1, C, T] → a waveform [m], about as long as what was encoded, or longer."""
        ...

    def bands(self, state: Tensor) -> Tensor:
        """The log-mel spectrogram [64, T'] of a state, as `LogMel` has it."""
        ...

    def conditions(self, samples: Tensor, style: Style) -> tuple[Condition, Condition]:
        """What says the sound [n] as it is, and what says it in a style, window by window."""
        ...

    def share(self, style: Style) -> float:
        """0 to 1, how much of the guidance a style is worth, where conditions have no amount."""
        ...

    def predict(self, x: Tensor, t: Tensor, told: Condition) -> Tensor:
        """Windows x [W, C, `window`] at t [W] in 0..1 (1 is clean) → clean ones."""
        ...

    def provenance(self) -> dict[str, object]:
        """Which generator it is, JSON values; `hashes` among them."""
        ...
