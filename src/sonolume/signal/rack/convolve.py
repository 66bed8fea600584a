# ruff: noqa: ARG001, ARG005 (all effects share one signature)
"""Linear, time-invariant effects: one multiplication of spectra, in blocks.

Overlap-add (Stockham 1966): each block is transformed together with the silence into which its
echo rings.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor
from torch.nn import functional as F

from sonolume.signal.rack.effect import Effect, Memory, Parameter, Response, Values

__all__ = ["convolve", "linear"]

# A block of this length stays in the cache of a core.
SHORTEST = 32768
FACTORS = (1.0, 1.125, 1.25, 1.5)


def linear(
    name: str,
    parameters: tuple[Parameter, ...],
    response: Response,
    memory: Memory,
    widens: Callable[[Values], bool] = lambda values: False,
) -> Effect:
    """An effect made of a frequency response; ``memory`` covers its impulse response."""

    def apply(samples: Tensor, values: Values, rate: int, start: int = 0) -> Tensor:
        if widens(values) and samples.shape[1] == 1:
            samples = samples.expand(-1, 2, -1)
        channels = samples.shape[1]
        return convolve(
            samples, lambda size: response(values, size, rate, channels), memory(values, rate)
        )

    return Effect(name, parameters, apply, memory, response=response, widens=widens)


def convolve(samples: Tensor, response: Callable[[int], Tensor], memory: int) -> Tensor:
    """Samples [B, C, N] through a response, [B, C, N].

    Args:
        samples: [B, C, N], N ≥ 1.
        response: fft size → complex [B, 1 or C, size // 2 + 1].
        memory: frames after which the impulse response has faded; what is left of it comes back
            at a block's beginning.
    """
    frames = samples.shape[-1]
    size = fft_size(frames, memory)
    step = size - memory
    count = -(-frames // step)
    padded = F.pad(samples, (0, count * step - frames))
    blocks = padded.reshape(*samples.shape[:2], count, step)
    spectrum = torch.fft.rfft(blocks, size) * response(size)[:, :, None]
    echoing: Tensor = torch.fft.irfft(spectrum, size)
    if count == 1:
        return echoing[:, :, 0, :frames]
    ringing = F.pad(echoing[:, :, :-1, step:], (0, step - memory, 1, 0))
    joined: Tensor = (echoing[..., :step] + ringing).flatten(-2)[..., :frames]
    return joined


def fft_size(frames: int, memory: int) -> int:
    """Long enough that little of a block is silence, and no longer than the sound needs."""
    wanted = max(SHORTEST, 4 * memory)
    return _fast(min(frames + memory, wanted))


def _fast(size: int) -> int:
    """The next size that transforms quickly: a small multiple of a power of two."""
    power = 1 << max(4, (size - 1).bit_length() - 1)
    return min(int(f * power) for f in (*FACTORS, 2.0) if f * power >= size)
