"""Spectral contrast: what stands out of its neighbourhood in the spectrum, and what does not.

More of it turns noise down, as spectral subtraction does; less fills the gaps between partials and
makes any sound noisier (compare A. Simpson, B. Moore and B. Glasberg, "Spectral enhancement to
improve the intelligibility of speech in noise for hearing-impaired listeners", Acta
Oto-Laryngologica 109, 1990).
"""

from __future__ import annotations

from typing import Final

from torch import Tensor

from sonolume.signal.rack.effect import Effect, Parameter, Values, column
from sonolume.signal.rack.neighbours import neighbourhood
from sonolume.signal.rack.overlap import frame_size, with_gains
from sonolume.signal.rack.pieces import in_pieces

__all__ = ["CONTRAST", "wiener"]

SECONDS: Final = 0.064  # of a frame
NEIGHBOURS: Final = 1 / 3  # octave on either side
FEWEST: Final = 3  # bins on either side
QUIETEST: Final = 1e-12  # power of a bin, below which nothing is told apart


def wiener(power: Tensor) -> Tensor:
    """P / (P + M) of powers [..., F] and the mean M of a third of an octave on either side.

    The gain of N. Wiener (1949) where the neighbourhood is taken for the noise: about 1/2 in flat
    noise, nearly one for a partial, the less the further a bin lies below its neighbours.
    """
    mean = neighbourhood(power, NEIGHBOURS, FEWEST).to(power)
    share: Tensor = (power + QUIETEST) / (power + mean + QUIETEST)
    return share


def _contrast(samples: Tensor, values: Values, rate: int, start: int = 0) -> Tensor:
    depth = column(values, "depth")
    return with_gains(
        samples, frame_size(rate, SECONDS), start, lambda power: wiener(power) ** depth
    )


def _frame(values: Values, rate: int) -> int:  # noqa: ARG001 (all effects share one signature)
    return frame_size(rate, SECONDS)


CONTRAST: Final = Effect(
    "contrast",
    (Parameter("depth", "", -0.5, 3.0, 0.0),),
    in_pieces(_contrast, _frame, _frame),
    _frame,
    ahead=_frame,
)
"""A Wiener gain (`wiener`) in frames of 64 ms, raised to ``depth``: 1 is noise reduction as usual,
more takes noise itself apart into its peaks; −0.5 raises each power P to P + M, which leaves no gap
in the spectrum. All channels share one gain, so that places stay."""
