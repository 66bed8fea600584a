"""Stretches of sounds that effects are tried on, in parts that share no recording."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from sonolume.data.licences import COMMERCIAL
from sonolume.data.shards import read_sounds
from sonolume.errors import DataError
from sonolume.media import Audio
from sonolume.pipelines.play.sounds_folder import SUFFIXES
from sonolume.signal.mel import RATE
from sonolume.signal.windows import QUIETEST, normalise_level, repeat_to

__all__ = ["FRAMES", "PARTS", "Stretches", "read_remixes", "read_split", "read_stretches"]

SECONDS: Final = 4
TAIL: Final = 1  # second of silence, into which an effect rings on
FRAMES: Final = (SECONDS + TAIL) * RATE
MOST: Final = 8  # stretches of a file

PARTS: Final = ("train", "tune", "held")
"""Networks are trained on the first, thresholds fitted on the second, figures told of the third."""


@dataclass(frozen=True, eq=False)
class Stretches:
    """Sounds [N, FRAMES] float32 at 16 kHz, of one level, silent in their last second.

    `groups` [N] names the recording of each, `parts` [N] its place in `PARTS`; a group is in one
    part.
    """

    samples: NDArray[np.float32]
    groups: tuple[str, ...]
    parts: NDArray[np.int8]


def read_stretches(folder: Path, *, commercial: bool = False) -> Stretches:
    """Of the shards in `folder/sounds` a stretch a clip, else of each sound file in `folder`.

    Clips of the split train are divided by their group, one group in ten for tuning; those of all
    other splits are held. Files are a group each, or, inside a folder of `folder`, that folder is:
    an album, a record, takes of one song. A tenth of the groups is held, a tenth for tuning.
    `commercial` leaves out clips whose licence does not permit it; files are their owner's.

    Raises DataError where there are no sounds, or a part gets none.
    """
    if (folder / "sounds").is_dir():
        clips = read_sounds(folder, licences=COMMERCIAL if commercial else None)
        rows = [(_stretch(c.samples), c.group, _part_of_clip(c.split, c.group)) for c in clips]
    else:
        files = list(_files(folder))
        parts = _divided({group for _, group in files})
        rows = [
            (stretch, group, parts[group]) for path, group in files for stretch in _cut(_mono(path))
        ]
    return _table(folder, rows)


def read_split(folder: Path, split: str) -> Stretches:
    """The clips of one split of the shards in `folder/sounds`, all held.

    Raises DataError where there are none.
    """
    clips = read_sounds(folder, split)
    rows = [(_stretch(c.samples), c.group, PARTS.index("held")) for c in clips]
    return _table(folder, rows, every=False)


def read_remixes(folder: Path) -> tuple[Stretches, NDArray[np.float32]]:
    """Pairs that others made: `folder/original/NAME.*` and `folder/remix/NAME.*`, as they align.

    Returns the originals and, row by row, the remixes [N, FRAMES]. Raises DataError where an
    original has no remix of its name, or as `read_stretches`.
    """
    befores, afters = [], []
    files = list(_files(folder / "original"))
    parts = _divided({group for _, group in files})
    for path, group in files:
        found = sorted((folder / "remix").glob(f"{path.stem}.*"))
        if len(found) != 1:
            raise DataError(f"{path}: {len(found)} files {path.stem}.* in remix/; expected one")
        first, second = _mono(path), _mono(found[0])
        length = min(len(first), len(second))
        for before, after in zip(_cut(first[:length]), _cut(second[:length]), strict=True):
            # A pause says nothing of what was done.
            if np.abs(before).max() <= QUIETEST:
                continue
            befores.append((before, group, parts[group]))
            afters.append(after)
    return _table(folder, befores, every=False), np.stack(afters)


def _table(
    folder: Path, rows: Sequence[tuple[NDArray[np.float32], str, int]], *, every: bool = True
) -> Stretches:
    heard = [row for row in rows if np.abs(row[0]).max() > QUIETEST]
    parts = np.array([part for _, _, part in heard], np.int8)
    for place, name in enumerate(PARTS if every else ()):
        if not (parts == place).any():
            raise DataError(f"{folder}: no sounds for the part {name}; give more recordings")
    if not heard:
        raise DataError(f"{folder}: no sounds there")
    samples = np.stack([samples for samples, _, _ in heard])
    return Stretches(samples, tuple(group for _, group, _ in heard), parts)


def _part_of_clip(split: str, group: str) -> int:
    return int(_hashed(group) == 0) if split == "train" else PARTS.index("held")


def _divided(groups: set[str]) -> dict[str, int]:
    """The part of each, in the order of their hashes; at least one is held and one for tuning, as
    long as there are three."""
    order = sorted(groups, key=lambda group: (_hashed(group, 2**64), group))
    count = max(1, len(order) // 10) if len(order) >= len(PARTS) else 0
    placed = [2] * count + [1] * count
    return dict(zip(order, [*placed, *[0] * (len(order) - len(placed))], strict=True))


def _hashed(group: str, below: int = 10) -> int:
    """0 to `below`, whatever the machine."""
    return int.from_bytes(hashlib.sha256(group.encode()).digest()[:8], "big") % below


def _files(folder: Path) -> Iterator[tuple[Path, str]]:
    """Sound files below the folder, and the group of each."""
    if not folder.is_dir():
        raise DataError(f"{folder}: no such folder; give one that holds sounds")
    for path in sorted(folder.rglob("*")):
        if path.suffix.lower() in SUFFIXES and path.is_file():
            inside = path.relative_to(folder)
            yield path, inside.parts[0] if len(inside.parts) > 1 else inside.stem


def _mono(path: Path) -> NDArray[np.float32]:
    samples: NDArray[np.float32] = Audio.read(path).mono().resample(RATE).samples[0]
    return samples


def _cut(samples: NDArray[np.float32]) -> list[NDArray[np.float32]]:
    """Up to eight stretches at even distances, none overlapping."""
    size = SECONDS * RATE
    count = min(MOST, max(1, len(samples) // size))
    starts = np.linspace(0, max(0, len(samples) - size), count).astype(int)
    return [_stretch(samples[start : start + size]) for start in starts]


def _stretch(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    """Short sounds are repeated, so that a pause is no cue."""
    level = normalise_level(repeat_to(samples, SECONDS * RATE))
    return np.pad(level, (0, TAIL * RATE))
