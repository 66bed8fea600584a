"""The change from one picture to another: descriptors, their steps, and where it happened."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sonolume.correspondence.alignment import align
from sonolume.correspondence.descriptors import DESCRIPTORS, formulas, hue_change, layout
from sonolume.correspondence.ingredients import ingredients
from sonolume.correspondence.maps import region_maps
from sonolume.correspondence.views import Field, comparable_views
from sonolume.errors import OptionError
from sonolume.media import Picture

__all__ = ["Delta", "delta"]

# Above this the two pictures have little in common, and what changed is hardly an edit.
UNRELATED: Final = 0.65


@dataclass(frozen=True, eq=False)
class Delta:
    """The change from a picture to another.

    Attributes:
        before, after: each of `DESCRIPTORS` in its unit; ``scale`` is 0 before.
        steps: the change of each in just clear steps, after minus before.
        maps: where each changed, in just clear steps, float32 [h, w], at most 64 by
            64; none where they were not asked for.
        unrelated: 0 (the same thing is seen) to 1 (nothing in common).
        identical: whether no pixel differs; every step and map is then exactly 0.
        embedding: the change of the picture's embedding in a joint space [D], None if not given.
    """

    before: dict[str, float]
    after: dict[str, float]
    steps: dict[str, float]
    maps: dict[str, Field]
    unrelated: float
    identical: bool
    embedding: NDArray[np.float64] | None = field(default=None)

    @property
    def is_edit(self) -> bool:
        """Whether the two are related enough to be read as one picture that was changed."""
        return self.unrelated < UNRELATED


def delta(
    before: Picture,
    after: Picture,
    *,
    embedding_change: ArrayLike | None = None,
    with_maps: bool = True,
) -> Delta:
    """Measure how ``after`` differs from ``before``; any sizes, brought to at most 256 px.

    Args:
        before: the picture that goes with the sound as it is.
        after: the picture as it was changed.
        embedding_change: after minus before of the two unit embeddings in a joint space [D].
        with_maps: whether to make the maps, which take a third of the time.

    Raises:
        OptionError: the embedding change is not a vector of finite numbers.
    """
    change = None if embedding_change is None else _vector(embedding_change)
    if _same(before, after):
        return _unchanged(before, change, with_maps=with_maps)
    found = align(before, after)
    views = comparable_views(before, after, found.windows)
    fields = [ingredients(view) for view in views]
    first, second = (_measured(each) for each in fields)
    turn = float(hue_change(_hue_vector(first), _hue_vector(second)))
    firsts, seconds = _described(first, 0.0), _described(second, found.scale)
    steps = {
        name: (turn if name == "hue" else seconds[name] - firsts[name]) / item.step
        for name, item in DESCRIPTORS.items()
    }
    maps = region_maps(fields[0], fields[1], found.scale) if with_maps else {}
    return Delta(firsts, seconds, steps, maps, found.unrelated, False, change)


def _vector(values: ArrayLike) -> NDArray[np.float64]:
    vector = np.asarray(values, dtype=np.float64)
    if vector.ndim != 1 or vector.size == 0 or not np.isfinite(vector).all():
        raise OptionError(
            f"an embedding change of shape {vector.shape}; expected a vector of finite numbers: "
            "the embedding of the picture after minus that of the picture before"
        )
    return vector


def _same(before: Picture, after: Picture) -> bool:
    return before.pixels.shape == after.pixels.shape and bool(
        np.array_equal(before.pixels, after.pixels)
    )


def _unchanged(picture: Picture, change: NDArray[np.float64] | None, *, with_maps: bool) -> Delta:
    """The delta of a picture with itself."""
    view = comparable_views(picture, picture)[0]
    fields = ingredients(view)
    values = _described(_measured(fields), 0.0)
    steps = dict.fromkeys(DESCRIPTORS, 0.0)
    maps = region_maps(fields, fields, 0.0) if with_maps else {}
    return Delta(values, dict(values), steps, maps, 0.0, True, change)


def _measured(fields: dict[str, Field]) -> dict[str, float]:
    pooled = formulas(lambda plane: np.asarray(plane.mean(dtype=np.float64)), fields)
    return {name: float(value) for name, value in pooled.items()} | layout(fields)


def _hue_vector(measured: dict[str, float]) -> NDArray[np.float64]:
    return np.array([measured["hue_a"], measured["hue_b"]])


def _described(measured: dict[str, float], scale: float) -> dict[str, float]:
    hue = float(np.degrees(np.arctan2(measured["hue_b"], measured["hue_a"])) % 360)
    known = measured | {"scale": scale, "hue": hue}
    return {name: known[name] for name in DESCRIPTORS}
