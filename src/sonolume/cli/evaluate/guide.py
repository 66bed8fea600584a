"""``sonolume evaluate guide``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from sonolume.cli.evaluate._common import (
    door,
    find_judge,
    measured,
    model_option,
    progress_bar,
    shared,
    teachers_option,
)

__all__ = ["command"]


@click.command("guide")
@shared("Seeds of each concept.  [default: 8]", 8)
@model_option
@click.option("--concepts", type=click.IntRange(2), default=20, show_default=True)
@click.option("--steps", type=click.IntRange(1, 1000), default=50, show_default=True)
@click.option("--fast", is_flag=True, help="Without the gradient through the prior.")
@teachers_option
@click.option(
    "--fit-spreads",
    type=click.Path(path_type=Path, dir_okay=False),
    help="First measure on the split train, use, and write there what makes weights comparable.",
)
def command(
    model: Path | None,
    teachers: Path | None,
    concepts: int,
    steps: int,
    fast: bool,
    fit_spreads: Path | None,
    **common: Any,
) -> None:
    """Whether guidance leads to what was said and heard, to a judge trained apart."""
    finish = door(common)
    from sonolume.evaluation.guide import evaluate_guide
    from sonolume.evaluation.guide_spreads import fit
    from sonolume.pipelines import load
    from sonolume.pipelines.guide.settings import GuideSettings

    judge, hashes = find_judge(teachers, common["data"])
    pipeline = load("guide", model or "pocket")
    pipeline.describer = None  # captions cost time, and nobody reads them here
    if fit_spreads is not None:
        fit(pipeline, common["data"], fit_spreads, force=common["force"])
    with progress_bar(quiet=common["quiet"], what="guiding") as progress:
        result = evaluate_guide(
            pipeline,
            judge,
            concepts=concepts,
            guiding=GuideSettings(steps=steps, fast=fast, size=pipeline.prior.side),
            progress=progress,
            hashes={**pipeline.prior.hashes(), **pipeline.encoder.hashes(), **hashes},
            **measured(common),
        )
    finish(result)
