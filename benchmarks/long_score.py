"""An hour of music through `sonolume render`: how fast, and how much memory at its most.

    python benchmarks/long_score.py [MINUTES]

Writes a score of six tracks and a kit of six looped sawtooths, plays one on the other in a process
of its own, and prints the process's peak of memory and its speed beside real time.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import numpy as np
from peak import cost_of

from sonolume.music.kit import Envelope, Instrument, Kit, Loop, Region, Sample
from sonolume.music.kits import write_kit
from sonolume.music.score import Notes, Score, Track
from sonolume.music.scores.write import write_score

RATE, TRACKS, NOTES_A_MINUTE = 44_100, 6, 830


def score(minutes: float) -> Score:
    """Six tracks that share 830 notes a minute."""
    rng = np.random.default_rng(0)
    count = round(NOTES_A_MINUTE * minutes / TRACKS)
    tracks = []
    for program in range(TRACKS):
        start = np.sort(rng.uniform(0, 60 * minutes - 2, count))
        length, key = rng.uniform(0.2, 1.2, count), rng.integers(40, 85, count)
        notes = Notes(start, start + length, key, rng.integers(40, 127, count))
        tracks.append(Track(f"track {program}", notes, program))
    return Score(tuple(tracks))


def kit() -> Kit:
    """Six sawtooths of four seconds, looped."""
    clock = np.arange(4 * RATE) / RATE
    hertz = 261.6255653
    loop = Loop(RATE // 2, RATE // 2 + round(300 * RATE / hertz))
    shape = Envelope(attack=0.005, release=0.2)
    saws = []
    for program in range(TRACKS):
        orders = range(1, 6 + 6 * program)
        wave = 0.2 * sum(np.sin(2 * np.pi * hertz * k * clock) / k for k in orders)
        sample = Sample(np.asarray(wave)[None].astype(np.float32), RATE)
        region = Region(sample, loop=loop, loop_mode="continuous", envelope=shape)
        saws.append(Instrument(f"saw {program}", (region,), program=program))
    return Kit("saws", tuple(saws))


def main() -> None:
    minutes = float(sys.argv[1]) if len(sys.argv) > 1 else 60.0
    with tempfile.TemporaryDirectory() as folder:
        song, bank, out = (Path(folder) / name for name in ("song.mid", "kit.sf2", "song.flac"))
        write_score(score(minutes), song)
        write_kit(kit(), bank)
        cost = cost_of("render", str(song), "--kit", str(bank), "-o", str(out), "--json")
    print(f"{minutes:g} minutes: {cost}, {60 * minutes / cost.seconds:.0f} x real time")


if __name__ == "__main__":
    main()
