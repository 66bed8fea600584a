"""State visibility by hand, and on the photographic edits that define the states."""

from __future__ import annotations

import numpy as np
import pytest

from sonolume.data.states import STATES, Look, apply, look
from sonolume.errors import DataError
from sonolume.evaluation.visible import all_visible, state_visible

BEFORE = Look(0.5, 0.0, 0.33)


def test_by_hand() -> None:
    after = [Look(0.4, -0.1, 0.4), Look(0.6, 0.1, 0.3), Look(0.4, 0.1, 0.3)]
    claims = np.array([[-1, -1, 1], [-1, 0, -1], [0, 0, 0]])
    # Claims: three of three, then one of two, then none made.
    assert state_visible([BEFORE] * 3, after, claims) == pytest.approx(4 / 5)
    assert all_visible([BEFORE] * 3, after, claims) == 0.5


def test_no_change_is_not_visible() -> None:
    claims = np.array([[-1, -1, 1]])
    assert state_visible([BEFORE], [BEFORE], claims) == 0.0


def test_the_edits_do_what_the_states_claim() -> None:
    rng = np.random.default_rng(0)
    photo = rng.integers(60, 200, (64, 64, 3)).astype(np.uint8)
    named = [
        name for name, s in STATES.items() if (s.brightness, s.warmth, s.blueness) != (0, 0, 0)
    ]
    after = [look(apply(name, photo)) for name in named]
    claims = np.array([(STATES[n].brightness, STATES[n].warmth, STATES[n].blueness) for n in named])
    before = [look(photo)] * len(named)
    assert state_visible(before, after, claims) > 0.9
    assert state_visible(before, after, -claims) < 0.1


@pytest.mark.parametrize(
    ("count", "claims", "message"),
    [
        (2, np.ones((1, 3), int), r"1 pictures before, 2 after, claims \[1, 3\]"),
        (1, np.ones((1, 2), int), r"expected N, N and \[N, 3\]"),
        (1, np.full((1, 3), 2), "a claim is -1"),
        (1, np.zeros((1, 3), int), "no state claims any change"),
    ],
)
def test_malformed_input_is_refused(count, claims, message) -> None:
    with pytest.raises(DataError, match=message):
        state_visible([BEFORE], [BEFORE] * count, claims)
