"""Rendered tracks become a mix: balance, place, room, and a loudness that is the same everywhere.

Each track is brought to the loudness of its role and put in its place (`balance`), goes through
one linear strip of equaliser and room (`strip`), and all share the gain of one bus compressor
(`bus`): so the stems add up to what the master chain (`master`) is given, a gain and a true-peak
limiter that meet the loudness asked for.
"""

from sonolume.music.mixdown.mixing import MixReport, mix, mixdown
from sonolume.music.mixdown.settings import MixSettings
from sonolume.music.parts import Role

__all__ = ["MixReport", "MixSettings", "Role", "mix", "mixdown"]
