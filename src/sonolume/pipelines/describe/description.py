"""What `describe` answers with."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sonolume.pipelines.describe.keywords import Keyword, Kind

SILENCE = "silence"  # measured, not guessed: its probability is 1


@dataclass(frozen=True)
class Segment:
    """A stretch of a sound, `start` to `end` in seconds, that is described as one."""

    start: float
    end: float
    caption: str | None
    keywords: tuple[Keyword, ...]

    def to_json(self) -> dict[str, Any]:
        """JSON values only; times in milliseconds' precision."""
        return {
            "start": round(self.start, 3),
            "end": round(self.end, 3),
            "caption": self.caption,
            "keywords": _told(self.keywords),
        }

    @property
    def text(self) -> str:
        """The caption, or the keywords where there is none."""
        return self.caption or ", ".join(keyword.term for keyword in self.keywords)


@dataclass(frozen=True)
class Description:
    """A sound or a picture in words.

    `file` names it as it was given, None for one in memory. `caption` is None where nobody writes
    captions. The `timeline` covers a sound from 0 to its end; a picture has none.
    """

    file: str | None
    kind: Kind
    caption: str | None
    keywords: tuple[Keyword, ...]
    timeline: tuple[Segment, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """file, kind, caption, keywords [{term, probability}], timeline [{start, end, ...}]."""
        return {
            "file": self.file,
            "kind": self.kind,
            "caption": self.caption,
            "keywords": _told(self.keywords),
            "timeline": [segment.to_json() for segment in self.timeline],
        }

    @property
    def is_silent(self) -> bool:
        """Whether nothing is heard from start to end."""
        return self.keywords == (Keyword(SILENCE, 1.0),)


def _told(keywords: Iterable[Keyword]) -> list[dict[str, Any]]:
    return [{"term": k.term, "probability": round(k.probability, 4)} for k in keywords]
