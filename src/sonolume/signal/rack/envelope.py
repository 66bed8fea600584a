"""The level of a sound as dynamics processors see it, and gains laid upon samples.

Levels are taken in frames of a third of a millisecond: fast enough for any attack, and all that
follows is so many times cheaper.
"""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional as F

__all__ = ["hop", "levels", "scaled"]

FRAMES_PER_SECOND = 3000


def hop(rate: int) -> int:
    """Samples a frame. Frames are counted from the start of the sound: cut blocks at multiples."""
    return max(1, round(rate / FRAMES_PER_SECOND))


def levels(samples: Tensor, rate: int) -> Tensor:
    """Peak of all channels in each frame, [B, ⌈N / hop⌉], double precision, for samples [B, C, N].

    One level for all channels keeps the places of sounds between them.
    """
    width = hop(rate)
    frames = -(-samples.shape[-1] // width)
    padded = F.pad(samples, (0, frames * width - samples.shape[-1]))
    blocks = padded.reshape(*samples.shape[:2], frames, width)
    return blocks.abs().amax(dim=(1, 3)).double()


def scaled(samples: Tensor, gain: Tensor, rate: int) -> Tensor:
    """Samples [B, C, N] times gain [B, frames], which is reached at the end of each frame."""
    width = hop(rate)
    gain = gain.to(samples.dtype)
    before = F.pad(gain[:, :-1], (1, 0), value=1.0)
    ramp = (samples.new_ones(width).cumsum(0) / width)[None, None]
    curve = before[..., None] + (gain - before)[..., None] * ramp
    return samples * curve.flatten(-2)[:, None, : samples.shape[-1]]
