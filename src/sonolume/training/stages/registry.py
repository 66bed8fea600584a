"""The stages by name.

A stage is one module beside this one with a function `build(context, table)`, which returns the
stage, and one line below.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

from sonolume.errors import OptionError
from sonolume.training.context import Context

if TYPE_CHECKING:
    from sonolume.training.stage import Stage


@dataclass(frozen=True)
class Entry:
    """The module of a stage and which folders of a `Context`, besides its data, it reads."""

    module: str
    reads: frozenset[str] = field(default_factory=frozenset)


OPTIONAL: Final = ("teachers", "aids", "models", "start")
STAGES: Final[Mapping[str, Entry]] = {
    "joint.words": Entry("joint_words", frozenset({"aids", "start"})),
    "joint.sound": Entry("joint_sound", frozenset({"aids", "models", "start"})),
    "joint.picture": Entry("joint_picture", frozenset({"aids", "models", "start"})),
    "base": Entry("base", frozenset({"teachers", "models", "start"})),
    "caption": Entry("caption", frozenset({"models", "start"})),
    "upscale": Entry("upscale", frozenset({"teachers", "start"})),
    "vocoder": Entry("vocoder", frozenset({"start"})),
    "sound": Entry("sound", frozenset({"models", "start"})),
    "restyle.heads": Entry("restyle_heads", frozenset({"aids", "start"})),
    "restyle.map": Entry("restyle_map", frozenset({"aids", "models", "start"})),
    "restyle.end2end": Entry("restyle_end2end", frozenset({"aids", "models"})),
    "restyle.controller": Entry("restyle_controller", frozenset({"aids", "models", "start"})),
    "restyle.baseline": Entry("restyle_baseline", frozenset({"aids", "models"})),
    "paint.align": Entry("paint_align", frozenset({"models", "start"})),
    "paint.denoise": Entry("paint_denoise", frozenset({"models", "start"})),
    "paint.refine": Entry("paint_refine", frozenset({"teachers", "models", "start"})),
}


def build(name: str, context: Context, table: Mapping[str, Any]) -> Stage:
    """Build the stage `name` with the settings of a recipe's table.

    Raises OptionError for an unknown stage, a folder that it does not read, or unknown settings;
    DataError and ModelError for what is missing in the folders.
    """
    if name not in STAGES:
        raise OptionError(f"unknown stage {name!r}; known: {', '.join(sorted(STAGES))}")
    for option in OPTIONAL:
        if getattr(context, option) is not None and option not in STAGES[name].reads:
            raise OptionError(f"{name} does not read --{option}; leave it out")
    import torch

    module = import_module(f"sonolume.training.stages.{STAGES[name].module}")
    torch.manual_seed(context.seed)
    stage: Stage = module.build(context, table)
    return stage
