"""Subtitle files, read back by grammars written from the specifications."""

from __future__ import annotations

import html
import re

import pytest

from sonolume.media.subtitles import Cue, srt, vtt

# WebVTT, section 4: hours of two or more digits, then minutes and seconds of two, a full stop and
# three digits; the payload has neither "-->" nor a blank line, and no bare "&" or "<".
VTT_CUE = re.compile(
    r"(\d{2,}):([0-5]\d):([0-5]\d)\.(\d{3}) --> (\d{2,}):([0-5]\d):([0-5]\d)\.(\d{3})\n"
    r"((?:(?!-->)[^\n])+)\n\n"
)
SRT_CUE = re.compile(
    r"(\d+)\n(\d{2,}):([0-5]\d):([0-5]\d),(\d{3}) --> (\d{2,}):([0-5]\d):([0-5]\d),(\d{3})\n"
    r"((?:(?!-->)[^\n])+)\n\n"
)

CUES = [
    Cue(0.0, 4.9996, "Rain & thunder"),
    Cue(4.9996, 65.25, "a < b --> c > d"),
    Cue(3599.9999, 360_000.0, "  two\nlines\r\n\r\nand a gap "),
    Cue(360_000.0, 360_000.0001, "short"),
]


def seconds(parts: tuple[str, ...]) -> float:
    hours, minutes, whole, rest = map(int, parts)
    return hours * 3600 + minutes * 60 + whole + rest / 1000


def read(page: str, grammar: re.Pattern[str], skip: int) -> list[tuple[float, float, str]]:
    assert "".join(m.group() for m in grammar.finditer(page)) == page.removeprefix("WEBVTT\n\n")
    rows = [match.groups() for match in grammar.finditer(page)]
    return [(seconds(r[skip : skip + 4]), seconds(r[skip + 4 : skip + 8]), r[-1]) for r in rows]


def test_vtt_follows_its_grammar() -> None:
    page = vtt(CUES)
    assert page.startswith("WEBVTT\n\n")
    found = read(page, VTT_CUE, 0)
    assert [(a, b) for a, b, _ in found[:2]] == [(0.0, 5.0), (5.0, 65.25)]
    assert [html.unescape(text) for *_, text in found] == [
        "Rain & thunder", "a < b --> c > d", "two lines and a gap", "short"
    ]  # fmt: skip
    assert all(end > start for start, end, _ in found)
    assert not re.search(r"&(?!amp;|lt;|gt;)|<", page.replace("-->", ""))


def test_srt_follows_its_grammar() -> None:
    page = srt(CUES)
    numbers = [int(m.group(1)) for m in SRT_CUE.finditer(page)]
    assert numbers == [1, 2, 3, 4]
    found = read(page, SRT_CUE, 1)
    assert [text for *_, text in found] == [
        "Rain & thunder", "a < b → c > d", "two lines and a gap", "short"
    ]  # fmt: skip
    assert found[2][:2] == (3600.0, 360_000.0)


@pytest.mark.parametrize("text", ["", "  ", "\n\r\n"])
def test_a_cue_without_text_is_left_out(text: str) -> None:
    cues = [Cue(0, 1, text), Cue(1, 2, "rain")]
    assert srt(cues).startswith("1\n00:00:01,000 --> ")
    assert vtt(cues).count("-->") == 1
    assert srt([]) == ""
    assert vtt([]) == "WEBVTT\n\n"
