"""The effect rack: what an engineer turns, differentiable from end to end.

>>> from sonolume.signal.rack import Chain, render
>>> chain = Chain.of([("low-pass", {"cutoff": 900.0}), ("reverb", {"wet": 0.3, "decay": 2.0})])
>>> render(sound, chain).save("after.wav")  # doctest: +SKIP
"""

from sonolume.signal.rack.chain import Chain, Step, process
from sonolume.signal.rack.effect import Effect, Parameter
from sonolume.signal.rack.rack import RACK
from sonolume.signal.rack.render import render, render_blocks

__all__ = [
    "RACK",
    "Chain",
    "Effect",
    "Parameter",
    "Step",
    "process",
    "render",
    "render_blocks",
]
