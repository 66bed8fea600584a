"""MusicXML and ABC against what is written in them."""

from __future__ import annotations

import sys
import zipfile
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest

from sonolume.errors import DataError, OptionError
from sonolume.music.scores import notation
from sonolume.music.scores.read import read_score

DOCTYPE = (
    '<!DOCTYPE score-partwise PUBLIC "-//Recordare//DTD MusicXML 4.0 Partwise//EN" '
    '"http://www.musicxml.org/dtds/partwise.dtd">'
)
HEAD = '<?xml version="1.0" encoding="UTF-8"?>'


def note(step: str, octave: int, duration: int, more: str = "") -> str:
    pitch = f"<pitch><step>{step}</step><octave>{octave}</octave></pitch>"
    return f"<note>{pitch}<duration>{duration}</duration>{more}</note>"


def xml(*measures: str, doctype: str = DOCTYPE, attributes: str = "", part: str = "") -> bytes:
    first = (
        "<attributes><divisions>2</divisions><time><beats>4</beats><beat-type>4</beat-type></time>"
        f'{attributes}</attributes><direction><sound tempo="90"/></direction>'
    )
    bars = "".join(
        f'<measure number="{n}">{first if n == 1 else ""}{bar}</measure>'
        for n, bar in enumerate(measures, 1)
    )
    text = (
        f"{HEAD}{doctype}<score-partwise><work><work-title>Prüfung</work-title></work>"
        f'<part-list><score-part id="P1"><part-name>Oboe</part-name>{part}</score-part></part-list>'
        f'<part id="P1">{bars}</part></score-partwise>'
    )
    return text.encode()


def mxl(members: dict[str, bytes]) -> bytes:
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return buffer.getvalue()


def container(path: str) -> bytes:
    return f'<container><rootfiles><rootfile full-path="{path}"/></rootfiles></container>'.encode()


SCALE = note("C", 4, 2) + note("E", 4, 2) + note("G", 4, 4)


def test_notes_and_time_of_musicxml(tmp_path: Path) -> None:
    path = tmp_path / "a.musicxml"
    path.write_bytes(xml(SCALE, note("C", 5, 8)))
    score = read_score(path)
    notes = score.tracks[0].notes
    assert notes.key.tolist() == [60, 64, 67, 72]
    # Quarters of 2/3 s.
    np.testing.assert_allclose(notes.start, np.array([0, 1, 2, 4]) * 2 / 3, atol=1e-9)
    np.testing.assert_allclose(notes.end, np.array([1, 2, 4, 8]) * 2 / 3, atol=1e-9)
    assert (score.title, score.tempo, score.tracks[0].name) == ("Prüfung", 90.0, "Oboe")
    assert (score.meters[0].beats, score.meters[0].unit) == (4, 4)


def test_ties_join_and_repeats_repeat() -> None:
    tied = note("C", 4, 8, '<tie type="start"/>')
    end = note("C", 4, 8, '<tie type="stop"/>')
    back = '<barline location="right"><repeat direction="backward"/></barline>'
    score = notation.read_musicxml(xml(tied, end + back))
    np.testing.assert_allclose(score.tracks[0].notes.start, [0, 16 / 3])
    np.testing.assert_allclose(score.tracks[0].notes.end, [16 / 3, 32 / 3])


def test_transposing_parts_sound_as_they_sound() -> None:
    clarinet = "<transpose><diatonic>-1</diatonic><chromatic>-2</chromatic></transpose>"
    score = notation.read_musicxml(xml(SCALE, attributes=clarinet))
    assert score.tracks[0].notes.key.tolist() == [58, 62, 65]


def test_chords_and_graces() -> None:
    third = note("E", 4, 4).replace("<note>", "<note><chord/>")
    grace = "<note><grace/><pitch><step>D</step><octave>4</octave></pitch></note>"
    score = notation.read_musicxml(xml(note("C", 4, 4) + third + grace + note("C", 4, 4)))
    assert score.tracks[0].notes.key.tolist() == [60, 64, 62, 60]
    # An eighth of a quarter before the third beat.
    assert score.tracks[0].notes.start[2] == pytest.approx((2 - 1 / 8) * 2 / 3)


