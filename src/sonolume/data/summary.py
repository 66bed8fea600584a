"""How many clips and photos of each concept a data folder holds."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from sonolume.data.licences import COMMERCIAL
from sonolume.data.shards import Kind, read_labels
from sonolume.errors import DataError

UNNAMED = "(none)"


@dataclass(frozen=True)
class Summary:
    """Counts: `counts[kind][concept][split]`; `commercial[kind]` of the items free for that use."""

    counts: dict[Kind, dict[str, dict[str, int]]]
    commercial: dict[Kind, int]

    def splits(self) -> list[str]:
        """The names of all splits, sorted."""
        tables = (table for kind in self.counts.values() for table in kind.values())
        return sorted({split for table in tables for split in table})

    def total(self, kind: Kind, split: str) -> int:
        """Items of that kind and split."""
        return sum(table.get(split, 0) for table in self.counts[kind].values())


def summarise(folder: Path) -> Summary:
    """Count the items of `folder`; photos without a concept count as "(none)".

    Raises DataError when there is neither `sounds/` nor `pictures/`, or a shard cannot be read.
    """
    kinds: list[Kind] = [kind for kind in _KINDS if (folder / kind).is_dir()]
    if not kinds:
        raise DataError(
            f"{folder}: neither sounds/ nor pictures/ there; give the folder of the data"
        )
    counts: dict[Kind, dict[str, dict[str, int]]] = {}
    commercial: dict[Kind, int] = {}
    for kind in kinds:
        labels = list(read_labels(folder, kind))
        tally = Counter((label.concept or UNNAMED, label.split) for label in labels)
        counts[kind] = {}
        for (concept, split), count in sorted(tally.items()):
            counts[kind].setdefault(concept, {})[split] = count
        commercial[kind] = sum(label.licence in COMMERCIAL for label in labels)
    return Summary(counts, commercial)


_KINDS: tuple[Kind, ...] = ("sounds", "pictures")
