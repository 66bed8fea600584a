"""Recipes: TOML files with one table for each stage, and in it one called `loop`.

A recipe that `extends` another one says only what is different.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from sonolume.errors import OptionError
from sonolume.training.settings import LoopSettings, from_table, read_recipe

_PACKAGE = Path(__file__).resolve().parents[1]
# Inside an installed package, or beside the sources of a checkout.
_SHELVES = (_PACKAGE / "recipes", _PACKAGE.parents[1] / "recipes")


def find_recipe(name: str) -> Path:
    """The file of a recipe that ships with sonolume, or else the path `name`.

    Raises OptionError when there is neither.
    """
    shelves = [shelf for shelf in _SHELVES if shelf.is_dir()]
    shipped = sorted(path for shelf in shelves for path in shelf.glob("*.toml"))
    for path in shipped:
        if path.stem == name:
            return path
    if not Path(name).is_file():
        known = ", ".join(sorted({path.stem for path in shipped}))
        raise OptionError(f"{name}: no such recipe; give one of {known}, or a TOML file")
    return Path(name)


def read_stage(path: Path, stage: str, known: Collection[str]) -> tuple[dict[str, Any], Any]:
    """The table of `stage` in a recipe without its `loop`, and that `loop`.

    The table of `joint.words` is `[joint.words]`. Raises OptionError when the recipe has no table
    for `stage`, or one for a stage that is not among `known`, or extends what it should not.
    """
    tables = _stages(_whole(path), known, path)
    if stage not in tables:
        there = ", ".join(sorted(tables)) or "none"
        raise OptionError(f"{path}: no table [{stage}]; there are: {there}")
    table = dict(tables[stage])
    return table, table.pop("loop", {})


def read_loop(table: Any, where: str, **given: float | int | None) -> LoopSettings:
    """The `loop` table of a stage, changed by the options that are `given` (None: not given).

    An end that is given, `steps` or `minutes`, replaces both ends of the recipe.
    """
    if not isinstance(table, Mapping):
        raise OptionError(f"{where} = {table!r} should be a table")
    options = {key: value for key, value in given.items() if value is not None}
    if options.keys() & {"steps", "minutes"}:
        table = {k: v for k, v in table.items() if k not in ("steps", "minutes")}
    return from_table(LoopSettings, {**table, **options}, where)


def _whole(path: Path) -> dict[str, Any]:
    """The tables of a recipe over those of the one that it extends."""
    recipe = read_recipe(path)
    parent = recipe.pop("extends", None)
    if parent is None:
        return recipe
    if not isinstance(parent, str):
        raise OptionError(f"{path}: extends = {parent!r}; expected the name of a recipe")
    earlier = read_recipe(find_recipe(parent))
    if "extends" in earlier:
        raise OptionError(f"{path}: extends {parent}, which extends another one; name that one")
    return _over(earlier, recipe)


def _over(earlier: Mapping[str, Any], later: Mapping[str, Any]) -> dict[str, Any]:
    """Tables merged; of two values the later."""
    merged = dict(earlier)
    for key, value in later.items():
        old = merged.get(key)
        if isinstance(old, Mapping) and isinstance(value, Mapping):
            value = _over(old, value)
        merged[key] = value
    return merged


def _stages(
    recipe: Mapping[str, Any], known: Collection[str], path: Path, prefix: str = ""
) -> dict[str, dict[str, Any]]:
    """Stage tables by their dotted names."""
    found: dict[str, dict[str, Any]] = {}
    for key, value in recipe.items():
        name = prefix + key
        family = any(stage.startswith(f"{name}.") for stage in known)
        if not isinstance(value, dict) or not (family or name in known):
            raise OptionError(f"{path}: {name!r} is no stage; known: {', '.join(sorted(known))}")
        if name in known:
            found[name] = value
        else:
            found |= _stages(value, known, path, f"{name}.")
    return found
