"""Write the example scores: two traditional melodies, arranged here, and a composed piece.

    python examples/make_scores.py [FOLDER]

Melodies are written as words: a note such as D5 or F#4 is a quarter note, D5:2 a half note, "-" a
rest. Ode to Joy (Beethoven, 1824) and Frère Jacques (traditional) are in the public domain.
"""

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from sonolume.music.score import Curve, Meter, Notes, Score, Track
from sonolume.music.scores.compose import compose
from sonolume.music.scores.write import write_score

STEPS = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
BEATS = 4
GATE = 0.94
ODE = (
    "F#4 F#4 G4 A4  A4 G4 F#4 E4  D4 D4 E4 F#4  F#4:1.5 E4:.5 E4:2 "
    "F#4 F#4 G4 A4  A4 G4 F#4 E4  D4 D4 E4 F#4  E4:1.5 D4:.5 D4:2 "
    "E4 E4 F#4 D4  E4 F#4:.5 G4:.5 F#4 D4  E4 F#4:.5 G4:.5 F#4 E4  D4 E4 A3:2 "
    "F#4 F#4 G4 A4  A4 G4 F#4 E4  D4 D4 E4 F#4  E4:1.5 D4:.5 D4:2"
)
ODE_CHORDS = "D A D A  D A D D  A D A A  D A D D"
JACQUES = (
    "F4 G4 A4 F4  F4 G4 A4 F4  A4 Bb4 C5:2  A4 Bb4 C5:2 "
    "C5:.5 D5:.5 C5:.5 Bb4:.5 A4 F4  C5:.5 D5:.5 C5:.5 Bb4:.5 A4 F4  F4 C4 F4:2  F4 C4 F4:2"
)

Row = tuple[float, float, int, int]


def key(name: str) -> int:
    """MIDI key of a name such as C4 (60), F#4 or Bb3."""
    return 12 * (int(name[-1]) + 1) + STEPS[name[0]] + name.count("#") - name.count("b")


def melody(words: str, velocity: int, start: float = 0.0, octave: int = 0) -> Iterator[Row]:
    """Notes of a melody in quarter notes: start, end, key, velocity."""
    for word in words.split():
        name, _, length = word.partition(":")
        quarters = float(length or 1)
        if name != "-":
            accent = 8 if start % BEATS == 0 else 0
            yield start, start + GATE * quarters, key(name) + 12 * octave, velocity + accent
        start += quarters


def chords(names: str, velocity: int) -> Iterator[Row]:
    """A major triad a bar, struck on every half."""
    for bar, name in enumerate(names.split()):
        root = key(f"{name}3")
        for half in (0, 2):
            start = bar * BEATS + half
            for tone in sorted(57 + (root + step - 57) % 12 for step in (0, 4, 7)):
                yield start, start + 2 * GATE, tone, velocity


def bass(names: str, velocity: int) -> Iterator[Row]:
    """Root and fifth."""
    for bar, name in enumerate(names.split()):
        root = 28 + (key(f"{name}1") - 28) % 12
        yield bar * BEATS, bar * BEATS + 1.8, root, velocity
        yield bar * BEATS + 2, bar * BEATS + 3.8, root + 7, velocity - 8


def drums(bars: int) -> Iterator[Row]:
    """Bass drum, snare drum and closed hi-hat; a cymbal begins every eight bars."""
    for beat in range(bars * BEATS):
        yield beat, beat + 0.2, 38 if beat % 2 else 36, 92
        for eighth in (0.0, 0.5):
            yield beat + eighth, beat + eighth + 0.2, 42, 70 if eighth else 84
        if beat % (8 * BEATS) == 0:
            yield beat, beat + 1.0, 49, 96


def part(name: str, rows: Iterator[Row], tempo: float, program: int, pan: float = 0.0) -> Track:
    """A track of rows in quarter notes."""
    second = 60 / tempo
    notes = Notes.of([(start * second, end * second, k, v) for start, end, k, v in rows])
    curves = {"pan": Curve(np.zeros(1), np.full(1, pan, np.float32))}
    return Track(name, notes, program, name == "drums", curves)


def ode_to_joy() -> Score:
    tempo = 116.0
    tracks = (
        part("melody", melody(ODE, 88, octave=1), tempo, 48),
        part("chords", chords(ODE_CHORDS, 62), tempo, 0, -0.25),
        part("bass", bass(ODE_CHORDS, 84), tempo, 32),
        part("drums", drums(16), tempo, 0),
    )
    return Score(tracks, (Meter(0.0, tempo),), "Ode to Joy")


def frere_jacques() -> Score:
    """A round: each voice enters two bars after the one before and sings the melody twice."""
    tempo = 108.0
    voices: Sequence[tuple[str, int, float]] = (
        ("flute", 73, -0.5), ("oboe", 68, 0.5), ("clarinet", 71, 0.0),
    )  # fmt: skip
    tracks = [
        part(name, melody(f"{JACQUES} {JACQUES}", 80, 2 * BEATS * entry), tempo, program, pan)
        for entry, (name, program, pan) in enumerate(voices)
    ]
    bars = " ".join("F" for _ in range(20))
    tracks += [part("bass", bass(bars, 78), tempo, 32), part("drums", drums(20), tempo, 0)]
    return Score(tuple(tracks), (Meter(0.0, tempo),), "Frère Jacques")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", nargs="?", type=Path, default=Path(__file__).parent / "scores")
    folder = parser.parse_args().folder
    folder.mkdir(parents=True, exist_ok=True)
    pieces = {
        "ode-to-joy": ode_to_joy(),
        "frere-jacques": frere_jacques(),
        "cheerful": compose("cheerful", seconds=40, seed=3, key="G"),
    }
    for name, score in pieces.items():
        write_score(score, folder / f"{name}.mid", force=True)


if __name__ == "__main__":
    main()
