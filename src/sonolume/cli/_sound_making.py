"""What the commands that make sounds share: who plays what, targets, progress."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from sonolume.errors import OptionError

if TYPE_CHECKING:
    from sonolume.pipelines.play.timbre import Timbre

__all__ = ["check_kinds", "check_targets", "load_timbre", "read_mapping", "steps"]

KITS = ("", ".sf2", ".sfz")


def read_mapping(given: tuple[str, ...]) -> dict[str, str]:
    """``drums=footsteps,bass=water`` as a table. Raises OptionError for anything else."""
    found: dict[str, str] = {}
    for pair in ",".join(given).split(",") if given else ():
        role, equals, name = (part.strip() for part in pair.partition("="))
        if not (role and equals and name):
            raise OptionError(f"--map {pair!r}: expected ROLE=SOURCE, such as drums=footsteps")
        found[role] = name
    return found


def load_timbre(path: Path | None, *, trust: bool) -> Timbre | None:
    """The model of ``--timbre``. Raises OptionError without ``--trust``, or with it alone."""
    if path is None:
        if trust:
            raise OptionError("--trust is for --timbre; leave it out")
        return None
    from sonolume.pipelines.play.timbre import Timbre

    return Timbre.load(path, trust=trust)


def check_targets(targets: Iterable[Path | None], *, force: bool) -> None:
    """Refuse before the work what would be refused after it."""
    for target in targets:
        if target is None:
            continue
        if target.exists() and not force:
            raise OptionError(f"{target} exists; --force replaces it, or choose another name")
        if not target.absolute().parent.is_dir():
            raise OptionError(f"{target}: the folder {target.parent} does not exist; make it")


def check_kinds(music: Path | None, kit: Path | None) -> None:
    """Refuse suffixes that nothing can be written as."""
    from sonolume.media.sound_file import container_for

    if music is not None:
        container_for(music)
    if kit is not None and kit.suffix.lower() not in KITS:
        raise OptionError(f"{kit}: a kit cannot be saved as '{kit.suffix}'; use .sf2 or .sfz")


@contextmanager
def steps(*, quiet: bool) -> Iterator[Callable[[str], None]]:
    """What shows the step that is being done."""
    if quiet:
        yield lambda _: None
        return
    from rich.console import Console

    with Console(stderr=True).status("loading") as status:
        yield status.update
