"""Readers of the WebDataset shards that hold labelled sounds and photos.

Layout: `FOLDER/sounds/sounds-*.tar` with `KEY.opus` + `KEY.json`, and
`FOLDER/pictures/pictures-*.tar.gz` with `KEY.webp` + `KEY.json`. Items come sorted by key.
"""

import io
import json
import tarfile
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray
from PIL import Image

from sonolume.errors import DataError

RATE = 16_000
SIDE = 128

Kind = Literal["sounds", "pictures"]
_SUFFIX: Final[dict[Kind, str]] = {"sounds": ".opus", "pictures": ".webp"}
_REQUIRED: Final = ("key", "concept", "split", "group", "licence")


@dataclass(frozen=True)
class Clip:
    """A labelled sound: `samples` is float32 [n], mono, within -1..1, 16 kHz unless asked for."""

    key: str
    concept: str
    split: str
    group: str
    licence: str
    samples: NDArray[np.float32]


@dataclass(frozen=True)
class Photo:
    """A labelled photo: `pixels` is uint8 [128, 128, 3]; 64-px originals are enlarged."""

    key: str
    concept: str | None
    weak_concept: str | None
    tags: tuple[str, ...]
    captions: tuple[str, ...]
    split: str
    group: str
    licence: str
    low_res: bool
    synthetic_possible: bool
    pixels: NDArray[np.uint8]


@dataclass(frozen=True)
class Label:
    """What is said of a sound or a photo, without the thing itself."""

    key: str
    concept: str | None
    split: str
    licence: str


def read_labels(folder: Path, kind: Kind) -> Iterator[Label]:
    """The labels of all clips or photos under `folder`, sorted by key; nothing is decoded.

    Raises DataError when the folder holds no shard or a shard cannot be read.
    """
    for fields, _ in _members(folder, kind, None, None):
        yield Label(fields["key"], fields["concept"], fields["split"], fields["licence"])


def read_sounds(
    folder: Path,
    split: str | None = None,
    *,
    licences: Collection[str] | None = None,
    rate: int = RATE,
) -> Iterator[Clip]:
    """The clips under `folder/sounds`, of one split ("train", "validation", ...) or of all.

    `licences` are the codes of the licences that are wanted, None all. `rate` is in Hz. Raises
    DataError when the folder holds no shard, or a shard or a clip cannot be read.
    """
    for fields, blob in _members(folder, "sounds", split, licences):
        yield Clip(
            key=fields["key"],
            concept=fields["concept"],
            split=fields["split"],
            group=fields["group"],
            licence=fields["licence"],
            samples=_decode_sound(blob, rate, fields["key"]),
        )


def read_photos(
    folder: Path, split: str | None = None, *, licences: Collection[str] | None = None
) -> Iterator[Photo]:
    """The photos under `folder/pictures`, of one split or of all.

    `licences` are the codes of the licences that are wanted, None all. Raises DataError when the
    folder holds no shard, or a shard or a photo cannot be read.
    """
    retagged = _retagged(folder / "pictures")
    for fields, blob in _members(folder, "pictures", split, licences):
        tags, weak = tuple(fields.get("tags", ())), fields.get("weak_concept")
        if fields["key"] in retagged:
            tags, weak = (*tags, "storm"), weak or "thunder"
        yield Photo(
            key=fields["key"],
            concept=fields["concept"],
            weak_concept=weak,
            tags=tags,
            captions=tuple(fields.get("captions", ())),
            split=fields["split"],
            group=fields["group"],
            licence=fields["licence"],
            low_res=bool(fields.get("low_res")),
            synthetic_possible=bool(fields.get("synthetic_possible")),
            pixels=_decode_photo(blob, fields["key"]),
        )


def _shards(folder: Path, pattern: str) -> list[Path]:
    found = sorted(folder.glob(pattern))
    if not found:
        raise DataError(f"{folder}: no shard {pattern} there; give the folder that holds it")
    return found


def _members(
    folder: Path, kind: Kind, split: str | None, licences: Collection[str] | None
) -> Iterator[tuple[dict[str, Any], bytes]]:
    """Fields and content of the items that are wanted, sorted by key."""
    items: list[tuple[dict[str, Any], bytes]] = []
    for shard in _shards(folder / kind, f"{kind}-*.tar*"):
        items += [
            item
            for item in _read_shard(shard, _SUFFIX[kind])
            if split in (None, item[0]["split"])
            and (licences is None or item[0]["licence"] in licences)
        ]
    yield from sorted(items, key=lambda item: str(item[0]["key"]))


def _read_shard(shard: Path, suffix: str) -> list[tuple[dict[str, Any], bytes]]:
    blobs: dict[str, bytes] = {}
    fields: dict[str, dict[str, Any]] = {}
    try:
        with tarfile.open(shard, "r:*") as archive:
            for member in archive:
                stem, dot, ending = member.name.rpartition(".")
                handle = archive.extractfile(member)
                if handle is None:
                    continue
                if dot + ending == suffix:
                    blobs[stem] = handle.read()
                elif ending == "json":
                    fields[stem] = json.load(handle)
    except (tarfile.TarError, OSError, EOFError, ValueError) as error:
        raise DataError(f"{shard}: unreadable shard ({error}); fetch it again") from error
    for stem, row in fields.items():
        lacking = [name for name in _REQUIRED if name not in row]
        if lacking:
            raise DataError(f"{shard}: {stem}.json says nothing of {', '.join(lacking)}; add it")
    return [(row, blobs[stem]) for stem, row in fields.items() if stem in blobs]


def _retagged(folder: Path) -> frozenset[str]:
    """Keys of photos that turned out to show storm clouds after the shards were made."""
    page = folder / "retag-storm.json"
    if not page.exists():
        return frozenset()
    content = json.loads(page.read_text("utf-8"))
    return frozenset(content["keys"] if isinstance(content, dict) else content)


def _decode_sound(blob: bytes, wanted: int, key: str) -> NDArray[np.float32]:
    try:
        samples, rate = soundfile.read(io.BytesIO(blob), dtype="float32", always_2d=True)
    except soundfile.SoundFileError as error:
        raise DataError(f"{key}.opus: unreadable sound ({error}); make the shard again") from error
    mono = samples.mean(axis=1)
    resampled: NDArray[np.float32] = soxr.resample(mono, rate, wanted, quality="HQ")
    return np.clip(resampled, -1.0, 1.0).astype(np.float32)


def _decode_photo(blob: bytes, key: str) -> NDArray[np.uint8]:
    try:
        picture = Image.open(io.BytesIO(blob)).convert("RGB")
    except (OSError, ValueError) as error:
        raise DataError(f"{key}.webp: unreadable photo ({error}); make the shard again") from error
    if picture.size != (SIDE, SIDE):
        picture = picture.resize((SIDE, SIDE), Image.Resampling.BICUBIC)
    return np.asarray(picture, dtype=np.uint8)
