"""Features of frozen teachers for all clips and photos, computed once."""

import zipfile
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from sonolume.data.shards import Kind, read_labels, read_photos, read_sounds
from sonolume.errors import DataError, OptionError
from sonolume.media.atomic import atomic_path
from sonolume.models.teachers import enlarge, load_teacher
from sonolume.models.teachers.audioset import RATE as TEACHER_RATE
from sonolume.models.teachers.pixels import five_crops

Row = tuple[str, NDArray[np.float16]]
Progress = Callable[[str, int, int], None]

SHORTEST: Final = TEACHER_RATE // 2  # samples that a clip is repeated to
BATCH: Final = 8  # pictures that go through the teacher together: 40 take 2.5 times as long each
CROP_SIDE: Final = 160  # five sevenths of a photo, as much enlarged as the whole is to 224 px
SAVE_EVERY: Final = 500  # items


@dataclass(frozen=True)
class FeatureFile:
    """`NAME.npz` holds `keys` [N] and, under the name `array`, features [N, ..., width] in fp16."""

    name: str
    array: str
    kind: Kind
    rows: Callable[[Path, Path, Collection[str]], Iterator[Row]]


def write_features(
    data: Path, teachers: Path, out: Path, progress: Progress, *, crops: bool = False
) -> dict[str, int]:
    """Write `audioset.npz` (keys, features) and `mobilenet_v2.npz` (keys, pooled) into `out`.

    With `crops` also `mobilenet_v2_crops.npz` (keys, pooled [N, 5, 1280]), of the `five_crops`.

    Only for the kinds that `data` holds. What a file already has, or a call that was cut short has
    left in `NAME.part.npz`, is not computed again. `progress(name, done, total)` is told of every
    item. Returns the number of items in each file.

    Raises DataError and ModelError for data and teachers that cannot be read, OptionError when
    `out` cannot be written.
    """
    files = (*FILES, CROPS) if crops else FILES
    wanted = [file for file in files if (data / file.kind).is_dir()]
    if not wanted:
        raise DataError(f"{data}: neither sounds/ nor pictures/ there; give the folder of the data")
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OptionError(f"{out} cannot be written ({error.strerror})") from error
    return {file.name: _complete(file, data, teachers, out, progress) for file in wanted}


def _complete(file: FeatureFile, data: Path, teachers: Path, out: Path, progress: Progress) -> int:
    whole, part = out / f"{file.name}.npz", out / f"{file.name}.part.npz"
    known = _read(whole, file.array) | _read(part, file.array)
    wanted = {label.key for label in read_labels(data, file.kind)}
    done = len(wanted & known.keys())
    progress(file.name, done, len(wanted))
    if done < len(wanted):
        for key, row in file.rows(data, teachers, known.keys()):
            known[key] = row
            done += 1
            progress(file.name, done, len(wanted))
            if done % SAVE_EVERY == 0:
                _save(part, file.array, known)
        _save(whole, file.array, known)
    part.unlink(missing_ok=True)
    return len(known)


def _read(path: Path, array: str) -> dict[str, NDArray[np.float16]]:
    if not path.exists():
        return {}
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as table:
            return dict(zip(map(str, table["keys"]), table[array].astype(np.float16), strict=True))
    except (OSError, EOFError, KeyError, ValueError, zipfile.BadZipFile) as error:
        raise DataError(f"{path}: unreadable features ({error}); remove the file") from error


def _save(path: Path, array: str, known: dict[str, NDArray[np.float16]]) -> None:
    keys = sorted(known)
    arrays: dict[str, Any] = {"keys": np.array(keys), array: np.stack([known[k] for k in keys])}
    with atomic_path(path, force=True) as temporary:
        np.savez(temporary, **arrays)


def _audioset_rows(data: Path, teachers: Path, known: Collection[str]) -> Iterator[Row]:
    net = load_teacher("audioset_mn04", teachers)
    skip = frozenset(known)
    for clip in read_sounds(data, rate=TEACHER_RATE):
        if clip.key in skip:
            continue
        samples = np.resize(clip.samples, max(SHORTEST, len(clip.samples)))
        with torch.inference_mode():
            features = net.features(torch.from_numpy(samples)[None])
        yield clip.key, features[0].numpy().astype(np.float16)


def _mobilenet_rows(data: Path, teachers: Path, known: Collection[str]) -> Iterator[Row]:
    return _photo_rows(data, teachers, known, enlarge)


def _crop_rows(data: Path, teachers: Path, known: Collection[str]) -> Iterator[Row]:
    return _photo_rows(data, teachers, known, _enlarged_crops)


def _enlarged_crops(pixels: Tensor) -> Tensor:
    """Pictures [B, 3, S, S] → their five crops [B · 5, 3, 160, 160]."""
    return enlarge(five_crops(pixels).flatten(0, 1), CROP_SIDE)


def _photo_rows(
    data: Path, teachers: Path, known: Collection[str], views: Callable[[Tensor], Tensor]
) -> Iterator[Row]:
    net = load_teacher("imagenet_mobilenet_v2", teachers)
    skip = frozenset(known)
    photos = (photo for photo in read_photos(data) if photo.key not in skip)
    while some := list(islice(photos, BATCH)):
        pixels = torch.from_numpy(np.stack([photo.pixels for photo in some]))
        with torch.inference_mode():
            seen = views(pixels.permute(0, 3, 1, 2).float() / 255)
            features = torch.cat([net.features(part) for part in torch.split(seen, BATCH)])
        rows = features.reshape(len(some), -1, features.shape[-1]).squeeze(1)
        keys = (photo.key for photo in some)
        yield from zip(keys, rows.numpy().astype(np.float16), strict=True)


FILES: Final = (
    FeatureFile("audioset", "features", "sounds", _audioset_rows),
    FeatureFile("mobilenet_v2", "pooled", "pictures", _mobilenet_rows),
)
CROPS: Final = FeatureFile("mobilenet_v2_crops", "pooled", "pictures", _crop_rows)
