"""What `play` has made ready: instruments for every track of a score, to be heard or written."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sonolume.media import Audio
from sonolume.music.kit import Instrument, Kit
from sonolume.music.mixdown import MixReport, mix, mixdown
from sonolume.music.parts import Role
from sonolume.music.scene import Scene
from sonolume.music.score import Score
from sonolume.pipelines.play.settings import PlaySettings


@dataclass(frozen=True)
class Part:
    """Who plays a track, and what of it.

    Attributes:
        name: the track's.
        role: drums, bass, guitar, keys, lead or pad.
        source: names of the sounds that the instrument is made of.
        instrument: its name in the kit; None where nothing can play the track.
        notes: how many.
        lowest, highest: keys that sound, after folding.
        folded: notes that were moved by octaves into the instrument's range.
        why: one short sentence.
    """

    name: str
    role: Role
    source: str
    instrument: str | None
    notes: int
    lowest: int
    highest: int
    folded: int
    why: str


@dataclass(frozen=True, eq=False)
class Performance:
    """A score and those who play it.

    Attributes:
        scene: what was seen.
        score: what is played, folded into the instruments' ranges.
        instruments: by index of the track.
        parts: one for each track, in their order.
        kit: every instrument once.
        settings: as asked for.
        provenance: how it was made, JSON values.
    """

    scene: Scene
    score: Score
    instruments: Mapping[int, Instrument]
    parts: tuple[Part, ...]
    kit: Kit
    settings: PlaySettings
    provenance: dict[str, Any]

    def save(
        self, path: Path | str, *, stems: Path | str | None = None, force: bool = False
    ) -> MixReport:
        """Play into a file, in bounded memory; see `music.mixdown.mixdown`."""
        return mixdown(
            self.score,
            self.instruments,
            path,
            roles=self._roles,
            settings=self.settings.mix(),
            stems=stems,
            provenance=self.provenance,
            force=force,
        )

    def audio(self) -> Audio:
        """The sound in memory; MediaError for more than half an hour."""
        sound, _ = mix(
            self.score, self.instruments, roles=self._roles, settings=self.settings.mix()
        )
        return Audio(sound.samples, sound.rate, self.provenance)

    @property
    def _roles(self) -> dict[int, Role]:
        return {index: self.parts[index].role for index in self.instruments}
