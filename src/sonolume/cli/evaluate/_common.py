"""What every evaluation's door shares: its options, its judge, and how results are told."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from sonolume.cli._options import force_option, json_option, quiet_option, report, seed_option

if TYPE_CHECKING:
    from sonolume.evaluation.judge import Judge
    from sonolume.evaluation.result import Evaluation

__all__ = [
    "FOLDER",
    "door",
    "find_judge",
    "measured",
    "model_option",
    "progress_bar",
    "shared",
    "teachers_option",
]

Command = TypeVar("Command", bound=Callable[..., Any])

FOLDER = click.Path(path_type=Path, file_okay=False, exists=True)


def shared(limit: str, default: int | None = None) -> Callable[[Command], Command]:
    """The options that every evaluation has; ``limit`` says what --limit counts."""
    options = [
        click.option("--data", type=FOLDER, required=True, help="Holds sounds/ and pictures/."),
        click.option("--split", type=click.Choice(["validation", "test"]), default="validation"),
        click.option("--limit", type=click.IntRange(1), default=default, help=limit),
        click.option("--out", type=click.Path(path_type=Path), help="Write a report there."),
        seed_option,
        force_option,
        json_option,
        quiet_option,
    ]

    def decorate(function: Command) -> Command:
        for option in reversed(options):
            function = option(function)
        return function

    return decorate


teachers_option = click.option(
    "--teachers",
    type=FOLDER,
    help="Holds the judge's net.  [default: DATA/../teachers, then $SONOLUME_TEACHERS]",
)


model_option = click.option(
    "--model", type=FOLDER, help="Holds other weights.  [default: those of this installation]"
)


def find_judge(teachers: Path | None, data: Path) -> tuple[Judge | None, dict[str, str]]:
    """The judge, if its net is at hand, and the hash of its heads."""
    from sonolume.evaluation.judge import NAME, find_teachers, load_judge
    from sonolume.hub import weights

    folder = find_teachers(teachers, data)
    if folder is None:
        return None, {}
    return load_judge(folder), {NAME: weights.sha256(NAME)}


def measured(common: dict[str, Any]) -> dict[str, Any]:
    return {name: common[name] for name in ("data", "split", "limit", "seed")}


def door(common: dict[str, Any]) -> Callable[[Evaluation], None]:
    """Refuse an unusable --out before the work; what is returned prints and writes the result."""
    from sonolume.evaluation.report import check_folder, write_report

    out, force = common["out"], common["force"]
    if out is not None:
        check_folder(out, force=force)

    def finish(result: Evaluation) -> None:
        paths = [] if out is None else write_report(result, out, force=force)
        if common["as_json"] and not common["quiet"]:
            for line in result.skipped:
                click.echo(f"sonolume: left out: {line}", err=True)
        lines = [*result.lines(), *(f"written: {path}" for path in paths[-2:])]
        report(result.to_json(), lines, as_json=common["as_json"], quiet=common["quiet"])

    return finish


@contextmanager
def progress_bar(*, quiet: bool, what: str = "painting") -> Iterator[Callable[[int, int], None]]:
    from rich.console import Console
    from rich.progress import Progress, TimeRemainingColumn

    console = Console(stderr=True, quiet=quiet)
    columns = (*Progress.get_default_columns()[:-1], TimeRemainingColumn())
    with Progress(*columns, console=console, disable=quiet) as bar:
        task = bar.add_task(what, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)
