"""``sonolume train``: train one stage of one model."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import click

from sonolume.cli._options import json_option, quiet_option, report
from sonolume.training.stages.registry import STAGES

__all__ = ["command"]


_FOLDER = click.Path(path_type=Path)


@click.command
@click.argument("stage", type=click.Choice(sorted(STAGES)))
@click.option("--recipe", default="pocket", show_default=True, help="pocket, tiny, or a TOML file.")
@click.option(
    "--data",
    type=_FOLDER,
    required=True,
    help="Folder that holds sounds/, pictures/ and words/.",
)
@click.option("--teachers", type=_FOLDER, help="Folder with the weights of frozen teachers.")
@click.option(
    "--aids",
    type=_FOLDER,
    help="Folder with the teachers' features (see `sonolume data features`).",
)
@click.option(
    "--models",
    type=_FOLDER,
    help="Folder with the weights to build upon.  [default: the embedded ones]",
)
@click.option(
    "--start", type=_FOLDER, help="Folder with an earlier export of the stage to go on from."
)
@click.option("--out", type=_FOLDER, help="Folder of the run.  [default: runs/STAGE]")
@click.option("--minutes", type=click.FloatRange(0, min_open=True), help="End after that time.")
@click.option("--steps", type=click.IntRange(1), help="End after so many steps.")
@click.option(
    "--seed",
    type=click.IntRange(0, 2**63 - 1),
    help="Equal seeds give equal runs.  [default: the recipe's]",
)
@click.option(
    "--commercial",
    is_flag=True,
    help="Train only on items whose licence permits commercial use.",
)
@json_option
@quiet_option
def command(
    stage: str,
    recipe: str,
    data: Path,
    teachers: Path | None,
    aids: Path | None,
    models: Path | None,
    start: Path | None,
    out: Path | None,
    minutes: float | None,
    steps: int | None,
    seed: int | None,
    commercial: bool,
    as_json: bool,
    quiet: bool,
) -> None:
    """Train STAGE, or go on with the run that the folder already holds.

    --minutes and --steps replace the end that the recipe names. The folder gets checkpoints, a log,
    curves, and in export/ the weights.
    """
    from sonolume.errors import OptionError
    from sonolume.training.context import Context
    from sonolume.training.recipes import find_recipe, read_loop, read_stage

    path = find_recipe(recipe)
    table, loop = read_stage(path, stage, STAGES)
    where = f"{path}: {stage}"
    settings = read_loop(loop, f"{where}.loop", minutes=minutes, steps=steps, seed=seed)
    if not find_spec("accelerate") or not find_spec("matplotlib"):
        raise OptionError("training needs more packages: pip install 'sonolume[train]'")

    from sonolume.training.journal import Journal
    from sonolume.training.loop import train
    from sonolume.training.stages.registry import build

    context = Context(
        data, teachers, aids, models, start, settings.seed, commercial=commercial, where=where
    )
    folder = out or Path("runs") / stage
    export = train(build(stage, context, table), settings, folder, quiet=quiet)
    figures = Journal(folder, stage, quiet).last_validation()
    told = "".join(f", {name} {value:.4g}" for name, value in figures.items())
    result = {"stage": stage, "folder": str(folder), "export": str(export), "validation": figures}
    report(result, [f"{export}: {stage}{told}"], as_json=as_json, quiet=quiet)
