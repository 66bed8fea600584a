"""Damaged files of every kind give a score or one DataError, never anything else."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

from sonolume.errors import DataError
from sonolume.music.score import Meter, Notes, Score, Track
from sonolume.music.scores.read import read_score
from sonolume.music.scores.write import write_score

ABC = b"""X:1
T:Lied
M:6/8
L:1/8
Q:3/8=66
K:Am
|: A | c2 d e3/2 ^f/ e | [dB]2 (3BGG {A}G3/2 A/ B |1 c3- c2 :|2 A6 |]
V:2
A,3 z3 | !f! "Am" A,6 | w: la la
"""
XML = b"""<?xml version="1.0"?>
<score-partwise version="4.0"><work><work-title>Lied</work-title></work>
<part-list><score-part id="P1"><part-name>Oboe</part-name><midi-instrument id="I1">
<midi-channel>1</midi-channel><midi-program>69</midi-program></midi-instrument></score-part></part-list>
<part id="P1"><measure number="1"><attributes><divisions>2</divisions><key><fifths>1</fifths></key>
<time><beats>3</beats><beat-type>4</beat-type></time></attributes>
<direction><direction-type><metronome><beat-unit>quarter</beat-unit><per-minute>90</per-minute>
</metronome></direction-type><sound tempo="90" dynamics="80"/></direction>
<note><pitch><step>G</step><alter>1</alter><octave>4</octave></pitch><duration>2</duration>
<type>quarter</type><tie type="start"/></note><note><pitch><step>G</step><alter>1</alter>
<octave>4</octave></pitch><duration>4</duration><tie type="stop"/></note></measure>
<measure number="2"><barline location="left"><repeat direction="forward"/></barline>
<note><rest/><duration>2</duration></note><note><unpitched/><duration>2</duration></note>
<note><pitch><step>A</step><octave>4</octave></pitch><duration>2</duration></note>
<note><chord/><pitch><step>C</step><octave>5</octave></pitch><duration>2</duration></note>
<barline location="right"><repeat direction="backward" times="2"/></barline></measure></part>
</score-partwise>
"""


def midi(folder: Path) -> bytes:
    notes = Notes.of([(0.1 * n, 0.1 * n + 0.3, 40 + n, 60 + n) for n in range(30)])
    track = Track("Flöte", notes, 73)
    path = folder / "seed.mid"
    write_score(Score((track, Track("drums", notes, 0, True)), (Meter(0.0, 99.0, 3, 4),)), path)
    return path.read_bytes()


def mutate(data: bytes, rng: np.random.Generator) -> bytes:
    """Change, insert, drop, repeat or cut some bytes, or put a number among them."""
    changed = bytearray(data)
    for _ in range(int(rng.integers(1, 5))):
        place, length = int(rng.integers(len(changed))), int(rng.integers(1, 24))
        kind = int(rng.integers(6))
        if kind == 0:
            changed[place] = int(rng.integers(256))
        elif kind == 1:
            changed[place:place] = rng.bytes(length)
        elif kind == 2 and len(changed) > 2 * length:
            del changed[place : place + length]
        elif kind == 3:
            changed[place:place] = changed[place : place + length] * int(rng.integers(1, 6))
        elif kind == 4 and place > 20:
            del changed[place:]
        else:
            changed[place : place + 1] = str(rng.integers(10 ** int(rng.integers(1, 9)))).encode()
    return bytes(changed)


def mutate_xml(data: bytes, rng: np.random.Generator) -> bytes:
    """Drop, repeat or move elements, or give them another's text or a number; still proper XML."""
    root = ElementTree.fromstring(data)
    for _ in range(int(rng.integers(1, 5))):
        pairs = [(parent, child) for parent in root.iter() for child in parent]
        parent, child = pairs[int(rng.integers(len(pairs)))]
        host, other = pairs[int(rng.integers(len(pairs)))]
        kind = int(rng.integers(5))
        if kind == 0:
            parent.remove(child)
        elif kind == 1:
            parent.insert(0, copy.deepcopy(child))
        elif kind == 2:
            host.append(copy.deepcopy(child))
        elif kind == 3:
            child.text = other.text
        else:
            child.text = str(int(rng.integers(-2, 10 ** int(rng.integers(1, 7)))))
    return ElementTree.tostring(root)


Mutate = Callable[[bytes, np.random.Generator], bytes]


def outcomes(mutant: Mutate, seed: bytes, name: str, folder: Path, count: int) -> tuple[int, int]:
    """How many mutants were read, and how many refused; anything else is an exception."""
    rng = np.random.default_rng(len(seed))
    path = folder / name
    scores, refusals = [], []
    for _ in range(count):
        path.write_bytes(mutant(seed, rng))
        try:
            scores.append(read_score(path))
        except DataError as error:
            refusals.append(str(error))
    assert all(text.startswith(str(path)) and "\n" not in text for text in refusals)
    assert all(len(track.notes) for score in scores for track in score.tracks)
    assert all(score.duration <= 12 * 3600 for score in scores)
    return len(scores), len(refusals)


def test_damaged_midi(tmp_path: Path) -> None:
    read, refused = outcomes(mutate, midi(tmp_path), "a.mid", tmp_path, 400)
    assert read > 20
    assert refused > 20


NOTATION = pytest.mark.parametrize(
    ("mutant", "seed", "name"), [(mutate, ABC, "a.abc"), (mutate_xml, XML, "a.musicxml")]
)


@NOTATION
def test_damaged_notation(mutant: Mutate, seed: bytes, name: str, tmp_path: Path) -> None:
    read, refused = outcomes(mutant, seed, name, tmp_path, 40)
    assert read > 5
    assert refused > 2


def test_damaged_xml_bytes(tmp_path: Path) -> None:
    assert sum(outcomes(mutate, XML, "a.musicxml", tmp_path, 200)) == 200


@pytest.mark.slow
@NOTATION
def test_damaged_notation_at_length(mutant: Mutate, seed: bytes, name: str, tmp_path: Path) -> None:
    read, refused = outcomes(mutant, seed + b"\n", name, tmp_path, 300)
    assert read > 30
    assert refused > 20
