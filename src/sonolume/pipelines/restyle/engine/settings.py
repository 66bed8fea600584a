"""What is asked of the diffusion engine of `restyle`."""

from dataclasses import dataclass
from typing import Literal, get_args

from sonolume.errors import OptionError

__all__ = ["Detail", "DiffusionSettings", "Start"]

Start = Literal["inversion", "noise"]
Detail = Literal["sound", "generator"]


@dataclass(frozen=True)
class DiffusionSettings:
    """How a sound is drawn again.

    Attributes:
        noise_level: 0 to 1, share of noise in the state from which it is drawn again; 0 leaves the
            sound as it is. Lowered until the structure holds.
        start: "inversion" goes back along the generator's own flow to the state of that level
            (DDIM inversion), "noise" mixes noise in (SDEdit).
        detail: "sound" carries over to the sound how the bands of what was drawn differ from what
            is drawn without a change of style; "generator" takes what was drawn itself.
        steps: of the sampler from pure noise, 1 to 1000; a lower level takes its share of them.
        guidance: how far past the sound's own condition, 0 to 30; 1 is the target itself. None is
            what suits the generator.

    Raises:
        OptionError: a value out of range.
    """

    noise_level: float = 0.5
    start: Start = "inversion"
    detail: Detail = "sound"
    steps: int = 20
    guidance: float | None = None

    def __post_init__(self) -> None:
        for name, low, high in (("noise_level", 0, 1), ("steps", 1, 1000), ("guidance", 0, 30)):
            value = getattr(self, name)
            if name == "guidance" and value is None:
                continue
            if not isinstance(value, int | float) or not low <= value <= high:
                raise OptionError(f"{name.replace('_', ' ')} {value!r}: expected {low} to {high}")
        for name, known in (("start", get_args(Start)), ("detail", get_args(Detail))):
            if getattr(self, name) not in known:
                raise OptionError(f"{name} {getattr(self, name)!r}: expected {' or '.join(known)}")