def drum(instrument: str = "") -> str:
    named = f'<instrument id="{instrument}"/>' if instrument else ""
    return (
        "<note><unpitched><display-step>C</display-step><display-octave>5</display-octave>"
        f"</unpitched><duration>2</duration>{named}</note>"
    )


@pytest.mark.parametrize("channel", ["<midi-channel>10</midi-channel>", ""])
def test_drums_have_the_keys_that_the_part_names(channel: str) -> None:
    part = "".join(
        f'<score-instrument id="{name}"><instrument-name>{name}</instrument-name>'
        "</score-instrument>"
        for name in ("Kick", "Hat")
    ) + "".join(
        f'<midi-instrument id="{name}">{channel}<midi-unpitched>{number}</midi-unpitched>'
        "</midi-instrument>"
        for name, number in (("Kick", 37), ("Hat", 43))
    )
    score = notation.read_musicxml(xml(drum("Hat") + drum("Kick") + drum() + drum("x"), part=part))
    assert [(t.drums, t.notes.key.tolist()) for t in score.tracks] == [(True, [42, 36, 36, 36])]
    unnamed = notation.read_musicxml(xml(drum() * 4))
    assert [(t.drums, t.notes.key.tolist()) for t in unnamed.tracks] == [(True, [38] * 4)]


def test_programs() -> None:
    part = (
        '<score-instrument id="P1-I1"><instrument-name>Thing</instrument-name></score-instrument>'
        '<midi-instrument id="P1-I1"><midi-channel>1</midi-channel><midi-program>74</midi-program>'
        "</midi-instrument>"
    )
    assert notation.read_musicxml(xml(SCALE, part=part)).tracks[0].program == 73


@pytest.mark.parametrize("with_container", [True, False])
def test_compressed_musicxml(tmp_path: Path, with_container: bool) -> None:
    members = {"META-INF/container.xml": container("in/a.xml")} if with_container else {}
    path = tmp_path / "a.mxl"
    path.write_bytes(mxl(members | {"in/a.xml": xml(SCALE)}))
    assert read_score(path).tracks[0].notes.key.tolist() == [60, 64, 67]


def abc(body: str) -> bytes:
    return f"X:1\nT:Lied\nM:4/4\nL:1/4\nQ:1/4=120\nK:C\n{body}\n".encode()


@pytest.mark.parametrize(
    ("body", "keys", "quarters"),
    [
        ("CDEF | GABc | c4 |]", [60, 62, 64, 65, 67, 69, 71, 72, 72], 12),
        ("|: CDEF :|", [60, 62, 64, 65] * 2, 8),
        ("|: CDEF | GABc :|", [60, 62, 64, 65, 67, 69, 71, 72] * 2, 16),
        ("|: CD |1 GA :|2 cB |]", [60, 62, 67, 69, 60, 62, 72, 71], 8),
        ("C D", [60, 62], 2),
        ("C2- C2 | ^F _B, z c' | D4 |]", [60, 66, 58, 84, 62], 12),
    ],
)  # fmt: skip
def test_abc(tmp_path: Path, body: str, keys: list[int], quarters: float) -> None:
    path = tmp_path / "a.abc"
    path.write_bytes(abc(body))
    score = read_score(path)
    assert score.tracks[0].notes.key.tolist() == keys
    assert score.duration == pytest.approx(quarters / 2)
    assert score.title == "Lied"


def test_abc_takes_the_first_tune() -> None:
    two = abc("CDEF | GABc | c4 |]") + b"\n" + abc("cccc | cccc | cccc |]").replace(b"X:1", b"X:2")
    assert notation.read_abc(two).tracks[0].notes.key.tolist()[:4] == [60, 62, 64, 65]


