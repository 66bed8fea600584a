"""How a picture forms, and what one is painted from."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import torch
from torch import Tensor

from sonolume.diffusion.flow import sample_euler, sample_heun
from sonolume.diffusion.schedule import Schedule, emphasis
from sonolume.errors import OptionError
from sonolume.pipelines.options import settings_of
from sonolume.pipelines.paint.parts import PaintParts

__all__ = [
    "SAMPLERS",
    "PaintRequest",
    "PaintSettings",
    "audio_scale_of",
    "make_settings",
    "usual_settings",
]

SAMPLERS: Final = {"euler": sample_euler, "heun": sample_heun}
LARGEST: Final = 1024


@dataclass(frozen=True)
class PaintSettings:
    """How a picture forms. Raises OptionError when a value is out of range."""

    steps: int = 20
    text_scale: float = 3.0
    audio_scale: float = 3.0
    audio_alone: float | None = None  # without words; as with them, if None
    schedule: Schedule = "smooth"
    sampler: str = "euler"
    shift: float = 1.0  # above 1, more of the steps are spent in the noise
    size: int = 128

    def __post_init__(self) -> None:
        _check_whole("steps", self.steps, 1, 1000)
        _check("text scale", self.text_scale, 0, 30)
        _check("audio scale", self.audio_scale, 0, 30)
        if self.audio_alone is not None:
            _check("audio scale alone", self.audio_alone, 0, 30)
        _check("shift", self.shift, 0.1, 20)
        _check_whole("size", self.size, 16, LARGEST)
        if self.sampler not in SAMPLERS:
            raise OptionError(f"sampler {self.sampler!r}: expected one of {', '.join(SAMPLERS)}")
        emphasis(torch.zeros(1), self.schedule)


@dataclass(frozen=True)
class PaintRequest:
    """One picture to paint: words, a sound's embedding [512] (or None), strength 0..2, seed."""

    words: str = ""
    sound: Tensor | None = None
    strength: float = 1.0
    seed: int = 0
    notes: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not isinstance(self.words, str):
            raise OptionError(f"words {self.words!r}: expected text")
        _check("strength", self.strength, 0, 2)
        _check_whole("seed", self.seed, 0, 2**63 - 1)

    @property
    def is_heard(self) -> bool:
        """Whether there is a sound that counts."""
        return self.sound is not None and self.strength > 0


def audio_scale_of(settings: PaintSettings, request: PaintRequest) -> float:
    """How far guidance goes towards the request's sound."""
    alone = settings.audio_alone
    scale = settings.audio_scale if request.words or alone is None else alone
    return scale * request.strength


def make_settings(table: dict[str, Any]) -> PaintSettings:
    """Settings from keywords. Raises OptionError for an unknown one."""
    return settings_of(PaintSettings, table)


def usual_settings(parts: PaintParts, table: Mapping[str, Any] | None = None) -> PaintSettings:
    """Settings from keywords; the painter's usual ones where nothing is told. An `audio_scale` that
    is told counts without words, too.

    Raises OptionError for an unknown one.
    """
    usual = {
        "size": parts.side,
        "steps": parts.steps,
        "shift": parts.shift,
        "text_scale": parts.text_scale,
        "audio_scale": parts.audio_scale,
    }
    told = dict(table or {})
    alone = {} if "audio_scale" in told else {"audio_alone": parts.audio_alone}
    return make_settings({**usual, **alone, **told})


def _check(name: str, value: float, low: float, high: float) -> None:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if not number or not low <= value <= high:  # also refuses NaN
        raise OptionError(f"{name} {value}: expected {low} to {high}")


def _check_whole(name: str, value: int, low: int, high: int) -> None:
    if not isinstance(value, int) or isinstance(value, bool):
        raise OptionError(f"{name} {value!r}: expected a whole number from {low} to {high}")
    _check(name, value, low, high)
