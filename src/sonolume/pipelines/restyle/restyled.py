"""What `restyle` gives: the sound, and why it sounds so."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sonolume.correspondence.delta import Delta
from sonolume.correspondence.targets import Targets
from sonolume.media import Audio
from sonolume.pipelines.restyle.rendering import Rendering
from sonolume.signal.kept import Kept

__all__ = ["Applied", "Redrawn", "Restyled"]


@dataclass(frozen=True)
class Applied:
    """An effect that was applied.

    Attributes:
        name: in the rack.
        amount: 0 to 1 of the range that a restyle uses.
        settings: every control, in its unit.
        doc: what it does, for people.
    """

    name: str
    amount: float
    settings: Mapping[str, float]
    doc: str


@dataclass(frozen=True, eq=False)
class Redrawn:
    """That a generator drew a sound again.

    Attributes:
        noise_level: as asked for.
        noise_level_used: what of it the structure could bear; 0 where it is the sound itself.
        evidence: −1 to 1 of each pair of opposed style words that it was told.
        words: those that were meant most plainly.
        generator: which it was, JSON values.
    """

    noise_level: float
    noise_level_used: float
    evidence: Mapping[str, float]
    words: tuple[str, ...]
    generator: Mapping[str, Any]


@dataclass(frozen=True, eq=False)
class Restyled:
    """A restyled sound.

    Attributes:
        rendering: the sound and its chain.
        delta: how the picture changed.
        targets: how the sound should change.
        moved: just clear steps by which each cue did, on the excerpts that were listened to.
        effects: in their order; none where the sound is as it was.
        kept: how much of the structure is left, at the strength used.
        strength: as asked for.
        strength_used: what of it the structure could bear.
        lost: what of the structure the whole strength, or the whole noise level, would have broken.
        redrawn: None unless a generator drew it.
    """

    rendering: Rendering
    delta: Delta
    targets: Targets
    moved: dict[str, float]
    effects: tuple[Applied, ...]
    kept: Kept
    strength: float
    strength_used: float
    lost: tuple[str, ...]
    redrawn: Redrawn | None = None

    @property
    def provenance(self) -> dict[str, Any]:
        """How it was made, JSON values."""
        return self.rendering.provenance

    @property
    def explanation(self) -> tuple[str, ...]:
        """A line for every cue that was to move, the largest first."""
        return self.targets.explanations

    def audio(self) -> Audio:
        """The sound in memory."""
        return self.rendering.audio()

    def save(self, path: Path | str, *, force: bool = False) -> None:
        """Write the sound in bounded memory; see `Rendering.save`."""
        self.rendering.save(path, force=force)
