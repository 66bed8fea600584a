"""MusicXML and ABC notation, checked before music21 sees them.

music21 builds every repeat, every measure of a multiple rest and every note, expands XML entities,
and keeps pickles of what it read. So entities, large counts and large numbers are refused here,
and its file readers, which keep the pickles, are never called.
"""

from __future__ import annotations

import re
import warnings
import zipfile
import zlib
from collections.abc import Callable
from importlib import import_module
from io import BytesIO
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any, Final

from sonolume.errors import DataError, OptionError
from sonolume.music.score import Score
from sonolume.music.scores.midi_chunks import MAX_BYTES
from sonolume.music.scores.notation_drums import name_drums

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

__all__ = ["read_abc", "read_musicxml", "read_mxl"]

MAX_ABC_BYTES: Final = 256 << 10
MAX_ELEMENTS: Final = 1_000_000
MAX_NOTES: Final = 20_000
# music21's time grows with the square of a tune's length: 7 s of CPU for 1,600 notes.
MAX_ABC_NOTES: Final = 2_000
MAX_MEMBERS: Final = 1000
MAX_CONTAINER: Final = 64 << 10
CONTAINER: Final = "META-INF/container.xml"
# The greatest numbers of elements and attributes that decide how much is built.
LIMITS: Final = {
    "divisions": 100_000, "duration": 10_000_000, "beats": 128, "beat-type": 128,
    "per-minute": 1000, "multiple-rest": 500, "measure-repeat": 8, "beat-repeat": 8,
    "actual-notes": 128, "normal-notes": 128, "chromatic": 127, "diatonic": 127,
    "octave-change": 10, "octave": 20, "alter": 12, "fifths": 24, "tremolo": 8,
    "staves": 8, "offset": 10_000_000,
}  # fmt: skip
ATTRIBUTE_LIMITS: Final = {"tempo": 1000, "times": 8, "size": 22, "dynamics": 1000}
LONGEST_NOTE: Final = 512  # quarter notes
ABC_NUMBER: Final = re.compile(rb"\d{4,}")
ABC_WORDS: Final = re.compile(rb"(?m)^[A-Za-z+]:.*$|%.*$|\"[^\"\n]*\"|![^!\n]*!")
ZIP_ERRORS: Final = (
    zipfile.BadZipFile, zlib.error, OSError, EOFError, ValueError, RuntimeError, LookupError,
)  # fmt: skip


def read_musicxml(data: bytes, where: str = "score") -> Score:
    """Read a MusicXML file in partwise form.

    Raises DataError for what is not MusicXML, declares entities, or holds more than 20,000 notes
    or numbers out of proportion; OptionError without the extra ``score``.
    """
    _needs("defusedxml")
    root = _xml(data, where)
    if root.tag == "score-timewise":
        raise DataError(f"{where}: timewise MusicXML; save it in the usual partwise form")
    if root.tag != "score-partwise":
        raise DataError(f"{where}: XML of <{str(root.tag)[:40]}>; expected <score-partwise>")
    _proportions(root, where)
    name_drums(root)

    def build() -> Any:
        importer = import_module("music21.musicxml.xmlToM21").MusicXMLImporter()
        importer.xmlRootToScore(root, importer.stream)
        return importer.stream

    return _built(build, where)


def read_mxl(data: bytes, where: str = "score") -> Score:
    """Read a compressed MusicXML file (.mxl).

    Raises DataError for a damaged or encrypted archive, one without a score, with a path out of
    it, or whose score is above 16 MiB; and as `read_musicxml` does.
    """
    _needs("defusedxml")
    try:
        with zipfile.ZipFile(BytesIO(data)) as archive:
            names = archive.namelist()
            if len(names) > MAX_MEMBERS:
                raise DataError(f"{where}: an archive of {len(names)} files")
            score = _member(archive, _score_name(archive, names, where), MAX_BYTES, where)
    except ZIP_ERRORS as error:
        raise DataError(f"{where}: a damaged archive ({error})") from None
    return read_musicxml(score, where)


def read_abc(data: bytes, where: str = "score") -> Score:
    """Read the first tune of an ABC file.

    Raises DataError for what is not ABC, is above 256 KiB or 2,000 notes, or has numbers of more
    than three digits in its music; OptionError without the extra ``score``.
    """
    _needs("music21")
    if len(data) > MAX_ABC_BYTES:
        raise DataError(f"{where}: ABC of more than {MAX_ABC_BYTES >> 10} KiB")
    tune = _first_tune(data)
    music = ABC_WORDS.sub(b"", tune)
    fields = b"\n".join(re.findall(rb"(?m)^[LMQ]:.*$", tune))
    if ABC_NUMBER.search(music) or ABC_NUMBER.search(fields):
        raise DataError(f"{where}: ABC with a number of more than three digits in its music")
    if len(re.findall(rb"[A-Ga-gz]", music)) > MAX_ABC_NOTES:
        raise DataError(f"{where}: an ABC tune of more than {MAX_ABC_NOTES} notes")
    text = tune.decode("utf-8", "replace").replace("\x00", " ")

    def build() -> Any:
        abc = import_module("music21.abcFormat")
        handler = abc.ABCFile().readstr(text)
        if not handler.definesMeasures():
            # Below two plain bar lines music21 drops the repeats; two bars of rest add them.
            handler = abc.ABCFile().readstr(f"{text}\n|z|z|\n")
        return abc.translate.abcToStreamScore(handler)

    return _built(build, where)


