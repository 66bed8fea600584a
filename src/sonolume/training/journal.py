"""The record of a run: `log.jsonl`, one line on the terminal, and a plot of its curves."""

import json
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from rich.console import Console

from sonolume.media.atomic import atomic_path


class Journal:
    """Appends figures to `log.jsonl` and shows them."""

    def __init__(self, folder: Path, name: str, quiet: bool) -> None:
        self.path = folder / "log.jsonl"
        self.picture = folder / "curves.png"
        self.name = name
        self.console = Console(quiet=quiet, stderr=True, markup=False, highlight=False)
        self._first: tuple[float, float] | None = None

    def rewind(self, step: int) -> None:
        """Forget what lies beyond `step`: the run was cut short there and goes on from it."""
        if not self.path.exists():
            return
        kept = [row for row in self.rows() if row["step"] <= step]
        with atomic_path(self.path, force=True) as page:
            page.write_text("".join(json.dumps(row) + "\n" for row in kept), "utf-8")

    def add(self, step: int, seconds: float, figures: dict[str, float], progress: float) -> None:
        """Note the figures of a training step."""
        self._append({"step": step, "seconds": round(seconds, 1), **figures})
        self._show(f"{self.name} {progress:5.1%} step {step}", figures, self._left(progress))

    def add_validation(self, step: int, seconds: float, figures: dict[str, float]) -> None:
        """Note the figures of a validation."""
        self._append({"step": step, "seconds": round(seconds, 1), "validation": figures})
        self._show(f"{self.name} validation at {step}", figures)

    def rows(self) -> list[dict[str, Any]]:
        """All whole lines so far; one that was cut short is left out."""
        return list(_rows(self.path.read_text("utf-8"))) if self.path.exists() else []

    def last_validation(self) -> dict[str, float]:
        """The figures of the newest validation; empty when there was none."""
        found = [row["validation"] for row in self.rows() if "validation" in row]
        return found[-1] if found else {}

    def plot(self) -> None:
        """Draw loss and validation figures over minutes into `curves.png`."""
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure

        rows = self.rows()
        figure = Figure(figsize=(10, 4), layout="tight")
        FigureCanvasAgg(figure)
        left, right = figure.subplots(1, 2)
        left.plot(*_curve(rows, "loss"), lw=0.7)
        left.set(xlabel="minutes", ylabel="loss", title=self.name)
        checks = [
            {"seconds": row["seconds"], **row["validation"]} for row in rows if "validation" in row
        ]
        names = sorted({key for row in checks for key in row} - {"seconds"})
        for name in names:
            right.plot(*_curve(checks, name), marker=".", label=name)
        right.set(xlabel="minutes", title="validation")
        if names:
            right.legend(fontsize=7)
        with atomic_path(self.picture, force=True) as picture:
            figure.savefig(picture, dpi=90)

    def _append(self, row: dict[str, Any]) -> None:
        with self.path.open("a", encoding="utf-8") as page:
            page.write(json.dumps(row) + "\n")

    def _show(self, head: str, figures: dict[str, float], left: str = "") -> None:
        told = " ".join(f"{key} {value:.4g}" for key, value in figures.items())
        self.console.print(f"{head} {told}{left}", soft_wrap=True)

    def _left(self, progress: float) -> str:
        """Time left at the pace since the first line of this call."""
        now = time.monotonic()
        if self._first is None:
            self._first = now, progress
        began, share = self._first
        if progress <= share:
            return ""
        return f", {(now - began) * (1 - progress) / (progress - share) / 60:.0f} min left"


def _rows(text: str) -> Iterable[dict[str, Any]]:
    for line in text.splitlines():
        try:
            row = json.loads(line)
        except ValueError:
            continue
        if isinstance(row, dict) and "step" in row:
            yield row


def _curve(rows: list[dict[str, Any]], name: str) -> tuple[list[float], list[float]]:
    """Minutes and values of the rows that have a figure of that name."""
    having = [row for row in rows if row.get(name) is not None]
    return [row["seconds"] / 60 for row in having], [row[name] for row in having]
