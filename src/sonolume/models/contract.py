"""The one contract between painters and everything that steers them."""

from typing import Protocol

from torch import Tensor


class Denoiser(Protocol):
    """Predicts the clean picture.

    x [B, C, H, W] = t · clean + (1 − t) · noise in the flow's sense, t [B] in 0..1 (1 is clean),
    words [B, 77, D], sound [B, 77, D] or None → clean [B, C, H, W].
    """

    def __call__(self, x: Tensor, t: Tensor, words: Tensor, sound: Tensor | None, /) -> Tensor: ...
