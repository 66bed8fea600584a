"""Does the painter copy? The nearest training photo of each picture, by what the eye compares."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from sonolume.errors import DataError

SIDE: Final = 32
BLOCK: Final = 512

Pixels = NDArray[np.uint8]


def thumbnails(pictures: Sequence[Pixels]) -> NDArray[np.float32]:
    """Pictures [H, W, 3] of any size → [N, 3072]: 32 px, each with mean 0 and length 1.

    So neither brightness nor contrast hides a copy. A picture of one colour gives zeros.
    """
    rows = np.stack([_thumbnail(picture) for picture in pictures])
    rows -= rows.mean(1, keepdims=True)
    length = np.linalg.norm(rows, axis=1, keepdims=True)
    return (rows / np.where(length > 0, length, 1)).astype(np.float32)


def nearest(
    pictures: Sequence[Pixels], training: Iterable[Pixels]
) -> tuple[NDArray[np.float32], list[Pixels]]:
    """Distance 0..2 [N] to the nearest training photo, and these photos, for each picture.

    The distance is 1 − correlation of the thumbnails; a mirrored copy is as near as a straight
    one. Photos are seen once, in blocks. Raises DataError when either side is empty.
    """
    best = np.full(len(pictures), -np.inf, np.float32)
    found: list[Pixels] = [picture[:0] for picture in pictures]
    if not pictures:
        raise DataError("copies: no pictures to compare with the training photos")
    straight = thumbnails(pictures)
    mirrored = thumbnails([picture[:, ::-1] for picture in pictures])
    for block in _blocks(training):
        photos = thumbnails(block).T
        likeness = np.maximum(straight @ photos, mirrored @ photos)
        rows = likeness.argmax(1)
        for i in np.flatnonzero(likeness.max(1) > best):
            best[i], found[i] = likeness[i, rows[i]], block[rows[i]]
    if np.isinf(best).any():
        raise DataError("copies: no training photos to compare with")
    return 1 - best, found


def _blocks(photos: Iterable[Pixels]) -> Iterator[list[Pixels]]:
    source = iter(photos)
    while block := list(islice(source, BLOCK)):
        yield block


def _thumbnail(picture: Pixels) -> NDArray[np.float32]:
    small = Image.fromarray(np.ascontiguousarray(picture)).resize(
        (SIDE, SIDE), Image.Resampling.BOX
    )
    return np.asarray(small, np.float32).ravel()
