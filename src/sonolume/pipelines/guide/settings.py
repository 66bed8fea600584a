"""How a guided picture forms."""

from dataclasses import dataclass
from typing import Any, Literal, get_args

from sonolume.diffusion.cutouts import CutoutSettings
from sonolume.diffusion.steering import Gradient, Steering
from sonolume.errors import OptionError
from sonolume.pipelines.options import settings_of

Sampler = Literal["euler", "heun", "ancestral"]
LARGEST = 1024
MOST_STEPS = 1000


@dataclass(frozen=True)
class GuideSettings:
    """Raises OptionError when a value is out of range, or one contradicts another.

    `scale`, `fast`, `gradient`, `largest`, `start` and `stop` are those of
    `diffusion.steering.Steering`; `cutouts`, `cut_power`, `smallest_cutout` and `jitter` those of
    `diffusion.cutouts.CutoutSettings`. `tv_scale`, `range_scale` and `init_scale` weigh total
    variation, values out of range and the distance to the initial picture against the prompts,
    which weigh 1 together. With an initial picture the first `skip` steps are left out: the more,
    the more of it stays. By default they are two in five, or none where `init_scale` holds it.
    `size` is the side of the picture.
    """

    steps: int = 50
    scale: float = 0.4
    fast: bool = False
    gradient: Gradient = "unit"
    largest: float = 0.2
    start: float = 0.0
    stop: float = 1.0
    cutouts: int = 6
    cut_power: float = 0.5
    smallest_cutout: float = 0.5
    jitter: float = 0.1
    tv_scale: float = 0.0
    range_scale: float = 0.0
    init_scale: float = 0.0
    skip: int | None = None
    sampler: Sampler = "euler"
    size: int = 128

    def __post_init__(self) -> None:
        _whole("steps", self.steps, 1, MOST_STEPS)
        _whole("size", self.size, 16, LARGEST)
        if self.skip is not None:
            _whole("skip", self.skip, 0, MOST_STEPS)
            if self.skip >= self.steps:
                raise OptionError(f"skip {self.skip} of {self.steps} steps: none is left to take")
        for name in ("tv_scale", "range_scale", "init_scale"):
            value = getattr(self, name)
            if not _is_number(value) or not 0 <= value <= 1e6:
                raise OptionError(f"{name.replace('_', ' ')} {value!r}: expected 0 to 1000000")
        if self.sampler not in get_args(Sampler):
            known = ", ".join(get_args(Sampler))
            raise OptionError(f"sampler {self.sampler!r}: expected one of {known}")
        if not isinstance(self.fast, bool):
            raise OptionError(f"fast {self.fast!r}: expected true or false")
        for name in ("scale", "largest", "start", "stop", "cut_power", "smallest_cutout", "jitter"):
            if not _is_number(getattr(self, name)):
                raise OptionError(f"{name.replace('_', ' ')} {getattr(self, name)!r}: no number")
        _ = self.steering, self.cut  # each checks its own

    @property
    def steering(self) -> Steering:
        """How an energy moves the estimate."""
        return Steering(self.scale, self.fast, self.gradient, self.largest, self.start, self.stop)

    @property
    def cut(self) -> CutoutSettings:
        """How the encoder is shown the estimate."""
        return CutoutSettings(
            self.cutouts, self.cut_power, self.smallest_cutout, jitter=self.jitter
        )


def make_settings(table: dict[str, Any]) -> GuideSettings:
    """Settings from keywords. Raises OptionError for an unknown one."""
    return settings_of(GuideSettings, table)


def _whole(name: str, value: object, low: int, high: int) -> None:
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
        raise OptionError(f"{name} {value!r}: expected a whole number from {low} to {high}")


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