def _needs(module: str) -> None:
    try:
        import_module(module)
    except ImportError as error:
        raise OptionError(
            f"notation needs {module} ({error}): pip install 'sonolume[score]'"
        ) from None


def _xml(data: bytes, where: str) -> Element:
    from xml.etree.ElementTree import ParseError

    from defusedxml import DefusedXmlException
    from defusedxml.ElementTree import fromstring

    if data.count(b"<") > MAX_ELEMENTS:
        raise DataError(f"{where}: more than {MAX_ELEMENTS} XML elements")
    try:
        # A DOCTYPE naming the public DTD stands in most files and fetches nothing; one that
        # declares entities is refused.
        root: Element = fromstring(data, forbid_entities=True, forbid_external=True)
    except DefusedXmlException as error:
        raise DataError(f"{where}: XML entities are refused ({type(error).__name__})") from None
    except (ParseError, ValueError, LookupError, RecursionError) as error:
        raise DataError(f"{where}: not proper XML ({error})") from None
    return root


def _proportions(root: Element, where: str) -> None:
    """Refuse what would take music21 hours: counts first, then numbers."""
    notes, divisions = 0, 1.0
    for element in root.iter():
        tag = element.tag
        notes += tag == "note"
        if tag in LIMITS:
            value = _number(element.text, LIMITS[tag], f"{where}: <{tag}>")
            divisions = max(value, 1.0) if tag == "divisions" else divisions
            if tag == "duration" and value > LONGEST_NOTE * divisions:
                raise DataError(f"{where}: a note of {value / divisions:g} quarter notes")
        for name in element.attrib.keys() & ATTRIBUTE_LIMITS.keys():
            _number(element.attrib[name], ATTRIBUTE_LIMITS[name], f"{where}: {name} of <{tag}>")
    if notes > MAX_NOTES:
        raise DataError(f"{where}: {notes} notes; expected at most {MAX_NOTES}")


def _number(text: str | None, limit: float, where: str) -> float:
    """The number in a text, 0 where there is none (a count such as "3+2" is left to music21)."""
    try:
        value = float(text or 0)
    except ValueError:
        if len(text or "") > 12:
            raise DataError(f"{where}: {(text or '')[:40]!r} is no number") from None
        return 0.0
    if not abs(value) <= limit:
        raise DataError(f"{where}: {value:g}; expected at most {limit:g}")
    return value


def _score_name(archive: zipfile.ZipFile, names: list[str], where: str) -> str:
    """The score that the container names, or else the first XML file outside META-INF."""
    if CONTAINER in names:
        container = _xml(_member(archive, CONTAINER, MAX_CONTAINER, where), where)
        paths = [each.get("full-path", "") for each in container.iter() if _is_root(each)]
    else:
        paths = [
            name
            for name in names
            if name.lower().endswith((".xml", ".musicxml")) and not name.startswith("META-INF")
        ]
    if not paths or not paths[0]:
        raise DataError(f"{where}: an archive without a score; expected MusicXML in it")
    path = PurePosixPath(paths[0])
    if path.is_absolute() or ".." in path.parts or "\\" in paths[0] or paths[0] not in names:
        raise DataError(f"{where}: the archive names {paths[0][:80]!r}, which is not in it")
    return paths[0]


def _is_root(element: Element) -> bool:
    return str(element.tag).rpartition("}")[2] == "rootfile"


def _member(archive: zipfile.ZipFile, name: str, limit: int, where: str) -> bytes:
    with archive.open(name) as file:
        data = file.read(limit + 1)
    if len(data) > limit:
        raise DataError(f"{where}: {name} is above {limit >> 10} KiB when unpacked")
    return data


def _first_tune(data: bytes) -> bytes:
    places = [match.start() for match in re.finditer(rb"(?m)^X:", data)]
    return data[: places[1]] if len(places) > 1 else data


def _built(build: Callable[[], Any], where: str) -> Score:
    """Build with music21 and turn into a score; whatever goes wrong becomes one DataError."""
    _needs("music21")
    from sonolume.music.scores.notation_stream import to_score

    try:
        with warnings.catch_warnings():
            # music21 warns of what it corrects; the notes are right all the same.
            warnings.simplefilter("ignore")
            return to_score(build())
    except DataError as error:
        raise DataError(f"{where}: {error}") from None
    except Exception as error:
        # music21 raises dozens of types, built-in ones among them, for malformed scores.
        reason = " ".join(str(error).split())[:200] or type(error).__name__
        raise DataError(f"{where}: cannot be understood as notation ({reason})") from error
