"""``sonolume evaluate describe``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from sonolume.cli.evaluate._common import door, measured, model_option, progress_bar, shared

__all__ = ["command"]


@click.command("describe")
@shared("Sounds and photos of each concept.  [default: all]")
@model_option
@click.option(
    "--fit-calibration",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Also write there the temperatures that these data fit.",
)
def command(model: Path | None, fit_calibration: Path | None, **common: Any) -> None:
    """Whether keywords and captions say what is heard and seen, and how surely."""
    finish = door(common)
    from sonolume.evaluation.describe import evaluate_describe
    from sonolume.hub.calibration import check_calibration, write_calibration
    from sonolume.pipelines import load

    if fit_calibration is not None:
        check_calibration(fit_calibration, force=common["force"])
    pipeline = load("describe", model or "pocket")
    with progress_bar(quiet=common["quiet"], what="describing") as progress:
        result, calibration = evaluate_describe(
            pipeline, hashes=pipeline.parts.hashes(), progress=progress, **measured(common)
        )
    if fit_calibration is not None:
        write_calibration(calibration, fit_calibration, force=common["force"])
    finish(result)
