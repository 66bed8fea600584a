"""``sonolume evaluate sound``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from sonolume.cli.evaluate._common import (
    door,
    measured,
    model_option,
    progress_bar,
    shared,
    teachers_option,
)

__all__ = ["command"]


@click.command("sound")
@shared("Sounds of each concept.  [default: 8]", 8)
@model_option
@click.option("--concepts", type=click.IntRange(2), default=20, show_default=True)
@click.option("--steps", type=click.IntRange(1, 1000), default=20, show_default=True)
@click.option("--guidance", type=click.FloatRange(0, 30), default=6.0, show_default=True)
@click.option("--shift", type=click.FloatRange(0.1, 20), default=4.0, show_default=True)
@click.option(
    "--takes",
    type=click.IntRange(1, 64),
    default=1,
    show_default=True,
    help="Drawn for each sound, of which the one most like its words is kept; play takes 4.",
)
@teachers_option
def command(
    model: Path | None,
    teachers: Path | None,
    concepts: int,
    steps: int,
    guidance: float,
    shift: float,
    takes: int,
    **common: Any,
) -> None:
    """Whether generated sounds are known again, to a judge trained apart."""
    finish = door(common)
    from sonolume.errors import ModelError
    from sonolume.evaluation.judge import find_teachers
    from sonolume.evaluation.sound import evaluate_sound
    from sonolume.evaluation.sound_judge import NET, load_sound_judge
    from sonolume.hub import weights
    from sonolume.pipelines.play.sounds import JointLikeness
    from sonolume.pipelines.play.sounds_generator import load_generator_sounds

    nets = find_teachers(teachers, common["data"], NET)
    if nets is None:
        raise ModelError(f"sounds are judged by {NET}, which was not found; give --teachers FOLDER")
    maker = load_generator_sounds(
        model or weights.FOLDER, steps=steps, guidance=guidance, shift=shift
    )
    with progress_bar(quiet=common["quiet"], what="generating") as progress:
        result = evaluate_sound(
            maker,
            load_sound_judge(nets),
            concepts=concepts,
            takes=takes,
            likeness=JointLikeness(maker.joint) if takes > 1 else None,
            progress=progress,
            hashes=maker.hashes,
            sampling={"steps": steps, "guidance": guidance, "shift": shift},
            **measured(common),
        )
    finish(result)
