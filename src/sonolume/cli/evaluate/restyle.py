"""``sonolume evaluate restyle``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from sonolume.cli._options import report
from sonolume.cli._restyling import by_option, prior_option
from sonolume.cli.evaluate._common import door, measured, model_option, progress_bar, shared
from sonolume.errors import OptionError

__all__ = ["command"]

RACK = ("joint-picture", "joint-words")
DRAWN = ("joint-sound", "sound-generator", "vocoder", "restyle-map", "restyle-film")
PROPOSED = ("restyle-heads", "restyle-map", "restyle-controller")
READ = {"rack": RACK, "diffusion": (*RACK, *DRAWN)}


@click.command("restyle")
@shared("Sounds.  [default: 50; with --page 12, a question each]")
@model_option
@prior_option
@click.option(
    "--engine",
    type=click.Choice(["rack", "diffusion"]),
    default="rack",
    show_default=True,
    help="Effects, or the sound generator of --model.",
)
@by_option
@click.option(
    "--page",
    type=click.Path(path_type=Path, file_okay=False),
    help="Measure nothing; write a listening test there.",
)
def command(
    model: Path | None, prior: str, engine: str, by: str, page: Path | None, **common: Any
) -> None:
    """Whether sounds move as pictures move, and keep their structure.

    Reads FOLDER/scores too.
    """
    if engine != "rack" and by != "search":
        raise OptionError("--by is for --engine rack; leave it out")
    if page is not None:
        if engine != "rack" or by != "search":
            raise OptionError("--page restyles by the rack's search; leave --engine and --by out")
        _listening_test(page, model, prior, common)
        return
    finish = door(common)
    from sonolume.evaluation.restyle import evaluate_restyle
    from sonolume.hub import weights
    from sonolume.pipelines import load

    folder = model or weights.FOLDER
    read = READ[engine] if by == "search" else (*RACK, *PROPOSED)
    names = [name for name in weights.names(folder) if name in read]
    with progress_bar(quiet=common["quiet"], what="restyling") as progress:
        result = evaluate_restyle(
            load("restyle", model or "pocket"),
            prior=prior,  # type: ignore[arg-type]  # click's choice
            engine=engine,  # type: ignore[arg-type]
            by=by,  # type: ignore[arg-type]
            progress=progress,
            hashes={name: weights.sha256(name, folder) for name in names},
            **measured(common),
        )
    finish(result)


def _listening_test(page: Path, model: Path | None, prior: str, common: dict[str, Any]) -> None:
    from sonolume.evaluation.listening import check_page, write_page
    from sonolume.evaluation.restyle_questions import questions_of
    from sonolume.pipelines import load

    if common["out"] is not None:
        raise OptionError("--page measures nothing that --out could hold; give one of them")
    check_page(page, force=common["force"])
    questions = questions_of(
        load("restyle", model or "pocket"),
        prior=prior,  # type: ignore[arg-type]
        **measured(common),
    )
    written = write_page(questions, page, seed=common["seed"], force=common["force"])
    result = {"page": str(written), "questions": len(questions)}
    lines = [f"{written}  {len(questions)} questions"]
    report(result, lines, as_json=common["as_json"], quiet=common["quiet"])
