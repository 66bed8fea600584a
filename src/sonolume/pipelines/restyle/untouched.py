"""A restyle that changes nothing."""

from typing import Final

from sonolume.correspondence.delta import Delta
from sonolume.correspondence.targets import Targets
from sonolume.pipelines.restyle.recording import Recording
from sonolume.pipelines.restyle.rendering import Rendering
from sonolume.pipelines.restyle.restyled import Restyled
from sonolume.signal.kept import Kept
from sonolume.signal.rack import Chain

__all__ = ["WHOLE", "untouched"]

WHOLE: Final = Kept(1.0, 1.0, 1.0, 1.0)


def untouched(recording: Recording, change: Delta, wanted: Targets, strength: float) -> Restyled:
    """The sound itself, bit for bit."""
    rendering = Rendering(recording, Chain(), recording.frames, False, {})
    still = dict.fromkeys(wanted.values, 0.0)
    return Restyled(rendering, change, wanted, still, (), WHOLE, strength, strength, ())
