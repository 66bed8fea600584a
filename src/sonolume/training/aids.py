"""Features of frozen teachers, computed once and kept beside a run."""

import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from sonolume.errors import DataError


@dataclass(frozen=True)
class Features:
    """Teacher features [N, width] of the items of a stage; `present` is False without a teacher."""

    values: NDArray[np.float32]
    present: bool

    @property
    def width(self) -> int:
        return int(self.values.shape[1])


def read_features(
    folder: Path | None, name: str, keys: Sequence[str], array: str = "features"
) -> Features:
    """Rows of `folder/NAME.npz` (arrays `keys` and `array`) for the items `keys`.

    The mean over those items is taken out. Without a folder: one column of zeros. Raises DataError
    when the file or an item is missing.
    """
    if folder is None:
        return Features(np.zeros((len(keys), 1), np.float32), False)
    page = folder / f"{name}.npz"
    try:
        with page.open("rb") as file, np.load(file, allow_pickle=False) as table:
            known = {str(key): row for row, key in enumerate(table["keys"])}
            values = table[array].astype(np.float32)
    except (OSError, EOFError, KeyError, ValueError, zipfile.BadZipFile) as error:
        raise DataError(
            f"{page}: unreadable features ({error}); make them with 'data features'"
        ) from error
    missing = [key for key in keys if key not in known]
    if missing:
        raise DataError(
            f"{page}: no features of {missing[0]} and {len(missing) - 1} more items; "
            "make them with 'data features'"
        )
    chosen = values[[known[key] for key in keys]]
    return Features(chosen - chosen.mean(0), True)
