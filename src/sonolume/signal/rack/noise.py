"""Noise that rises and falls with the sound."""

from __future__ import annotations

import math
from typing import Final

import torch
from torch import Tensor

from sonolume.signal.rack.effect import Effect, Parameter, Values, column, nothing
from sonolume.signal.rack.pieces import in_pieces

__all__ = ["NOISE", "white"]

QUIETEST: Final = -40.0  # dB
NARROWEST, WIDEST = 100.0, 20e3  # Hz
DEVIATIONS: Final = 5.0  # of the Gaussian on each side, where it has come down to 4e-6
GOLDEN: Final = 0x9E3779B97F4A7C15 - (1 << 64)
MIXES: Final = ((30, 0xBF58476D1CE4E5B9 - (1 << 64)), (27, 0x94D049BB133111EB - (1 << 64)))


def white(start: int, frames: int, device: torch.device | str = "cpu") -> Tensor:
    """White noise of power one, double [frames], whose values depend on their numbers alone.

    Uniform: each number is scrambled as SplitMix64 does (G. Steele, D. Lea and C. Flood, "Fast
    splittable pseudorandom number generators", OOPSLA 2014), so that any stretch of the noise can
    be had without what came before.
    """
    word = torch.arange(start + 1, start + frames + 1, device=device) * GOLDEN
    for shift, factor in MIXES:
        word = (word ^ _shifted(word, shift)) * factor
    word = word ^ _shifted(word, 31)
    return word.double() * (math.sqrt(3) / (1 << 63))


def _shifted(word: Tensor, bits: int) -> Tensor:
    """To the right, zeros coming in."""
    return (word >> bits) & ((1 << (64 - bits)) - 1)


def _banded(spread: Tensor, frames: int, rate: int, start: int) -> Tensor:
    """Noise of power one [B, frames] under a Gaussian whose half power is at ``spread`` [B] Hz."""
    widest = math.sqrt(math.log(2)) / (2 * math.pi * NARROWEST)
    reach = math.ceil(DEVIATIONS * widest * rate)
    deviation = math.sqrt(math.log(2)) / (2 * math.pi * spread.double()) * rate
    apart = torch.arange(-reach, reach + 1, device=spread.device).double()
    kernel = torch.exp(-(apart / deviation[:, None]).square() / 2)
    kernel = kernel / kernel.square().sum(-1, keepdim=True).sqrt()
    source = white(start - reach, frames + 2 * reach, spread.device)
    size = len(source) + 2 * reach
    product = torch.fft.rfft(source, size) * torch.fft.rfft(kernel, size)
    noise: Tensor = torch.fft.irfft(product, size)[:, 2 * reach : 2 * reach + frames]
    return noise


def _noise(samples: Tensor, values: Values, rate: int, start: int = 0) -> Tensor:
    noise = _banded(values["spread"], samples.shape[-1], rate, start).to(samples)[:, None]
    level = 10 ** (column(values, "level") / 20)
    noisy: Tensor = samples * (1 + level * noise) / torch.sqrt(1 + level * level)
    return noisy


NOISE: Final = Effect(
    "noise",
    (
        Parameter("level", "dB", QUIETEST, 12.0, QUIETEST),
        Parameter("spread", "Hz", NARROWEST, WIDEST, 2e3, log=True, amount=False),
    ),
    in_pieces(_noise, nothing),
    nothing,
)
"""Noise times the sound added to it, at a level re the sound; power kept. The modulated noise
reference unit (ITU-T P.810): noise with the sound's own envelope, and its own spectrum smeared by
``spread`` on either side, up to white. All channels share one noise, so that width stays and mono
stays mono."""
