"""The sounds and photos that an evaluation runs on."""

from collections.abc import Iterable
from pathlib import Path
from typing import TypeVar

from sonolume.data.shards import Clip, Photo, read_photos, read_sounds
from sonolume.errors import DataError

Item = TypeVar("Item", Clip, Photo)


def clips_of(data: Path, split: str, limit: int | None, skipped: list[str]) -> list[Clip]:
    """Clips of a split, at most `limit` a concept; none, with a line in `skipped`, if missing."""
    if not (data / "sounds").is_dir():
        skipped.append(f"sounds: {data.name}/sounds is not there")
        return []
    clips = first_of_each(read_sounds(data, split), limit)
    if not clips:
        skipped.append(f"sounds: {data.name}/sounds has no clip of the split {split}")
    return clips


def photos_of(data: Path, split: str, limit: int | None, skipped: list[str]) -> list[Photo]:
    """Photos of a split, at most `limit` a concept; none, with a line in `skipped`, if missing."""
    if not (data / "pictures").is_dir():
        skipped.append(f"pictures: {data.name}/pictures is not there")
        return []
    photos = first_of_each(read_photos(data, split), limit)
    if not photos:
        skipped.append(f"pictures: {data.name}/pictures has no photo of the split {split}")
    return photos


def check_data(data: Path) -> None:
    """Raises DataError unless `data` holds `sounds` or `pictures`."""
    if not (data / "sounds").is_dir() and not (data / "pictures").is_dir():
        raise DataError(f"{data}: neither sounds nor pictures there; give the folder that has them")


def first_of_each(items: Iterable[Item], limit: int | None) -> list[Item]:
    """The first `limit` items of each concept, all without a limit."""
    counts: dict[str | None, int] = {}
    kept = []
    for item in items:
        counts[item.concept] = counts.get(item.concept, 0) + 1
        if limit is None or counts[item.concept] <= limit:
            kept.append(item)
    return kept
