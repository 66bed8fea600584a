"""Branches beside each other."""

import threading

import pytest
import torch
from torch import Tensor

from sonolume.diffusion.guidance import guide
from sonolume.diffusion.workers import beside, one_thread


def test_results_come_in_order_and_work_runs_at_the_same_time() -> None:
    meet = threading.Barrier(2, timeout=20)  # breaks when one would wait for the other to end
    pairs = [lambda n=n: torch.full((1,), float(n + 0 * meet.wait())) for n in range(2)]
    with torch.inference_mode():
        assert [float(x) for x in beside(pairs)] == [0.0, 1.0]


def test_work_has_one_thread_and_no_gradients() -> None:
    weight = torch.ones(1, requires_grad=True)

    def work() -> Tensor:
        assert torch.get_num_threads() == 1
        return 2 * weight

    with torch.no_grad():
        assert not beside([work])[0].requires_grad
    assert beside([work])[0].requires_grad


def test_an_error_comes_through() -> None:
    def fail() -> Tensor:
        raise ValueError("no")

    with torch.inference_mode(), pytest.raises(ValueError, match="no"):
        beside([fail, fail])


@pytest.mark.parametrize("when", [True, False])
def test_threads_are_as_before(when: bool) -> None:
    before = torch.get_num_threads()
    with one_thread(when=when):
        assert torch.get_num_threads() == (1 if when else before)
    assert torch.get_num_threads() == before


@pytest.mark.parametrize(("text_scale", "audio_scale"), [(3.0, 3.0), (3.0, 1.0), (1.0, 0.0)])
def test_guidance_apart_equals_guidance_together(text_scale: float, audio_scale: float) -> None:
    torch.manual_seed(0)
    x, t = torch.randn(2, 3, 8, 8), torch.rand(2)
    words, nothing, tokens = (torch.randn(2, 77, 4) for _ in range(3))

    def denoiser(x: Tensor, t: Tensor, words: Tensor, sound: Tensor | None) -> Tensor:
        heard = words if sound is None else words * sound
        return x * t.view(-1, 1, 1, 1) + heard.mean((1, 2)).view(-1, 1, 1, 1)

    together, apart = (
        guide(
            denoiser,
            words,
            nothing,
            lambda t: tokens,
            text_scale=text_scale,
            audio_scale=audio_scale,
            apart=split,
        )
        for split in (False, True)
    )
    with torch.inference_mode():
        torch.testing.assert_close(apart(x, t), together(x, t))
