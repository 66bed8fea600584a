"""``sonolume paint``: sound and words → picture."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sonolume.cli._options import (
    best_of_option,
    force_option,
    json_option,
    quiet_option,
    report,
    seed_option,
)

if TYPE_CHECKING:
    from sonolume.cli._paint_inputs import Task

__all__ = ["command"]


@click.command
@click.argument("inputs", nargs=-1)
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), help="Picture, or folder for many."
)
@click.option("--prompts", type=click.Path(path_type=Path), help="File: one picture a line.")
@click.option("--strength", default=1.0, show_default=True, help="How much sound counts, 0 to 2.")
@click.option(
    "--text-scale", type=float, help="Guidance towards the words.  [default: 4.5 for pocket]"
)
@click.option(
    "--audio-scale",
    type=float,
    help="Guidance towards the sound.  [default: 3 for pocket, 4.5 alone]",
)
@click.option("--steps", type=int, help="Predictions a picture takes.  [default: 12 for pocket]")
@click.option(
    "--shift", type=float, help="Above 1: more steps in the noise.  [default: 4 for pocket]"
)
@click.option("--schedule", default="smooth", show_default=True, help="smooth, hard or all.")
@click.option("--size", type=int, help="Side in pixels, up to 1024.  [default: 128 for pocket]")
@best_of_option("Paint so many, with seeds in a row; keep the nearest to words and sound.")
@click.option("--model", default="pocket", show_default=True, help="pocket, or a model folder.")
@click.option("--audio-encoder", help="Folder of a CLAP model, with a full-size --model.")
@seed_option
@force_option
@json_option
@quiet_option
def command(
    inputs: tuple[str, ...],
    output: Path | None,
    prompts: Path | None,
    model: str,
    audio_encoder: str | None,
    strength: float,
    best_of: int,
    seed: int,
    force: bool,
    as_json: bool,
    quiet: bool,
    **settings: Any,
) -> None:
    """Paint pictures from sounds, words or both.

    INPUTS are sound files, folders of them, and words; an input that is neither a file nor a folder
    is words. One sound gives one picture, several or a folder give a folder of pictures, with a
    manifest of what was made.
    """
    from sonolume.cli._paint_inputs import check_targets, plan

    tasks, folder = plan(inputs, prompts, output)
    check_targets(tasks, force=force)
    from sonolume.pipelines import load
    from sonolume.pipelines.paint.settings import make_settings, usual_settings

    table = {key: value for key, value in settings.items() if value is not None}
    make_settings(table)  # refuses a value out of range before the models load
    pipeline = load("paint", model=model, audio_encoder=audio_encoder)
    chosen = usual_settings(pipeline.parts, table)
    made = []
    for task in _with_progress(tasks, quiet or as_json):
        begun = time.monotonic()
        request = pipeline.request(task.sound, task.words, strength=strength, seed=seed)
        picture = pipeline.paint_best(request, task.sound, chosen, best_of)
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)
        picture.save(task.target, force=force)
        seconds = round(time.monotonic() - begun, 2)
        made.append({"output": str(task.target), **task.told(), "seconds": seconds})
    if folder is not None:
        _write_manifest(folder, made)
    lines = [f"{row['output']}  ({row['seconds']:.2f} s)" for row in made]
    report({"job": "paint", "pictures": made}, lines, as_json=as_json, quiet=quiet)


def _with_progress(tasks: list[Task], quiet: bool) -> Iterator[Task]:
    """The tasks, behind a progress bar when there are several."""
    if quiet or len(tasks) < 2:
        yield from tasks
        return
    from rich.console import Console
    from rich.progress import track

    yield from track(tasks, description="painting", console=Console(stderr=True))


def _write_manifest(folder: Path, made: list[dict[str, Any]]) -> None:
    from sonolume.media import atomic_path

    with atomic_path(folder / "manifest.json", force=True) as page:
        page.write_text(json.dumps(made, indent=1, ensure_ascii=False) + "\n", "utf-8")
