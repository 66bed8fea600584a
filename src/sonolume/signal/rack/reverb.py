"""A room: decaying noise in bands of frequency.

After C. Steinmetz, V. K. Ithapu and P. Calamia, "Filtered noise shaping for time domain room
impulse response estimation from reverberant speech" (WASPAA 2021): noise in bands, each with a
decay of its own, so that the sound is differentiable in decay and damping.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from sonolume.signal.rack.convolve import linear
from sonolume.signal.rack.effect import Parameter, Values, column

__all__ = ["REVERB", "decay_times", "impulse_response"]

SEED: Final = 20
EDGES: Final = (1000.0, 2000.0, 4000.0, 8000.0, 16000.0)  # Hz between the bands
CENTRES: Final = (*(edge / math.sqrt(2) for edge in EDGES), EDGES[-1] * math.sqrt(2))
SIXTY: Final = math.log(1000.0)
LENGTH: Final = 1.2  # of the decay time: 72 dB
SEGMENT: Final = 4096


@lru_cache(maxsize=2)
def _noise(rate: int, count: int) -> NDArray[np.float32]:
    """Noise in bands, float32 [2, 6, count · SEGMENT / 2]: middle and side, independent; the bands
    add up to white noise of variance one.

    It is made of overlapping segments, so that a longer room begins like a shorter one.
    """
    hertz = np.fft.rfftfreq(SEGMENT, 1 / rate)
    octave = np.log2(np.maximum(hertz, 1.0))
    # Steps of half an octave, as sines squared: neighbours add up to one.
    rises = [np.sin(np.pi / 2 * np.clip((octave - math.log2(e)) * 2 + 0.5, 0, 1)) for e in EDGES]
    above = [np.ones_like(hertz), *(rise**2 for rise in rises), np.zeros_like(hertz)]
    masks = -np.diff(np.stack(above), axis=0)
    white = np.random.default_rng(SEED).standard_normal((count + 1, 2, 1, SEGMENT))
    window = np.sin(np.pi * (np.arange(SEGMENT) + 0.5) / SEGMENT)
    segments = np.fft.irfft(np.fft.rfft(white) * masks, SEGMENT) * window
    joined = segments[1:, ..., : SEGMENT // 2] + segments[:-1, ..., SEGMENT // 2 :]
    bands = np.moveaxis(joined, 0, 2).reshape(2, len(masks), -1)
    return np.ascontiguousarray(bands, np.float32)


def decay_times(decay: Tensor, damping: Tensor) -> Tensor:
    """Seconds [B, 6] to fall by 60 dB: ``decay`` up to 1 kHz, above it shorter by f^−damping."""
    centres = torch.tensor(CENTRES, dtype=decay.dtype, device=decay.device) / EDGES[0]
    return decay[:, None] * centres.clamp(min=1.0) ** -damping[:, None]


def impulse_response(decay: Tensor, damping: Tensor, spread: Tensor, rate: int) -> Tensor:
    """[B, 2, N], each ear of energy one; both ears the same for spread 0, independent for 1."""
    frames = _frames(decay, rate)
    segments = -(-frames // (SEGMENT // 2))
    bands = _noise(rate, 1 << (segments - 1).bit_length())
    noise = torch.from_numpy(bands[..., :frames]).to(decay)
    time = torch.arange(frames, dtype=decay.dtype, device=decay.device) / rate
    fall = torch.exp(-SIXTY * time / decay_times(decay, damping)[..., None])
    middle, side = (torch.einsum("kn,bkn->bn", part, fall) for part in noise)
    angle = (spread * (math.pi / 4))[:, None]
    turned = torch.cos(angle) * middle, torch.sin(angle) * side
    ears = torch.stack([turned[0] + turned[1], turned[0] - turned[1]], dim=1)
    return ears / ears.square().sum(dim=-1, keepdim=True).sqrt()


def _frames(decay: Tensor, rate: int) -> int:
    return math.ceil(LENGTH * float(decay.detach().max()) * rate)


def _response(values: Values, size: int, rate: int, channels: int) -> Tensor:
    room = impulse_response(values["decay"], values["damping"], values["spread"], rate)
    room = room[:, :1] if channels == 1 else room[:, torch.arange(channels) % 2]
    angle = column(values, "wet") * (math.pi / 2)
    response: Tensor = torch.cos(angle) + torch.sin(angle) * torch.fft.rfft(room, size)
    return response


def _widens(values: Values) -> bool:
    return bool(((values["spread"] > 0) & (values["wet"] > 0)).any())


REVERB: Final = linear(
    "reverb",
    (
        Parameter("wet", "", 0.0, 1.0, 0.0),
        Parameter("decay", "s", 0.1, 8.0, 1.2, log=True, amount=False),
        Parameter("damping", "", 0.0, 1.0, 0.4, amount=False),
        Parameter("spread", "", 0.0, 1.0, 0.0, amount=False),
    ),
    _response,
    lambda values, rate: _frames(values["decay"], rate),
    _widens,
)
"""cos(wet · 90°) of the sound and sin(wet · 90°) of the room, so that noise keeps its loudness.
A spread above zero gives a mono sound two ears."""
