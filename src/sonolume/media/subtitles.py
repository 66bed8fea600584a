"""Timed text as subtitle files: SubRip (.srt) and WebVTT (.vtt, W3C)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

__all__ = ["Cue", "srt", "vtt"]


@dataclass(frozen=True)
class Cue:
    """A text that is shown from ``start`` to ``end`` (seconds, 0 or later)."""

    start: float
    end: float
    text: str


def srt(cues: Iterable[Cue]) -> str:
    """A SubRip file: numbered from 1, times with a decimal comma, a blank line after each text.

    The format knows no escapes, so an arrow in a text, which would read as a time, is redrawn.
    Cues without text are left out.
    """
    return "".join(
        f"{number}\n{_times(cue, ',')}\n{_line(cue.text).replace('-->', '→')}\n\n"
        for number, cue in enumerate(_with_text(cues), 1)
    )


def vtt(cues: Iterable[Cue]) -> str:
    """A WebVTT file; ``&``, ``<`` and ``>`` are escaped, which the arrow needs as well.

    Cues without text are left out.
    """
    return "WEBVTT\n\n" + "".join(
        f"{_times(cue, '.')}\n{_escaped(_line(cue.text))}\n\n" for cue in _with_text(cues)
    )


def _with_text(cues: Iterable[Cue]) -> list[Cue]:
    return [cue for cue in cues if _line(cue.text)]


def _line(text: str) -> str:
    """One line: a blank one would end the cue."""
    return " ".join(text.split())


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _times(cue: Cue, mark: str) -> str:
    """Both formats want the end behind the start."""
    start = round(cue.start * 1000)
    end = max(round(cue.end * 1000), start + 1)
    return f"{_time(start, mark)} --> {_time(end, mark)}"


def _time(milliseconds: int, mark: str) -> str:
    seconds, rest = divmod(milliseconds, 1000)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02}:{minutes:02}:{seconds:02}{mark}{rest:03}"
