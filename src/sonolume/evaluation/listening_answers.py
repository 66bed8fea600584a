"""Answers of a listening test: `python -m sonolume.evaluation.listening_answers FOLDER CSV ...`."""

import csv
import json
import math
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from sonolume.errors import DataError, SonolumeError
from sonolume.evaluation.listening import KEY, POINTS

__all__ = ["Opinion", "main", "opinions"]

COLUMNS: Final = ("listener", "sound", "rating", "best")
SURE: Final = 0.95


@dataclass(frozen=True)
class Opinion:
    """What listeners say of a condition.

    Attributes:
        condition: its name.
        answers: how many.
        rating: mean, 1 to 5.
        rating_within: bounds of its 95 % interval (Student's t over listeners' means); nan of one
            listener.
        best: share of questions in which it was chosen.
        best_within: bounds of its 95 % interval (E. Wilson, 1927).
    """

    condition: str
    answers: int
    rating: float
    rating_within: tuple[float, float]
    best: float
    best_within: tuple[float, float]

    def line(self) -> str:
        """For people."""
        low, high = self.rating_within
        least, most = self.best_within
        within = "by one listener" if math.isnan(low) else f"{low:.2f} to {high:.2f}"
        return (
            f"{self.condition}: rated {self.rating:.2f} ({within}) of 5, chosen "
            f"{self.best:.0%} ({least:.0%} to {most:.0%}), {self.answers} answers"
        )


@dataclass(frozen=True)
class _Answer:
    listener: str
    condition: str
    rating: int
    best: bool


def opinions(folder: Path, answers: Sequence[Path]) -> list[Opinion]:
    """What the CSV files say of each condition of the test in ``folder``, the best rated first.

    Raises DataError for a folder without a test, a file that is not of it, or no answers.
    """
    key = _key(folder)
    found = [answer for path in answers for answer in _read(path, key)]
    if not found:
        raise DataError(f"{folder}: no answers; give the CSV files that the page saved")
    names = sorted({answer.condition for answer in found})
    told = [_opinion(name, [a for a in found if a.condition == name]) for name in names]
    return sorted(told, key=lambda each: -each.rating)


def _key(folder: Path) -> dict[str, str]:
    try:
        rows = json.loads((folder / KEY).read_text("utf-8"))
        return {token: str(row["condition"]) for token, row in rows.items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise DataError(f"{folder}: holds no listening test ({error})") from error


def _read(path: Path, key: dict[str, str]) -> Iterator[_Answer]:
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            rows = list(csv.DictReader(file))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise DataError(f"{path}: cannot be read ({error})") from error
    if not rows or tuple(rows[0]) != COLUMNS:
        raise DataError(f"{path}: expected columns {', '.join(COLUMNS)}")
    for line, row in enumerate(rows, 2):
        rated = row["rating"] in {str(n + 1) for n in range(len(POINTS))}
        if row["sound"] not in key or not rated or row["best"] not in ("0", "1"):
            raise DataError(f"{path}, line {line}: no answer to this test")
        yield _Answer(row["listener"], key[row["sound"]], int(row["rating"]), row["best"] == "1")


def _opinion(name: str, answers: Sequence[_Answer]) -> Opinion:
    listeners = sorted({answer.listener for answer in answers})
    means = np.array(
        [np.mean([a.rating for a in answers if a.listener == each]) for each in listeners]
    )
    best = sum(answer.best for answer in answers)
    return Opinion(
        name, len(answers), float(means.mean()), _student(means),
        best / len(answers), _wilson(best, len(answers)),
    )  # fmt: skip


def _student(means: np.ndarray) -> tuple[float, float]:
    from scipy.stats import t

    if len(means) < 2:
        return math.nan, math.nan
    reach = float(t.ppf((1 + SURE) / 2, len(means) - 1) * means.std(ddof=1) / math.sqrt(len(means)))
    return float(means.mean()) - reach, float(means.mean()) + reach


def _wilson(right: int, count: int) -> tuple[float, float]:
    from scipy.stats import binomtest

    found = binomtest(right, count).proportion_ci(SURE, method="wilson")
    return float(found.low), float(found.high)


def main(arguments: Sequence[str]) -> str | None:
    """Print what the files say; the message of what went wrong, if anything."""
    if len(arguments) < 2:
        return "usage: python -m sonolume.evaluation.listening_answers FOLDER CSV ..."
    try:
        told = opinions(Path(arguments[0]), [Path(each) for each in arguments[1:]])
    except SonolumeError as error:
        return str(error)
    sys.stdout.write("".join(f"{each.line()}\n" for each in told))
    return None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
