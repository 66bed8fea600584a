"""What an evaluation found, and what it was found on."""

import platform
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from sonolume import __version__
from sonolume.media.picture import Picture


@dataclass
class Evaluation:
    """Figures of one job.

    `metrics` and `controls` map names to numbers, `definitions` some of those names to a sentence;
    `skipped` says in one line each what was left out and why; `tables` hold figures by concept and
    `sheets` grids to look at, both for the page.
    """

    job: str
    settings: dict[str, Any]
    metrics: dict[str, float] = field(default_factory=dict)
    controls: dict[str, float] = field(default_factory=dict)
    definitions: dict[str, str] = field(default_factory=dict)
    skipped: list[str] = field(default_factory=list)
    tables: dict[str, dict[str, float]] = field(default_factory=dict)
    sheets: dict[str, Picture] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """The four keys job, metrics, controls and settings, with JSON values only."""
        return {
            "job": self.job,
            "metrics": _rounded(self.metrics),
            "controls": _rounded(self.controls),
            "settings": {**self.settings, "skipped": list(self.skipped)},
        }

    def lines(self) -> Iterator[str]:
        """A table for the terminal."""
        for title in ("metrics", "controls"):
            table: dict[str, float] = getattr(self, title)
            if table:
                yield f"{self.job}: {title}"
                width = max(map(len, table))
                yield from (f"  {name:<{width}}  {value:8.4f}" for name, value in table.items())
        yield from (f"  left out: {line}" for line in self.skipped)


def settings(data: Path, split: str, hashes: Mapping[str, str], **more: Any) -> dict[str, Any]:
    """What makes a figure repeatable: data (its name alone), split, versions, hashes of models."""
    return {
        "data": data.resolve().name,
        "split": split,
        **more,
        "models": dict(hashes),
        "versions": {
            "sonolume": __version__,
            "torch": torch.__version__,
            "numpy": np.__version__,
            "python": platform.python_version(),
        },
    }


def by_label(right: NDArray[np.bool_], labels: Sequence[str]) -> dict[str, float]:
    """Share of right ones [N] for each label that occurs."""
    names = np.array(labels)
    return {str(name): float(right[names == name].mean()) for name in np.unique(names)}


def _rounded(table: dict[str, float]) -> dict[str, float]:
    return {name: round(float(value), 6) for name, value in table.items()}
