"""How soon a sound dies away: falls of level within each band made steeper, or slower.

The steep side takes a room away as K. Lebart, J. Boucher and P. Denbigh do ("A new method based on
spectral subtraction for speech dereverberation", Acta Acustica 87, 2001): what a band held a moment
ago says how much of what it holds now rings on. Here no decay time of the room is assumed, and what
does not fall stays as it is.
"""

from __future__ import annotations

from typing import Final

import torch
from torch import Tensor
from torch.nn import functional as F

from sonolume.signal.rack.effect import Effect, Parameter, Values, column
from sonolume.signal.rack.neighbours import neighbourhood
from sonolume.signal.rack.overlap import OVERLAP, frame_size, with_gains
from sonolume.signal.rack.pieces import in_pieces

__all__ = ["DAMPER", "fallen"]

SECONDS: Final = 0.032  # of a frame
LAG: Final = 5  # frames of the same hop; nearer ones share samples, and hold the sound itself
PAST: Final = 20  # frames before those whose mean is what rang
NEIGHBOURS: Final = 1 / 6  # octave on either side
FEWEST: Final = 2  # bins on either side
MOST: Final = 0.1  # of what rang: further falls count as this one, so that silence stays natural
QUIETEST: Final = 1e-12  # power of a bin, below which nothing falls


def fallen(power: Tensor) -> Tensor:
    """How far powers [B, T, F] lie below those of 40 to 200 ms ago: 1, not at all, to 0.1.

    Powers are means of a sixth of an octave on either side, so that single bins of a noise, which
    come and go, do not seem to fall.
    """
    level = neighbourhood(power, NEIGHBOURS, FEWEST) + QUIETEST
    before = F.pad(level.cumsum(1), (0, 0, LAG + PAST, 0))
    frames = level.shape[1]
    newer, older = before[:, PAST : PAST + frames], before[:, :frames]
    rang = (newer - older).clamp(min=0) / PAST
    share: Tensor = (level / torch.maximum(level, rang)).clamp(min=MOST).to(power)
    return share


def _damped(samples: Tensor, values: Values, rate: int, start: int = 0) -> Tensor:
    depth = column(values, "depth")
    return with_gains(
        samples, frame_size(rate, SECONDS), start, lambda power: fallen(power) ** depth
    )


def _past(values: Values, rate: int) -> int:  # noqa: ARG001 (all effects share one signature)
    size = frame_size(rate, SECONDS)
    return size + (LAG + PAST) * (size // OVERLAP)


def _frame(values: Values, rate: int) -> int:  # noqa: ARG001 (all effects share one signature)
    return frame_size(rate, SECONDS)


DAMPER: Final = Effect(
    "damper",
    (Parameter("depth", "", -0.5, 2.0, 0.0),),
    in_pieces(_damped, _past, _frame),
    _past,
    ahead=_frame,
)
"""Amplitudes times `fallen` to the power of ``depth``: 0.5 turns a fall of 6 dB into one of 12,
−0.5 fills it up; at depth 1 at most 20 dB are taken. All channels share one gain, so that places
stay."""
