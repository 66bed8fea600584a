"""One long state through a network that knows short ones."""

from collections.abc import Callable
from typing import Final

import torch
from torch import Tensor

from sonolume.diffusion.flow import Denoise
from sonolume.errors import OptionError

__all__ = ["Predict", "over_windows", "starts"]

AT_ONCE: Final = 8  # windows
FAINTEST: Final = 1e-3  # weight of a window at its ends, where others are heard instead

Predict = Callable[[Tensor, Tensor, slice], Tensor]
"""Windows x [W, C, L] at t [W], and which of all they are → clean windows [W, C, L]."""


def starts(length: int, window: int) -> list[int]:
    """Where windows begin that cover `length`, half of one over the next; the last ends with it.

    Raises OptionError when the length is below the window's.
    """
    if length < window:
        raise OptionError(f"a state of {length} frames; expected {window} or more: pad it")
    step = max(1, window // 2)
    return [*range(0, length - window, step), length - window]


def over_windows(predict: Predict, length: int, window: int) -> Denoise:
    """A denoiser of long states [1, C, T = length] from one of windows.

    Each prediction is the mean of those of the windows that hold a frame, weighted by how near it
    is to their middles (MultiDiffusion, Bar-Tal et al. 2023): windows agree at every step of the
    sampler, so that there are no seams to hide afterwards.
    """
    places = starts(length, window)
    middle = (window - 1) / 2
    distance = (torch.arange(window) - middle).abs() / (middle + 1)
    weight = (1 - distance).clamp(min=FAINTEST)
    total = torch.zeros(length)
    for at in places:
        total[at : at + window] += weight

    def denoise(x: Tensor, t: Tensor) -> Tensor:
        clean, near = torch.zeros_like(x), weight.to(x)
        for first in range(0, len(places), AT_ONCE):
            some = slice(first, first + AT_ONCE)
            parts = torch.stack([x[0, :, at : at + window] for at in places[some]])
            made = predict(parts, t[:1].expand(len(parts)), some).to(x)
            for at, part in zip(places[some], made, strict=True):
                clean[0, :, at : at + window] += near * part
        return clean / total.to(x)

    return denoise