LAUGHS = (
    '<!DOCTYPE score-partwise [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]>'
)  # fmt: skip
OUTSIDE = '<!DOCTYPE score-partwise [<!ENTITY a SYSTEM "file:///etc/passwd">]>'
HUGE = xml(note("C", 4, 2) * 3).replace(b"<divisions>2<", b"<divisions>1e99<")
XML_REFUSED = {
    "entities": (xml(SCALE, doctype=LAUGHS), "entities are refused"),
    "files outside": (xml(SCALE, doctype=OUTSIDE), "entities are refused"),
    "not XML": (b"<score-partwise><part>", "not proper XML"),
    "another root": (b"<html/>", "XML of <html>"),
    "timewise": (b"<score-timewise/>", "timewise"),
    "huge numbers": (HUGE, "at most 100000"),
    "endless note": (xml(note("C", 4, 2048)), "1024 quarter notes"),
    "endless rest": (
        xml(SCALE, attributes="<measure-style><multiple-rest>9999</multiple-rest></measure-style>"),
        "multiple-rest>: 9999",
    ),
    "many notes": (xml("<note/>" * (notation.MAX_NOTES + 1)), "20001 notes"),
    "many elements": (b"<a>" + b"<b/>" * notation.MAX_ELEMENTS, "more than 1000000 XML"),
    "no tempo": (xml(SCALE).replace(b'tempo="90"', b'tempo="0.01"'), "a tempo of"),
    "no pitch": (xml(SCALE).replace(b"<step>C<", b"<step>H<"), "cannot be understood"),
}  # fmt: skip


@pytest.mark.parametrize("case", XML_REFUSED)
def test_musicxml_refused(case: str) -> None:
    data, reason = XML_REFUSED[case]
    with pytest.raises(DataError, match=f"^song.xml: .*{reason}"):
        notation.read_musicxml(data, "song.xml")


BOMB = b"<score-partwise>" + b" " * (notation.MAX_BYTES + 1)
ARCHIVES_REFUSED = {
    "bomb": (mxl({"a.xml": BOMB}), "above 16384 KiB"),
    "climbing": (mxl({"META-INF/container.xml": container("../../a.xml")}), "not in it"),
    "absolute": (mxl({"META-INF/container.xml": container("/etc/passwd")}), "not in it"),
    "climbing member": (
        mxl({"META-INF/container.xml": container("../a.xml"), "../a.xml": xml(SCALE)}),
        "not in it",
    ),
    "no score": (mxl({"a.txt": b"x"}), "without a score"),
    "many": (mxl({f"{n}.xml": b"" for n in range(1100)}), "1100 files"),
    "cut": (mxl({"a.xml": xml(SCALE)})[:200], "damaged archive"),
}


@pytest.mark.parametrize("case", ARCHIVES_REFUSED)
def test_archives_refused(case: str) -> None:
    data, reason = ARCHIVES_REFUSED[case]
    with pytest.raises(DataError, match=f"^song.mxl: .*{reason}"):
        notation.read_mxl(data, "song.mxl")


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (abc("C99999 | D | E |"), "more than three digits"),
        (abc("CDEF | GABc |").replace(b"M:4/4", b"M:90000/4"), "more than three digits"),
        (abc("C" * 2001), "more than 2000 notes"),
        (b"X:1\n" + b"a" * (257 << 10), "more than 256 KiB"),
        (b"X:1\nK:C\n", "cannot be understood|no notes"),
    ],
)
def test_abc_refused(data: bytes, reason: str) -> None:
    with pytest.raises(DataError, match=f"^song.abc: .*({reason})"):
        notation.read_abc(data, "song.abc")


def test_the_extra_is_named_where_it_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "music21", None)
    with pytest.raises(OptionError, match=r"pip install 'sonolume\[score\]'"):
        notation.read_abc(abc("C"))
