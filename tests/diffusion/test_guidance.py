"""Guidance against the formula, with denoisers whose answer is known."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from sonolume.diffusion.guidance import guide

X = torch.zeros(2, 3, 4, 4)
T = torch.full((2,), 0.5)
WORDS, NOTHING, SOUND = (torch.full((2, 77, 8), v) for v in (1.0, 0.0, 10.0))


class Adding:
    """Answers with the mean of words plus the mean of sound, and counts its calls' rows."""

    def __init__(self) -> None:
        self.rows = 0

    def __call__(self, x: Tensor, t: Tensor, words: Tensor, sound: Tensor | None) -> Tensor:
        self.rows += len(x)
        value = words.mean((1, 2)) + (0 if sound is None else sound.mean((1, 2)))
        return value.view(-1, 1, 1, 1).expand_as(x)


@given(ts=st.floats(0, 10), scale=st.floats(0, 10))
def test_formula(ts: float, scale: float) -> None:
    denoise = guide(Adding(), WORDS, NOTHING, lambda t: SOUND, text_scale=ts, audio_scale=scale)
    expected = 0 + ts * (1 - 0) + scale * (11 - 1)
    torch.testing.assert_close(denoise(X, T), torch.full_like(X, expected), atol=1e-3, rtol=1e-4)


def test_each_item_has_its_own_scales() -> None:
    denoise = guide(
        Adding(), WORDS, NOTHING, lambda t: SOUND,
        text_scale=torch.tensor([1.0, 2.0]), audio_scale=torch.tensor([0.0, 0.5]),
    )  # fmt: skip
    torch.testing.assert_close(denoise(X, T)[:, 0, 0, 0], torch.tensor([1.0, 7.0]))


@pytest.mark.parametrize(
    ("ts", "scale", "branches"), [(1.0, 0.0, 1), (3.0, 0.0, 2), (1.0, 1.0, 1), (3.0, 2.0, 3)]
)
def test_branches_without_weight_cost_nothing(ts: float, scale: float, branches: int) -> None:
    denoiser = Adding()
    guide(denoiser, WORDS, NOTHING, lambda t: SOUND, text_scale=ts, audio_scale=scale)(X, T)
    assert denoiser.rows == 2 * branches


def test_zero_sound_is_exactly_words_alone() -> None:
    alone = guide(Adding(), WORDS, NOTHING, text_scale=3.0)(X, T)
    with_sound = guide(Adding(), WORDS, NOTHING, lambda t: SOUND, text_scale=3.0, audio_scale=0.0)
    assert torch.equal(alone, with_sound(X, T))
