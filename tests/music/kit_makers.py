"""Small kits, and players that are not ours, for the tests of kits."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path

import mido
import numpy as np
import pysfizz
import pytest
import soundfile
from numpy.typing import NDArray

from sonolume.music.kit import Instrument, Kit, Loop, Region, Sample

RATE = 44_100
Sound = NDArray[np.float64]

needs_fluidsynth = pytest.mark.skipif(
    shutil.which("fluidsynth") is None, reason="the program fluidsynth is not installed"
)


def frequency(key: float) -> float:
    return float(440 * 2 ** ((key - 69) / 12))


def tone(hertz: float, seconds: float = 1.0, *, rate: int = RATE, peak: float = 0.5) -> Sample:
    """Three harmonics."""
    phase = 2 * np.pi * hertz * np.arange(round(seconds * rate)) / rate
    wave = np.sin(phase) + 0.4 * np.sin(2 * phase) + 0.2 * np.sin(3 * phase)
    return Sample((wave * peak / np.abs(wave).max())[None].astype(np.float32), rate, "tone")


def whole_loop(hertz: float, start: int = 8_000, *, rate: int = RATE) -> Loop:
    """A loop of about half a second whose length is nearest to a whole number of periods."""
    lengths = np.arange(20, int(hertz * 0.5)) * rate / hertz
    length = round(lengths[np.argmin(np.abs(lengths - np.round(lengths)))])
    return Loop(start, start + length)


def one(*regions: Region, program: int = 0, bank: int = 0, name: str = "thing") -> Instrument:
    return Instrument(name, regions, pitched=bank == 0, program=program, bank=bank)


def kit_of(*regions: Region) -> Kit:
    return Kit("kit", (one(*regions),))


Event = tuple[float, float, int, int, int]


def fluidsynth(bank: Path, notes: list[Event], *, drums: bool = False) -> Sound:
    """[2, frames] at 44.1 kHz of notes (start, end, program, key, velocity), no effects."""
    channel = 9 if drums else 0
    timed = []
    for start, end, program, key, velocity in notes:
        timed.append(
            (start - 1e-3, mido.Message("program_change", channel=channel, program=program))
        )
        timed.append((start, mido.Message("note_on", channel=channel, note=key, velocity=velocity)))
        timed.append((end, mido.Message("note_off", channel=channel, note=key)))
    midi = mido.MidiFile(ticks_per_beat=500)
    track = mido.MidiTrack()
    midi.tracks.append(track)
    now = 0
    for time, message in sorted(timed, key=lambda each: each[0]):
        ticks = max(0, round(time * 1000))
        track.append(message.copy(time=ticks - now))
        now = ticks
    with tempfile.TemporaryDirectory() as folder:
        song, wave = Path(folder) / "song.mid", Path(folder) / "out.wav"
        midi.save(song)
        options = ["-ni", "-R", "0", "-C", "0", "-g", "1", "-r", str(RATE), "-O", "float"]
        subprocess.run(
            ["fluidsynth", *options, "-F", wave, bank, song], check=True, capture_output=True
        )
        sound: Sound = soundfile.read(wave)[0].T
        return sound


def sfizz(path: Path) -> pysfizz.Synth:
    synth = pysfizz.Synth(RATE, 64)
    assert synth.load_sfz_file(str(path))
    return synth


def hertz_of(sound: Sound, near: float) -> float:
    """The strongest frequency within a semitone of ``near``: a padded, interpolated spectrum."""
    size = 2**19
    spectrum = np.abs(np.fft.rfft(sound * np.hanning(len(sound)), size))
    low, high = (int(near * 2 ** (s / 12) * size / RATE) for s in (-1, 1))
    peak = low + int(np.argmax(spectrum[low:high]))
    a, b, c = np.log(spectrum[peak - 1 : peak + 2])
    return float((peak + 0.5 * (a - c) / (a - 2 * b + c)) * RATE / size)


def cents_off(sound: Sound, hertz: float) -> float:
    return float(1200 * np.log2(hertz_of(sound, hertz) / hertz))


def level(sound: Sound, at: float, width: float = 0.02) -> float:
    """dB of the root mean square around ``at`` seconds, over all channels together."""
    part = np.atleast_2d(sound)[:, int((at - width / 2) * RATE) : int((at + width / 2) * RATE)]
    return float(10 * np.log10((part**2).mean() + 1e-20))
