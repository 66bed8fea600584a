"""Grids of painted pictures, for people to look at."""

from collections.abc import Mapping, Sequence

import numpy as np

from sonolume.evaluation.asks import Pixels, Round
from sonolume.media.grid import grid
from sonolume.media.picture import Picture

PAIRS_IN_A_ROW = 4


def sheets(rounds: Mapping[str, Round]) -> dict[str, Picture]:
    """What was painted from words, from sounds, under states, and with swapped sounds."""
    found = {
        "painted from words": _by_concept(rounds["words"]),
        "painted from sounds": _by_concept(rounds["sounds"]),
        "scenes under states": _by_state(rounds["states"]),
        "same words, other sounds": _by_scene(rounds["swaps"]),
    }
    return {name: sheet for name, sheet in found.items() if sheet is not None}


def neighbours(painted: Sequence[Pixels], photos: Sequence[Pixels]) -> Picture:
    """Painted pictures (odd columns), each beside its nearest training photo (even columns)."""
    side = painted[0].shape[0]
    cells = []
    for picture, photo in zip(painted, photos, strict=True):
        cells += [Picture(picture), Picture(photo).resize(side, side)]
    labels = ["painted", "nearest"] * PAIRS_IN_A_ROW
    return grid(cells, columns=len(labels), column_labels=labels)


def _by_concept(part: Round) -> Picture | None:
    return _rows(part, [ask.concept for ask in part.asks])


def _by_scene(part: Round) -> Picture | None:
    order = sorted(range(len(part.asks)), key=lambda i: part.asks[i].scene)
    names = [part.asks[i].scene for i in order]
    return _rows(part, names, order, most=11)


def _by_state(part: Round) -> Picture | None:
    """One row a scene: without sound, then under each state, with the first seed."""
    if not part.asks:
        return None
    first = min(ask.request.seed for ask in part.asks)
    kept = [i for i, ask in enumerate(part.asks) if ask.request.seed == first]
    columns = list(dict.fromkeys(part.asks[i].state or "no sound" for i in kept))
    rows = list(dict.fromkeys(part.asks[i].scene for i in kept))
    cells = [Picture(part.pictures[i]) for i in kept]
    return grid(cells, columns=len(columns), row_labels=rows, column_labels=columns)


def _rows(
    part: Round, names: Sequence[str], order: Sequence[int] | None = None, most: int = 8
) -> Picture | None:
    """One labelled row a name, at most `most` pictures each; gaps are white."""
    places = range(len(names)) if order is None else order
    rows: dict[str, list[Pixels]] = {}
    for name, place in zip(names, places, strict=True):
        rows.setdefault(name, []).append(part.pictures[place])
    if not rows:
        return None
    columns = min(most, max(map(len, rows.values())))
    blank = np.full_like(part.pictures[0], 255)
    cells = []
    for pictures in rows.values():
        filled = [*pictures[:columns], *([blank] * (columns - len(pictures)))]
        cells += [Picture(pixels) for pixels in filled]
    return grid(cells, columns=columns, row_labels=list(rows))
