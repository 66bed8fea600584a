"""What is asked of `restyle`."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, Literal, get_args

from sonolume.correspondence.targets import Prior
from sonolume.errors import OptionError
from sonolume.pipelines.restyle.engine.settings import DiffusionSettings

__all__ = ["HELD", "By", "Engine", "Held", "RestyleSettings"]

Held = Literal["rhythm", "harmony", "energy"]
HELD: Final[tuple[Held, ...]] = get_args(Held)
MOST_EFFECTS: Final = 8

By = Literal["search", "controller", "both"]
Engine = Literal["rack", "diffusion"]


@dataclass(frozen=True)
class RestyleSettings:
    """How a sound is restyled.

    Attributes:
        strength: factor on every target, 0 to 2; 0 leaves the sound as it is.
        prior: what the change of the picture is read by: "hard" (rules), "soft" (a joint space's
            style words) or "both".
        keep: which parts of the structure are held; the strength is lowered until they are.
        effects: of the chain at most, 1 to 8, without the gain that sets its level.
        by: what finds the chain: "search" tries effects on the sound, "controller" takes what a
            network proposes, "both" refines the proposal and keeps it where it comes nearer than
            the search.
        engine: "rack" puts effects on the sound; "diffusion" has a generator draw it again, and
            neither `effects` nor `by` says anything then.
        diffusion: how it does.

    Raises:
        OptionError: a value out of range.
    """

    strength: float = 1.0
    prior: Prior = "both"
    keep: Sequence[str] = HELD
    effects: int = 4
    by: By = "search"
    engine: Engine = "rack"
    diffusion: DiffusionSettings = field(default_factory=DiffusionSettings)

    def __post_init__(self) -> None:
        number = isinstance(self.strength, int | float) and math.isfinite(self.strength)
        if not number or not 0 <= self.strength <= 2:
            raise OptionError(f"strength {self.strength!r}: expected 0 to 2")
        if self.prior not in get_args(Prior):
            raise OptionError(f"prior {self.prior!r}: expected {', '.join(get_args(Prior))}")
        if self.by not in get_args(By):
            raise OptionError(f"by {self.by!r}: expected {', '.join(get_args(By))}")
        if self.engine not in get_args(Engine):
            raise OptionError(f"engine {self.engine!r}: expected {', '.join(get_args(Engine))}")
        for name in self.keep:
            if name not in HELD:
                raise OptionError(f"keep {name!r}: expected some of {', '.join(HELD)}")
        if not isinstance(self.effects, int) or not 1 <= self.effects <= MOST_EFFECTS:
            raise OptionError(f"effects {self.effects!r}: expected 1 to {MOST_EFFECTS}")
