"""``sonolume evaluate joint``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from sonolume.cli.evaluate._common import door, measured, model_option, shared

__all__ = ["command"]


@click.command("joint")
@shared("Sounds and photos of each concept.  [default: all]")
@model_option
@click.option(
    "--phrases",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="Lines of concept TAB phrase.  [default: the 300 shipped ones]",
)
def command(model: Path | None, phrases: Path | None, **common: Any) -> None:
    """How well the joint encoder knows what it hears, sees and reads."""
    finish = door(common)
    from sonolume.evaluation.joint import evaluate_joint
    from sonolume.hub import weights
    from sonolume.hub.joint import load_joint

    folder = model or weights.FOLDER
    encoder = load_joint(folder)
    names = [name for name in weights.names(folder) if name.startswith("joint-")]
    hashes = {name: weights.sha256(name, folder) for name in names}
    finish(evaluate_joint(encoder, phrases=phrases, hashes=hashes, **measured(common)))
