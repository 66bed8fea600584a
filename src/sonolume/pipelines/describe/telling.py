"""Descriptions as text: JSON, subtitles, and lines for people."""

import json
from collections.abc import Iterable, Iterator
from typing import Final, Literal

from sonolume.errors import OptionError
from sonolume.media.subtitles import Cue, srt, vtt
from sonolume.pipelines.describe.description import Description
from sonolume.pipelines.describe.keywords import Keyword

Format = Literal["json", "srt", "vtt", "txt"]
FORMATS: Final[tuple[Format, ...]] = ("json", "srt", "vtt", "txt")


def tell(description: Description, format: Format) -> str:  # noqa: A002  the option's name
    """A description in one of the `FORMATS`, ending in a newline.

    Raises OptionError for subtitles of a picture.
    """
    match format:
        case "json":
            return json.dumps(description.to_json(), ensure_ascii=False) + "\n"
        case "txt":
            return "".join(f"{line}\n" for line in lines(description))
    if description.kind == "picture":
        raise OptionError(f"{description.file}: a picture has no timeline; {format} is for sounds")
    cues = [Cue(s.start, s.end, s.text) for s in description.timeline]
    return srt(cues) if format == "srt" else vtt(cues)


def lines(description: Description) -> Iterator[str]:
    """Plain lines: what it is, the caption, the keywords, and the timeline."""
    yield f"{description.file or 'in memory'}: {description.kind}"
    if description.caption:
        yield f"  {description.caption}"
    yield f"  {shares(description.keywords)}"
    for segment in description.timeline:
        said = f"  {segment.caption}" if segment.caption else ""
        times = f"{clock(segment.start)} - {clock(segment.end)}"
        yield f"  {times}{said}  {shares(segment.keywords)}"


def shares(keywords: Iterable[Keyword]) -> str:
    """Terms with their probabilities in per cent."""
    return ", ".join(f"{k.term} {k.probability:.0%}" for k in keywords) or "nothing sure enough"


def clock(seconds: float) -> str:
    """Hours, minutes, seconds and tenths; hours only when there are any."""
    tenths = round(10 * seconds)
    hours, rest = divmod(tenths, 36_000)
    minutes, rest = divmod(rest, 600)
    short = f"{minutes:02}:{rest // 10:02}.{rest % 10}"
    return f"{hours}:{short}" if hours else short
