"""Settings of a run, read from TOML with unknown keys refused."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import MISSING, Field, dataclass, fields, is_dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeVar, get_args, get_origin, get_type_hints

from sonolume.errors import OptionError

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

T = TypeVar("T", bound="DataclassInstance")


@dataclass(frozen=True)
class LoopSettings:
    """How a stage is trained.

    `steps` ends the run (0: only `minutes` does). The learning rate rises over `warmup` steps,
    stays, and falls linearly to zero over the last `cooldown` share of the run. `average` is the
    decay of the weight average at the end of its own warm-up. `decay` is AdamW's, of matrices.
    Single numbers (gates) learn `scalars` times faster. `clip` is the largest gradient norm.
    `workers` processes draw batches ahead (0: none do); `compiled` translates the network
    once, which takes minutes and a C++ compiler (without one nothing is done), and pays from half
    an hour on: on the CPU a step of `base` takes two thirds. Neither changes what is learned.
    Raises OptionError for values out of range.
    """

    steps: int = 0
    minutes: float = 0.0
    rate: float = 1e-3
    betas: tuple[float, float] = (0.9, 0.95)
    decay: float = 0.01
    scalars: float = 1.0
    clip: float = 1.0
    warmup: int = 100
    cooldown: float = 0.0
    average: float = 0.999
    precision: str = "auto"
    seed: int = 0
    workers: int = 0
    compiled: bool = False
    log_every: int = 20
    save_minutes: float = 5.0
    validate_minutes: float = 15.0

    def __post_init__(self) -> None:
        if self.steps <= 0 and self.minutes <= 0:
            raise OptionError("a run needs an end: give steps or --minutes above 0")
        if self.precision not in ("auto", "fp32", "bf16"):
            raise OptionError(f"precision {self.precision!r}: expected auto, fp32 or bf16")
        for name, good, expected in (
            ("rate", self.rate > 0, "above 0"),
            ("betas", all(0 <= b < 1 for b in self.betas), "from 0 to below 1"),
            ("scalars", self.scalars > 0, "above 0"),
            ("clip", self.clip > 0, "above 0"),
            ("cooldown", 0 <= self.cooldown <= 1, "0 to 1"),
            ("average", 0 <= self.average < 1, "from 0 to below 1"),
            ("seed", self.seed >= 0, "0 or more"),
            ("workers", self.workers >= 0, "0 or more"),
            ("log_every", self.log_every >= 1, "1 or more"),
        ):
            if not good:
                raise OptionError(f"{name} = {getattr(self, name)}: expected {expected}")


def from_table(kind: type[T], table: Mapping[str, Any], where: str) -> T:
    """Build the dataclass `kind` from a TOML table; a field that is a dataclass is a table of it.

    What a table leaves out keeps its default. Raises OptionError on unknown keys and wrong types.
    """
    values = _values(kind, table, where)
    try:
        return kind(**values)
    except OptionError as error:
        raise OptionError(f"{where}: {error}") from error


def read_recipe(path: Path) -> dict[str, Any]:
    """The tables of a recipe file. Raises OptionError when it is missing or not TOML."""
    try:
        return tomllib.loads(path.read_text("utf-8"))
    except FileNotFoundError as error:
        raise OptionError(f"{path}: no such recipe") from error
    except OSError as error:
        raise OptionError(f"{path}: unreadable recipe ({error.strerror})") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise OptionError(f"{path}: not a TOML file ({error})") from error


def _values(kind: type[DataclassInstance], table: Mapping[str, Any], where: str) -> dict[str, Any]:
    hints = get_type_hints(kind)
    known = {field.name: field for field in fields(kind)}
    for key in table:
        if key not in known:
            raise OptionError(f"{where}: unknown key {key!r}; known: {', '.join(sorted(known))}")
    return {
        key: _nested(known[key], hints[key], value, f"{where}.{key}")
        if is_dataclass(hints[key])
        else _plain(hints[key], value, f"{where}: {key}")
        for key, value in table.items()
    }


def _nested(field: Field[Any], kind: Any, value: Any, where: str) -> Any:
    """The field's own default, which may differ from its class's, with the table's changes."""
    if not isinstance(value, Mapping):
        raise OptionError(f"{where} = {value!r} should be a table")
    default = kind() if field.default_factory is MISSING else field.default_factory()
    return replace(default, **_values(kind, value, where))


def _plain(hint: Any, value: Any, what: str) -> Any:
    if get_origin(hint) is tuple:
        return _tuple(get_args(hint), value, what)
    if get_origin(hint) is Literal:
        if value not in get_args(hint):
            raise OptionError(f"{what} = {value!r} should be one of {', '.join(get_args(hint))}")
        return value
    fits = isinstance(value, (int, float) if hint is float else hint)
    if not fits or isinstance(value, bool) != (hint is bool):
        raise OptionError(f"{what} = {value!r} should be of type {hint.__name__}")
    return hint(value)


def _tuple(kinds: tuple[Any, ...], value: Any, what: str) -> tuple[Any, ...]:
    if not isinstance(value, list | tuple):
        raise OptionError(f"{what} = {value!r} should be a list")
    if kinds[-1] is Ellipsis:
        kinds = kinds[:1] * len(value)
    if len(kinds) != len(value):
        raise OptionError(f"{what} = {value!r} should hold {len(kinds)} values")
    return tuple(_plain(kind, item, what) for kind, item in zip(kinds, value, strict=True))
