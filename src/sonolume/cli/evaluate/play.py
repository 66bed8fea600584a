"""``sonolume evaluate play``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from sonolume.cli.evaluate._common import door, measured, model_option, progress_bar, shared

__all__ = ["command"]


@click.command("play")
@shared("Photos of each concept.  [default: 4]", 4)
@model_option
@click.option("--notes", type=click.IntRange(1), default=1000, show_default=True)
def command(model: Path | None, notes: int, **common: Any) -> None:
    """Whether instruments are in tune and in time, mixes as loud as asked, scenes what is seen.

    Reads FOLDER/scores too.
    """
    finish = door(common)
    from sonolume.evaluation.play import evaluate_play
    from sonolume.pipelines import load

    pipeline = load("play", model or "pocket")
    with progress_bar(quiet=common["quiet"], what="looking") as progress:
        result = evaluate_play(pipeline, notes=notes, progress=progress, **measured(common))
    finish(result)
