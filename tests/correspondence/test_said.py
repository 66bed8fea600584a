"""Targets in words: the inverse of what words say of targets."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sonolume.correspondence.said import evidence_of, said
from sonolume.correspondence.soft_prior import GAIN
from sonolume.correspondence.style_words import style_table
from sonolume.signal.cues import CUES

PAIRS = style_table().pairs
values = st.dictionaries(st.sampled_from(list(CUES)), st.floats(-4, 4), max_size=10)


def meant(evidence: np.ndarray) -> np.ndarray:
    """Steps by cue that words with this evidence ask for."""
    return sum(
        GAIN * float(e) * np.array([pair.cues.get(name, 0.0) for name in CUES])
        for e, pair in zip(evidence, PAIRS, strict=True)
    )


def test_nothing_asked_is_nothing_said() -> None:
    evidence = evidence_of(dict.fromkeys(CUES, 0.0), PAIRS)
    assert (evidence == 0).all()
    assert said(evidence, PAIRS) == []


@given(values)
def test_words_ask_for_what_was_asked(wanted: dict[str, float]) -> None:
    """Up to what the ridge keeps back: never against it, and most of it."""
    asked = np.array([wanted.get(name, 0.0) for name in CUES])
    back = meant(evidence_of(wanted, PAIRS))
    assert np.linalg.norm(back - asked) <= 0.75 * np.linalg.norm(asked) + 1e-9


@given(values)
def test_the_opposite_is_said_by_the_opposite(wanted: dict[str, float]) -> None:
    opposed = {name: -value for name, value in wanted.items()}
    np.testing.assert_allclose(evidence_of(wanted, PAIRS), -evidence_of(opposed, PAIRS), atol=1e-12)


@pytest.mark.parametrize(
    ("cue", "value", "word"),
    [("brightness", -2.0, "dark"), ("warmth", 2.0, "warm"), ("noisiness", 2.0, "grainy"),
     ("reverberation", 2.0, "reverberant"), ("roughness", -2.0, "smooth")],
)  # fmt: skip
def test_the_plainest_word_is_that_of_the_cue(cue: str, value: float, word: str) -> None:
    evidence = evidence_of({cue: value}, PAIRS)
    assert said(evidence, PAIRS)[0] == word
    assert len(said(evidence, PAIRS, most=2)) <= 2
