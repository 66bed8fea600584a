"""All effects by name."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from sonolume.signal.rack.contrast import CONTRAST
from sonolume.signal.rack.damper import DAMPER
from sonolume.signal.rack.delay import DELAY
from sonolume.signal.rack.distortion import CRUSH, SATURATION
from sonolume.signal.rack.dynamics import COMPRESSOR, TRANSIENTS
from sonolume.signal.rack.effect import Effect
from sonolume.signal.rack.filters import EQUALISER, HIGH_PASS, LOW_PASS, SHELVES, TILT
from sonolume.signal.rack.modulation import CHORUS, TREMOLO
from sonolume.signal.rack.noise import NOISE
from sonolume.signal.rack.reverb import REVERB
from sonolume.signal.rack.stereo import GAIN, WIDTH

__all__ = ["RACK"]

RACK: Final[Mapping[str, Effect]] = MappingProxyType(
    {
        effect.name: effect
        for effect in (
            CONTRAST,
            DAMPER,
            HIGH_PASS,
            LOW_PASS,
            TILT,
            SHELVES,
            EQUALISER,
            COMPRESSOR,
            TRANSIENTS,
            SATURATION,
            CRUSH,
            NOISE,
            CHORUS,
            TREMOLO,
            DELAY,
            REVERB,
            WIDTH,
            GAIN,
        )
    }
)
"""Every effect, in the order in which an engineer would patch them; chains may have any order."""
