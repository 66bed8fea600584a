"""``sonolume evaluate controller``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from sonolume.cli.evaluate._common import FOLDER, door, measured, shared

__all__ = ["command"]


@click.command("controller")
@shared("Pairs.  [default: 1024]")
@click.option(
    "--model", type=FOLDER, required=True, help="Holds restyle-heads and restyle-controller."
)
def command(model: Path, **common: Any) -> None:
    """Whether restyle's learnt controller hears which effects were used, and how far.

    Beside it the published design and the map, if the folder holds them.
    """
    finish = door(common)
    from sonolume.evaluation.restyle_controller import evaluate_controller

    finish(evaluate_controller(model, **measured(common)))
