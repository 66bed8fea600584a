"""``sonolume data``: what a data folder holds, and what training needs beside it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from sonolume.cli._options import json_option, quiet_option, report, seed_option

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sonolume.data.summary import Summary

__all__ = ["command"]

Command = TypeVar("Command", bound=Callable[..., Any])


def _folder(name: str, about: str) -> Callable[[Command], Command]:
    return click.option(name, type=click.Path(path_type=Path), required=True, help=about)


_data_option = _folder("--data", "Folder that holds sounds/ or pictures/.")
_out_option = _folder("--out", "Folder to write; what it already has is kept.")


@click.group
def command() -> None:
    """Look into training data and prepare it."""


@command.command
@_data_option
@json_option
@quiet_option
def summary(data: Path, as_json: bool, quiet: bool) -> None:
    """Count the sounds and pictures of each concept and split."""
    from sonolume.data.summary import summarise

    found = summarise(data)
    result = {"data": str(data), "counts": found.counts, "commercial": found.commercial}
    report(result, _table(found), as_json=as_json, quiet=quiet)


@command.command
@_data_option
@_folder("--teachers", "Folder with the weights of the teachers.")
@_out_option
@click.option("--crops", is_flag=True, help="Also of five crops of each picture.")
@json_option
@quiet_option
def features(
    data: Path, teachers: Path, out: Path, crops: bool, as_json: bool, quiet: bool
) -> None:
    """Compute the teachers' features of all sounds and pictures.

    Writes audioset.npz and mobilenet_v2.npz, which `sonolume train --aids` reads; with --crops
    mobilenet_v2_crops.npz, too. A call that was interrupted goes on where it stopped.
    """
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn

    from sonolume.data.features import write_features

    console = Console(stderr=True, quiet=quiet)
    columns = ("{task.description}", BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console) as bars:
        tasks = {}

        def progress(name: str, done: int, total: int) -> None:
            if name not in tasks:
                tasks[name] = bars.add_task(name)
            bars.update(tasks[name], completed=done, total=total)

        counts = write_features(data, teachers, out, progress, crops=crops)
    files = {name: {"path": str(out / f"{name}.npz"), "items": n} for name, n in counts.items()}
    lines = (f"{file['path']}: {file['items']} items" for file in files.values())
    report({"files": files}, lines, as_json=as_json, quiet=quiet)


@command.command
@_folder("--data", "Folder that holds sounds/, or a folder of sound files.")
@_out_option
@click.option(
    "--palette",
    type=click.Choice(["moves", "seven"]),
    default="moves",
    show_default=True,
    help="Which effects: all that restyle turns, or seven to compare with.",
)
@click.option(
    "--pairs",
    "count",
    type=click.IntRange(1),
    default=6144,
    show_default=True,
    help="To train on; a sixth as many are made to tune, and to measure.",
)
@click.option(
    "--remixes",
    type=click.Path(path_type=Path),
    help="Folder of original/NAME.* and remix/NAME.*, to learn from, too.",
)
@click.option("--commercial", is_flag=True, help="Only of sounds licensed for commercial use.")
@seed_option
@json_option
@quiet_option
def pairs(
    data: Path,
    out: Path,
    palette: str,
    count: int,
    remixes: Path | None,
    commercial: bool,
    seed: int,
    as_json: bool,
    quiet: bool,
) -> None:
    """Make pairs of a sound and the same sound under effects, for restyle's networks.

    `sonolume train restyle.heads --aids` reads them. A call that was interrupted goes on where it
    stopped.
    """
    from rich.console import Console
    from rich.progress import track

    from sonolume.data.restyle_pairs import pair_files
    from sonolume.hub.joint import load_joint
    from sonolume.pipelines.restyle.chains.palette import palette as find_palette

    plan, files = pair_files(
        data,
        out,
        find_palette(palette),
        load_joint(),
        train=count,
        seed=seed,
        remixes=remixes,
        commercial=commercial,
    )
    console = Console(stderr=True, quiet=quiet)
    for make in track(files, "making pairs", console=console):
        make()
    rows = dict(zip(("train", "tune", "held"), plan.rows, strict=True))
    lines = [f"{out}: {', '.join(f'{n} to {part}' for part, n in rows.items())}"]
    report(
        {"out": str(out), "palette": palette, "pairs": rows}, lines, as_json=as_json, quiet=quiet
    )


def _table(found: Summary) -> Iterator[str]:
    columns = [(kind, split) for kind in found.counts for split in found.splits()]
    concepts = sorted({concept for kind in found.counts.values() for concept in kind})
    rows = [("CONCEPT", *(f"{kind} {split}".upper() for kind, split in columns))]
    for concept in concepts:
        numbers = (found.counts[kind].get(concept, {}).get(split, 0) for kind, split in columns)
        rows.append((concept, *(str(number or "-") for number in numbers)))
    rows.append(("all", *(str(found.total(kind, split)) for kind, split in columns)))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for first, *rest in rows:
        cells = (cell.rjust(width) for cell, width in zip(rest, widths[1:], strict=True))
        yield "  ".join([first.ljust(widths[0]), *cells])
    free = ", ".join(f"{count} {kind}" for kind, count in found.commercial.items())
    yield f"Licensed for commercial use: {free}."
