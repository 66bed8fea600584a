"""Instruments play scores: sampled sound at the pitch, loudness and time of every note.

A region's sample is resampled once for each key that plays it (`pitched`); a note is then a slice
of that table under its envelope. Bends and vibrato read the table at moving places
(`interpolation`). Voices are chosen note by note (`voices`) and added block by block (`track`), so
a score of any length plays in bounded memory, and the length of a block changes nothing.
"""

from sonolume.music.sampler.ensemble import render
from sonolume.music.sampler.pitched import TableCache
from sonolume.music.sampler.track import render_track

__all__ = ["TableCache", "render", "render_track"]
