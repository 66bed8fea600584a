"""Is a heard state seen? Brightness, warmth and blueness against the picture without the sound."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from sonolume.data.states import Look
from sonolume.errors import DataError

Claims = NDArray[np.int64]


def validate(before: Sequence[Look], after: Sequence[Look], claims: Claims) -> None:
    """Raises DataError for lists of different length, claims other than −1, 0, 1, or none."""
    if not len(before) == len(after) == len(claims) or claims.shape != (len(before), 3):
        raise DataError(
            f"state: {len(before)} pictures before, {len(after)} after, claims "
            f"{list(claims.shape)}; expected N, N and [N, 3]"
        )
    if not np.isin(claims, (-1, 0, 1)).all():
        raise DataError("state: a claim is -1 (falls), 0 (none) or 1 (rises)")
    if not claims.any():
        raise DataError("state: no state claims any change; there is nothing to see")


def state_visible(before: Sequence[Look], after: Sequence[Look], claims: Claims) -> float:
    """Share of claims that came true, over all pictures; 0.5 is chance.

    `before` and `after` hold the looks of N pictures without and with the sound; `claims` [N, 3]
    the sign of the change that each state claims of brightness, warmth and blueness, 0 for none.
    """
    validate(before, after, claims)
    change = np.sign(np.array(after) - np.array(before))
    return float((change == claims)[claims != 0].mean())


def all_visible(before: Sequence[Look], after: Sequence[Look], claims: Claims) -> float:
    """Share of pictures of which every claim came true; pictures without a claim are left out."""
    validate(before, after, claims)
    change = np.sign(np.array(after) - np.array(before))
    kept = claims.any(1)
    return float(((change == claims) | (claims == 0))[kept].all(1).mean())
