"""The pairs that `restyle_pairs` wrote, as tensors."""

import json
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from sonolume.data.restyle_sounds import PARTS
from sonolume.errors import DataError, OptionError
from sonolume.pipelines.restyle.chains.palette import Palette, palette

__all__ = ["Pairs", "as_pairs", "read_pairs", "read_rows"]

_ROWS: Final = ("mels", "embeddings", "steps", "lost", "stretch", "settings", "shares", "order")


@dataclass(frozen=True, eq=False)
class Pairs:
    """Sounds and what became of them: S stretches, R rows.

    Attributes:
        palette: whose settings they are.
        before_mels: log-mel [S, 64, T] fp16; before_cues [S, 10] in their units;
            before_embeddings [S, 512].
        mels, embeddings: of the result, [R, 64, T] fp16 and [R, 512].
        steps: change of each cue in just clear steps [R, 10].
        lost: of level, rhythm and pitches, 0 where nothing [R, 3].
        stretch: what it was made of, a place in the stretches [R].
        settings: a number for equal settings, −1 where nobody knows them (remixes) [R].
        shares: of the palette's controls [R, P]. active: of its items [R, E]. order: places of
            items as they were applied, −1 behind them [R, most].
        rows: of each part of `PARTS`, the places of its rows.
        commercial: whether all sounds are licensed for commercial use.
    """

    palette: Palette
    before_mels: Tensor
    before_cues: Tensor
    before_embeddings: Tensor
    mels: Tensor
    embeddings: Tensor
    steps: Tensor
    lost: Tensor
    stretch: Tensor
    settings: Tensor
    shares: Tensor
    active: Tensor
    order: Tensor
    rows: dict[str, NDArray[np.int64]]
    commercial: bool

    @property
    def known(self) -> Tensor:
        """Whether the settings of each row are known, bool [R]."""
        return self.settings >= 0

    def of(self, part: str) -> NDArray[np.int64]:
        """Rows of a part whose settings are known."""
        rows = self.rows[part]
        chosen: NDArray[np.int64] = rows[self.known.numpy()[rows]]
        return chosen


def read_pairs(folder: Path | None) -> Pairs:
    """Everything in a folder that `sonolume data pairs` wrote.

    Raises OptionError where no folder is given; DataError where it holds no whole set of pairs.
    """
    if folder is None:
        raise OptionError("no pairs are given; make some with `sonolume data pairs`, give --aids")
    plan = _plan(folder)
    found = palette(plan["palette"])
    files = [p for part in PARTS for p in sorted(folder.glob(f"{part}-*.npz"))]
    tables = [read_rows(path) for path in files]
    stretches = read_rows(folder / "stretches.npz")
    if sum(len(table["stretch"]) for table in tables) != sum(plan["rows"]):
        raise DataError(f"{folder}: not all pairs are there; run `sonolume data pairs` to its end")
    if plan["remixes"]:
        mixed, others = (
            read_rows(folder / "remixed.npz"),
            read_rows(folder / "stretches-remixed.npz"),
        )
        mixed["stretch"] = mixed["stretch"] + len(stretches["parts"])
        stretches = {name: np.concatenate([stretches[name], others[name]]) for name in stretches}
        tables.append(mixed)
    rows = {name: np.concatenate([table[name] for table in tables]) for name in _ROWS}
    return as_pairs(found, stretches, rows, commercial=plan["commercial"])


def as_pairs(
    found: Palette, stretches: dict[str, Any], rows: dict[str, Any], *, commercial: bool
) -> Pairs:
    """From the arrays of their files."""
    order = rows["order"]
    active = np.stack([(order == item).any(1) for item in range(len(found.items))], 1)
    parts = stretches["parts"][rows["stretch"]]
    return Pairs(
        found,
        torch.from_numpy(stretches["mels"]),
        torch.from_numpy(stretches["cues"]),
        torch.from_numpy(stretches["embeddings"]).float(),
        torch.from_numpy(rows["mels"]),
        torch.from_numpy(rows["embeddings"]).float(),
        torch.from_numpy(rows["steps"]),
        torch.from_numpy(rows["lost"]),
        torch.from_numpy(rows["stretch"]).long(),
        torch.from_numpy(rows["settings"]).long(),
        torch.from_numpy(rows["shares"]),
        torch.from_numpy(active),
        torch.from_numpy(order),
        {name: np.flatnonzero(parts == place) for place, name in enumerate(PARTS)},
        commercial,
    )


def _plan(folder: Path) -> dict[str, Any]:
    try:
        plan: dict[str, Any] = json.loads((folder / "plan.json").read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise DataError(
            f"{folder}: no pairs there; make them with `sonolume data pairs`"
        ) from error
    return plan


def read_rows(path: Path) -> dict[str, NDArray[Any]]:
    """The arrays of one file. Raises DataError where it is broken."""
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as table:
            return {name: table[name] for name in table.files}
    except (OSError, EOFError, KeyError, ValueError, zipfile.BadZipFile) as error:
        raise DataError(
            f"{path}: unreadable pairs ({error}); remove the file, make it again"
        ) from error
