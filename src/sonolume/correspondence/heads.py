"""The six heads of a restyled sound, and which of them the cues belong to."""

from __future__ import annotations

from typing import Final

from sonolume.signal.cues import CUES

__all__ = ["HEADS", "STRUCTURE", "STYLE", "cues_of"]

# Kept: when it sounds, which notes, and how loudness runs. Of energy, the overall level and the
# range may move; its contour may not.
STRUCTURE: Final = ("rhythm", "harmony", "energy")
# Moved.
STYLE: Final = ("timbre", "space", "texture")
HEADS: Final = (*STRUCTURE, *STYLE)


def cues_of(head: str) -> tuple[str, ...]:
    """The cues of a head; none for rhythm and harmony, which no rule may touch."""
    return tuple(cue.name for cue in CUES.values() if cue.head == head)
