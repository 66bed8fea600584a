"""Where the pictures of ``sonolume guide`` go: one file or a folder, previews, an animation."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sonolume.errors import OptionError

if TYPE_CHECKING:
    from sonolume.media import Picture
    from sonolume.pipelines.guide.pipeline import Preview

SINGLE, FOLDER, GRID, MANIFEST = Path("guided.png"), Path("guided"), "grid.png", "manifest.json"
SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".webp"})
GRID_COLUMNS = 8


@dataclass(frozen=True)
class Outputs:
    """`targets` in the order of seeds; several lie in `folder`, with a grid and a manifest.

    The estimate after every `every` steps (0: none) goes into a folder named after its picture,
    with its caption in a text file beside them; `films` are suffixes of animations made of them.
    """

    targets: tuple[Path, ...]
    folder: Path | None
    every: int = 0
    films: tuple[str, ...] = ()

    def check(self, *, force: bool) -> None:
        """Refuse before the work what would be refused after it."""
        beside = [self.folder / GRID, self.folder / MANIFEST] if self.folder else []
        moving = [target.with_suffix(film) for film in self.films for target in self.targets]
        folders = [_previews(target) for target in self.targets] if self.every else []
        for path in (*self.targets, *beside, *moving, *folders):
            if path.exists() and not force:
                raise OptionError(f"{path} exists; --force replaces it, -o gives another name")
        parent = self.targets[0].parent
        if self.folder is None and not parent.is_dir():
            raise OptionError(f"{self.targets[0]}: the folder {parent} does not exist; make it")
        for path in folders:
            if path.exists() and not path.is_dir():
                raise OptionError(f"{path} is a file, and the previews need a folder of that name")

    def save(self, picture: Picture, target: Path, *, force: bool) -> None:
        if self.folder is not None:
            self.folder.mkdir(parents=True, exist_ok=True)
        picture.save(target, force=force)

    def save_grid(self, pictures: list[Picture], *, force: bool) -> None:
        if self.folder is None:
            return
        from sonolume.media.grid import grid

        columns = min(len(pictures), GRID_COLUMNS)
        grid(pictures, columns=columns).save(self.folder / GRID, force=force)

    def save_manifest(self, result: Mapping[str, Any], *, force: bool) -> None:
        if self.folder is not None:
            _write(self.folder / MANIFEST, json.dumps(result, indent=1, ensure_ascii=False), force)

    @contextmanager
    def previews_of(self, target: Path, *, force: bool) -> Iterator[Callable[[Preview], None]]:
        """What keeps the previews of a picture; its animation is written at the end."""
        seen: list[Preview] = []

        def keep(preview: Preview) -> None:
            seen.append(preview)
            folder = _previews(target)
            folder.mkdir(parents=True, exist_ok=True)
            preview.picture.save(folder / f"{preview.step:04d}.png", force=force)

        yield keep
        captions = [f"{preview.step}\t{preview.caption}" for preview in seen if preview.caption]
        if captions:
            _write(_previews(target) / "captions.txt", "\n".join(captions), force)
        for film in self.films:
            from sonolume.media.animation import save_animation

            shown = [preview.picture for preview in seen]
            save_animation(shown, target.with_suffix(film), force=force)


def plan(
    output: Path | None, count: int, previews: int | None, films: tuple[str, ...] = ()
) -> Outputs:
    """Raises OptionError for contradictory options."""
    if films and previews is None:
        raise OptionError(f"--{films[0][1:]} shows the previews: give --previews N with it")
    many = count > 1 or (output is not None and (output.is_dir() or not output.suffix))
    if not many:
        target = output or SINGLE
        if target.suffix.lower() not in SUFFIXES:
            known = ", ".join(sorted(SUFFIXES))
            raise OptionError(f"{target}: a picture ends in one of {known}")
        return Outputs((target,), None, previews or 0, films)
    folder = output or FOLDER
    if folder.suffix.lower() in SUFFIXES:
        raise OptionError(f"{folder}: several pictures need a folder; give -o FOLDER/")
    if folder.exists() and not folder.is_dir():
        raise OptionError(f"{folder} is a file; give -o FOLDER/")
    targets = tuple(folder / f"{number:04d}.png" for number in range(1, count + 1))
    return Outputs(targets, folder, previews or 0, films)


def _previews(target: Path) -> Path:
    return target.with_name(f"{target.stem}-previews")


def _write(path: Path, text: str, force: bool) -> None:
    from sonolume.media import atomic_path

    with atomic_path(path, force=force) as page:
        page.write_text(text + "\n", "utf-8")
