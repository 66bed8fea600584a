"""``sonolume evaluate judge``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from sonolume.cli.evaluate._common import FOLDER, door, measured, shared, teachers_option

__all__ = ["command"]


@click.command("judge")
@shared("Photos of each concept.  [default: all]")
@teachers_option
@click.option("--fit", is_flag=True, help="First train the judge's heads on the split train.")
@click.option("--cache", type=FOLDER, help="With --fit: keep the features of photos there.")
@click.option(
    "--weights",
    type=FOLDER,
    help="Holds, or with --fit receives, the judge's heads.  [default: in this installation]",
)
def command(
    teachers: Path | None, fit: bool, cache: Path | None, weights: Path | None, **common: Any
) -> None:
    """How often the judge itself is right, on photos."""
    finish = door(common)
    from sonolume.errors import ModelError, OptionError
    from sonolume.evaluation.judge import NAME, NET, find_teachers, load_judge
    from sonolume.evaluation.judge_report import evaluate_judge
    from sonolume.hub.weights import FOLDER as EMBEDDED
    from sonolume.hub.weights import sha256

    if cache is not None and not fit:
        raise OptionError("--cache keeps features for training; give --fit with it")
    folder = weights or EMBEDDED
    nets = find_teachers(teachers, common["data"])
    if nets is None:
        raise ModelError(f"the judge needs {NET}, which was not found; give --teachers FOLDER")
    if fit:
        _fit(nets, common["data"], cache, folder)
    hashes = {NAME: sha256(NAME, folder)}
    finish(evaluate_judge(load_judge(nets, folder), hashes=hashes, **measured(common)))


def _fit(teachers: Path, data: Path, cache: Path | None, folder: Path) -> None:
    from sonolume.evaluation.judge import save_heads
    from sonolume.evaluation.judge_fit import fit_judge

    save_heads(fit_judge(teachers, data, cache), folder)
