"""Stems on the disk: one file for each track, which add up to what the limiter is given."""

from __future__ import annotations

import re
from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sonolume.errors import OptionError
from sonolume.media.sound_stream_writer import sound_writer

__all__ = ["stem_names", "write_stems"]

LONGEST: Final = 40


def stem_names(titles: Iterable[str], roles: Iterable[str]) -> list[str]:
    """File names that sort as the tracks do: ``01-bass.wav``; a track without a name that can be
    written is called by its role."""
    names = []
    for number, (title, role) in enumerate(zip(titles, roles, strict=True), 1):
        plain = re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")[:LONGEST].strip("-")
        names.append(f"{number:02d}-{plain or role}.wav")
    return names


def write_stems(
    folder: Path,
    names: list[str],
    blocks: Iterable[NDArray[np.float32]],
    rate: int,
    *,
    force: bool = False,
) -> list[Path]:
    """Write blocks [tracks, 2, n] as one 32-bit float WAV a track, all of them or none.

    Raises OptionError for a folder that cannot be made, or an existing file without ``force``.
    """
    new = _make(folder)
    paths = [folder / name for name in names]
    try:
        with ExitStack() as stack:
            writers = [
                stack.enter_context(sound_writer(path, rate, floats=True, force=force))
                for path in paths
            ]
            for block in blocks:
                for write, stem in zip(writers, block, strict=True):
                    write(stem)
    except BaseException:
        if new and not any(folder.iterdir()):
            folder.rmdir()
        raise
    return paths


def _make(folder: Path) -> bool:
    """Whether the folder was made; it may be there already."""
    try:
        new = not folder.exists()
        folder.mkdir(exist_ok=True)
    except (OSError, ValueError) as error:
        said = (error.strerror if isinstance(error, OSError) else None) or str(error)
        raise OptionError(f"{folder} cannot be made ({said}); choose another folder") from error
    return new
