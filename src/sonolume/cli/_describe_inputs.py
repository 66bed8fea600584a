"""What `sonolume describe` reads, and where its words go."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import click

from sonolume.cli._paint_inputs import SOUNDS
from sonolume.errors import MediaError, OptionError

if TYPE_CHECKING:
    from sonolume.pipelines.describe.description import Description
    from sonolume.pipelines.describe.telling import Format

PICTURES = frozenset(
    {".png", ".jpg", ".jpeg", ".webp", ".gif", ".bmp", ".tif", ".tiff", ".ppm", ".avif"}
)
SUFFIXES = {".json": "json", ".jsonl": "json", ".srt": "srt", ".vtt": "vtt", ".txt": "txt"}
Write = Callable[["Description"], None]


@dataclass(frozen=True)
class Job:
    """Files to describe, and what is made of them.

    `targets` are one file for each input, or one for all of them, or none: the terminal.
    """

    files: tuple[Path, ...]
    targets: tuple[Path, ...]
    format: str | None
    plot: Path | None
    as_json: bool
    force: bool

    @contextmanager
    def writer(self, *, quiet: bool) -> Iterator[Write]:
        """What takes the descriptions in the order of the files; files appear whole or not."""
        from sonolume.pipelines.describe.telling import tell

        with ExitStack() as stack:
            joined = self._joined(stack) if self._together else None
            names = dict(zip(map(str, self.files), self.targets, strict=False))

            def write(described: Description) -> None:
                if self.as_json:
                    click.echo(tell(described, "json"), nl=False)
                if joined is not None:
                    joined.write(self._told(described))
                elif self.targets:
                    self._save(names[str(described.file)], self._told(described))
                elif self.format is not None:
                    click.echo(self._told(described), nl=False)
                elif not self.as_json and not quiet:
                    _show(described)

            yield write
        if not quiet and not self.as_json:
            for target in self.targets:
                if target.exists():
                    click.echo(f"written: {target}")

    @property
    def _together(self) -> bool:
        return len(self.targets) == 1

    def _told(self, described: Description) -> str:
        from sonolume.pipelines.describe.telling import tell

        return tell(described, cast("Format", self.format))

    def _joined(self, stack: ExitStack) -> Any:
        from sonolume.media import atomic_path

        page = stack.enter_context(atomic_path(self.targets[0], force=self.force))
        return stack.enter_context(page.open("w", encoding="utf-8", newline="\n"))

    def _save(self, target: Path, text: str) -> None:
        from sonolume.media import atomic_path

        target.parent.mkdir(parents=True, exist_ok=True)
        with atomic_path(target, force=self.force) as page:
            page.write_text(text, "utf-8", newline="\n")


def plan(
    inputs: tuple[Path, ...],
    output: Path | None,
    wanted: str | None,
    plot: Path | None,
    *,
    as_json: bool,
    force: bool,
) -> Job:
    """The files to describe and where to.

    Raises OptionError for contradictory options and targets that exist, MediaError for folders
    without a sound or a picture.
    """
    files, several = _files(inputs)
    if wanted is None and output is not None:
        wanted = SUFFIXES.get(output.suffix.lower())
        if wanted is None:
            raise OptionError(f"{output}: give --format, or one of the suffixes {_known()}")
    if output is None and wanted not in (None, "json") and (several or as_json):
        other = "several files" if several else "--json"
        raise OptionError(f"--format {wanted} and {other}: give -o, a place to write to")
    if plot is not None:
        _check_plot(plot, several, force=force)
    targets = _targets(files, output, wanted, several)
    for target in targets:
        if target.exists() and not force:
            raise OptionError(f"{target} exists; --force replaces it, -o gives another name")
    # One way of asking for JSON on the terminal.
    as_json = as_json or (wanted == "json" and output is None)
    shown = None if output is None and wanted == "json" else wanted
    return Job(tuple(files), targets, shown, plot, as_json, force)


def _files(inputs: tuple[Path, ...]) -> tuple[list[Path], bool]:
    """Files in the order they were named, and whether there can be more than one."""
    files: list[Path] = []
    for path in inputs:
        files += _in_folder(path) if _is_folder(path) else [path]
    files = list(dict.fromkeys(files))
    return files, len(files) > 1 or any(map(_is_folder, inputs))


def _is_folder(path: Path) -> bool:
    """Whether a folder is there; a name too long or odd for a path is none."""
    try:
        return path.is_dir()
    except (OSError, ValueError):
        return False


def _in_folder(folder: Path) -> list[Path]:
    wanted = SOUNDS | PICTURES
    found = sorted(p for p in folder.iterdir() if p.suffix.lower() in wanted and p.is_file())
    if not found:
        raise MediaError(f"{folder}: neither sounds nor pictures in this folder; give another")
    return found


def _targets(
    files: list[Path], output: Path | None, wanted: str | None, several: bool
) -> tuple[Path, ...]:
    if output is None:
        return ()
    folder = output.is_dir() or (several and not output.suffix)
    if not folder:
        if several and wanted != "json":
            raise OptionError(f"{output}: several {wanted} files need a folder; give one to -o")
        return (output,)
    names = Counter(path.stem for path in files)
    stems = [path.stem if names[path.stem] == 1 else path.name for path in files]
    if len(set(stems)) < len(stems):
        raise OptionError("two inputs have the same name; describe their folders one by one")
    return tuple(output / f"{stem}.{wanted}" for stem in stems)


def _check_plot(plot: Path, several: bool, *, force: bool) -> None:
    from sonolume.pipelines.describe.plot import check_plot

    if several:
        raise OptionError("--plot draws one file; several were given")
    if plot.exists() and not force:
        raise OptionError(f"{plot} exists; --force replaces it")
    check_plot(plot)


def _known() -> str:
    return ", ".join(SUFFIXES)


def _show(described: Description) -> None:
    """For people: a table where there is a terminal, else plain lines."""
    from sonolume.pipelines.describe.telling import clock, lines, shares

    if not sys.stdout.isatty():
        for line in lines(described):
            click.echo(line)
        return
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    console = Console()
    console.print(f"[bold]{escape(str(described.file))}[/]  {described.kind}")
    if described.caption:
        console.print(f"  {escape(described.caption)}")
    console.print(f"  {escape(shares(described.keywords))}")
    if len(described.timeline) > 1:
        table = Table("from", "to", "caption", "keywords", box=None, pad_edge=True)
        for part in described.timeline:
            times = clock(part.start), clock(part.end)
            table.add_row(*times, escape(part.caption or ""), escape(shares(part.keywords)))
        console.print(table)
