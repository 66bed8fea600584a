"""``sonolume describe``: a sound or a picture → keywords, caption, timeline."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from sonolume.cli._options import force_option, json_option, quiet_option
from sonolume.errors import OptionError, SonolumeError

if TYPE_CHECKING:
    from sonolume.cli._describe_inputs import Job
    from sonolume.pipelines.describe.description import Description
    from sonolume.pipelines.describe.pipeline import DescribePipeline
    from sonolume.pipelines.describe.word_lists import WordList

__all__ = ["command"]

FILE = click.Path(path_type=Path)


@click.command
@click.argument("inputs", nargs=-1, required=True, type=FILE)
@click.option("-o", "--output", type=FILE, help="File, or folder for many; else the terminal.")
@click.option(
    "--format",
    "as_format",
    type=click.Choice(["json", "srt", "vtt", "txt"]),
    help="What is written.  [default: by the suffix of -o]",
)
@click.option("--plot", type=FILE, help="Draw the sound, or picture, with the words on it.")
@click.option("--list", "lists", multiple=True, help="A word list by name; may be repeated.")
@click.option("--words", multiple=True, type=FILE, help="A word list of your own, one term a line.")
@click.option("--top", default=5, show_default=True, help="Terms of each list.")
@click.option("--threshold", default=0.0, show_default=True, help="Least probability of a term.")
@click.option("--no-caption", is_flag=True, help="Keywords alone.")
@click.option("--model", default="pocket", show_default=True, help="pocket, CLIP, or a tagger.")
@click.option("--audio-encoder", help="Folder or name of a CLAP model, with a CLIP --model.")
@click.option("--captioner", help="ClipCap file, BLIP or the like: captions for pictures.")
@force_option
@json_option
@quiet_option
def command(
    inputs: tuple[Path, ...],
    output: Path | None,
    as_format: str | None,
    plot: Path | None,
    lists: tuple[str, ...],
    words: tuple[Path, ...],
    top: int,
    threshold: float,
    no_caption: bool,
    model: str,
    audio_encoder: str | None,
    captioner: str | None,
    force: bool,
    as_json: bool,
    quiet: bool,
) -> int:
    """Say what is heard in sounds or seen in pictures.

    INPUTS are files and folders; what a file is, its content decides. A sound has a timeline of
    any length. With several files, one that cannot be read is named and the others go on.
    """
    from sonolume.cli._describe_inputs import plan

    job = plan(inputs, output, as_format, plot, as_json=as_json, force=force)
    from sonolume.pipelines.describe.pipeline import DescribeSettings

    DescribeSettings(top, threshold)  # refuses a value out of range before the models load
    own = _read(words)
    if captioner is not None and no_caption:
        raise OptionError("--captioner and --no-caption: leave one of them out")
    pipeline = _load(model, audio_encoder, captioner)
    chosen = pipeline.word_lists([*lists, *own])
    options = {"lists": chosen, "top": top, "threshold": threshold, "captions": not no_caption}
    return _describe_all(pipeline, job, options, quiet=quiet)


def _read(pages: tuple[Path, ...]) -> list[WordList]:
    from sonolume.pipelines.describe.word_lists import read_list

    return [read_list(page) for page in pages]


def _load(model: str, audio_encoder: str | None, captioner: str | None) -> DescribePipeline:
    from sonolume.pipelines import load

    return load("describe", model=model, audio_encoder=audio_encoder, captioner=captioner)


def _describe_all(
    pipeline: DescribePipeline, job: Job, options: dict[str, Any], *, quiet: bool
) -> int:
    """Describe every file; returns the exit code."""
    code = 0
    with job.writer(quiet=quiet) as write:
        for path in job.files:
            try:
                with _progress(path, quiet=quiet or job.as_json) as progress:
                    described = pipeline(path, progress=progress, **options)
                write(described)
                _plot(job, described, path, quiet=quiet)
            except SonolumeError as error:
                if len(job.files) == 1:
                    raise
                click.echo(f"sonolume: {error}", err=True)
                code = error.exit_code
    return code


def _plot(job: Job, described: Description, path: Path, *, quiet: bool) -> None:
    if job.plot is None:
        return
    from sonolume.pipelines.describe.plot import plot

    plot(described, path, job.plot, force=job.force)
    if not quiet and not job.as_json:
        click.echo(f"written: {job.plot}")


@contextmanager
def _progress(path: Path, *, quiet: bool) -> Iterator[Callable[[float], None]]:
    """A bar with time left, which a sound of a few seconds never shows for long."""
    from rich.console import Console
    from rich.markup import escape
    from rich.progress import Progress, TimeRemainingColumn

    console = Console(stderr=True)
    hidden = quiet or not console.is_terminal
    columns = (*Progress.get_default_columns()[:-1], TimeRemainingColumn())
    with Progress(*columns, console=console, disable=hidden, transient=True) as bar:
        task = bar.add_task(escape(path.name), total=None if hidden else _seconds(path))
        yield lambda seconds: bar.update(task, completed=seconds)


def _seconds(path: Path) -> float | None:
    """Length of a sound by its header; None where it has none."""
    from sonolume.media.sound_file import open_sound

    try:
        with open_sound(path) as sound:
            return float(sound.frames / sound.samplerate)
    except SonolumeError:
        return None  # a picture; or the description will say what is wrong
