"""Where a stage finds what it needs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from sonolume.hub import weights


@dataclass(frozen=True)
class Context:
    """Folders and terms of a run.

    `data` holds `sounds/`, `pictures/` and `words/`; `teachers` the weights of frozen teachers;
    `aids` their features, computed beforehand; `models` the weights that the stage builds upon
    (None: those inside the package); `start` an earlier export of the stage to go on from.
    `seed` is that of the first weights. `commercial` leaves out all items whose licence does not
    permit commercial use. `where` is what error messages call the settings.
    """

    data: Path
    teachers: Path | None = None
    aids: Path | None = None
    models: Path | None = None
    start: Path | None = None
    seed: int = 0
    commercial: bool = False
    where: str = "recipe"

    @property
    def weights(self) -> Path:
        """The folder of the weights that the stage builds upon."""
        return weights.FOLDER if self.models is None else self.models
