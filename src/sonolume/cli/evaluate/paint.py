"""``sonolume evaluate paint``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from sonolume.cli.evaluate._common import (
    FOLDER,
    door,
    find_judge,
    measured,
    model_option,
    progress_bar,
    shared,
    teachers_option,
)

__all__ = ["command"]


@click.command("paint")
@shared("Pictures painted of each concept.  [default: 4, about 700 in all]", 4)
@model_option
@click.option("--audio-encoder", type=FOLDER, help="CLAP, for a Stable Diffusion --model.")
@click.option("--size", type=click.IntRange(16, 1024), default=128, show_default=True)
@click.option("--steps", type=click.IntRange(1, 1000), help="[default: the painter's usual]")
@click.option("--shift", type=click.FloatRange(0.1, 20), help="[default: the painter's usual]")
@teachers_option
def command(
    model: Path | None,
    audio_encoder: Path | None,
    teachers: Path | None,
    size: int,
    steps: int | None,
    shift: float | None,
    **common: Any,
) -> None:
    """Whether painted pictures show what was heard and said, to a judge trained apart."""
    finish = door(common)
    from sonolume.evaluation.paint import evaluate_paint
    from sonolume.hub import weights
    from sonolume.hub.joint import load_joint
    from sonolume.pipelines import load
    from sonolume.pipelines.paint.pipeline import usual_settings

    judge, hashes = find_judge(teachers, common["data"])
    pipeline = load("paint", model or "pocket", audio_encoder)
    asked = {"size": size, "steps": steps, "shift": shift}
    table = {name: value for name, value in asked.items() if value is not None}
    own = model if model is not None and "joint-words" in weights.names(model) else None
    with progress_bar(quiet=common["quiet"]) as progress:
        result = evaluate_paint(
            pipeline,
            lambda audio: pipeline.hear(audio)[0],
            load_joint(own or weights.FOLDER),
            judge,
            painting=usual_settings(pipeline.parts, table),
            progress=progress,
            hashes={**pipeline.parts.hashes(), **hashes},
            **measured(common),
        )
    finish(result)
