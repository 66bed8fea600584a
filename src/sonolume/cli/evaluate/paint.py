"""``sonolume evaluate paint``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sonolume.cli._options import best_of_option
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
from sonolume.errors import OptionError

if TYPE_CHECKING:
    from sonolume.pipelines.paint.best import BestOf
    from sonolume.pipelines.paint.pipeline import PaintPipeline

__all__ = ["command"]


@click.command("paint")
@shared("Pictures painted of each concept.  [default: 4, about 700 in all]", 4)
@model_option
@click.option("--audio-encoder", type=FOLDER, help="CLAP, for a Stable Diffusion --model.")
@click.option("--size", type=click.IntRange(16, 1024), default=128, show_default=True)
@click.option("--steps", type=click.IntRange(1, 1000), help="[default: the painter's usual]")
@click.option("--shift", type=click.FloatRange(0.1, 20), help="[default: the painter's usual]")
@click.option("--text-scale", type=click.FloatRange(0, 30), help="[default: the painter's usual]")
@click.option("--audio-scale", type=click.FloatRange(0, 30), help="[default: the painter's usual]")
@best_of_option("From words alone and from sounds alone: paint so many, and keep the best.")
@teachers_option
def command(
    model: Path | None,
    audio_encoder: Path | None,
    teachers: Path | None,
    size: int,
    steps: int | None,
    shift: float | None,
    text_scale: float | None,
    audio_scale: float | None,
    best_of: int,
    **common: Any,
) -> None:
    """Whether painted pictures show what was heard and said, to a judge trained apart."""
    finish = door(common)
    from sonolume.evaluation.paint import evaluate_paint
    from sonolume.hub import weights
    from sonolume.hub.joint import load_joint
    from sonolume.pipelines import load
    from sonolume.pipelines.paint.settings import usual_settings

    judge, hashes = find_judge(teachers, common["data"])
    pipeline = load("paint", model or "pocket", audio_encoder)
    asked = {
        "size": size, "steps": steps, "shift": shift,
        "text_scale": text_scale, "audio_scale": audio_scale,
    }  # fmt: skip
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
            chooser=_chooser(pipeline, best_of),
            **measured(common),
        )
    finish(result)


def _chooser(pipeline: PaintPipeline, count: int) -> BestOf | None:
    from sonolume.pipelines.paint.best import BestOf, ranker_of
    from sonolume.pipelines.paint.pocket import PocketParts

    if count == 1:
        return None
    if not isinstance(pipeline.parts, PocketParts):
        raise OptionError("--best-of is measured on pocket weights; leave it out")
    return BestOf(pipeline, ranker_of(pipeline.parts), count)
