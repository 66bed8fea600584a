"""Long recordings through `describe`, `paint` and `restyle`: how fast, and how much memory at most.

    python benchmarks/long_sound.py [MINUTES]

Writes a minute and MINUTES (60) of stereo at 44.1 kHz, gives each to every command in a process of
its own, and prints the processes' peaks of memory side by side.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import numpy as np
import soundfile
from peak import cost_of

from sonolume.media import Picture

RATE = 44_100


def record(path: Path, minutes: float) -> None:
    """Stereo noise that swells and fades, with a tone that changes every second."""
    rng = np.random.default_rng(0)
    clock = np.arange(RATE) / RATE
    with soundfile.SoundFile(path, "w", RATE, 2, subtype="PCM_16") as file:
        for second in range(round(60 * minutes)):
            noise = rng.normal(0, 0.03, (RATE, 2)) * (1.2 + np.sin(second / 7))
            tone = 0.2 * np.sin(2 * np.pi * 110 * 2 ** (second % 24 / 12) * clock)
            file.write((noise + tone[:, None]).astype(np.float32))


def pictures(folder: Path) -> tuple[str, str]:
    """Two pictures, the second darker."""
    bright = np.random.default_rng(0).integers(60, 255, (96, 96, 3)).astype(np.uint8)
    paths = folder / "before.png", folder / "after.png"
    for path, pixels in zip(paths, (bright, bright // 3), strict=True):
        Picture(pixels).save(path)
    return str(paths[0]), str(paths[1])


def main() -> None:
    minutes = float(sys.argv[1]) if len(sys.argv) > 1 else 60.0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        seen = pictures(folder)
        for length in (1.0, minutes):
            sound, out = str(folder / f"{length:g}.wav"), str(folder / f"out{length:g}")
            record(Path(sound), length)
            for command in (
                ("describe", sound, "--json"),
                ("paint", sound, "-o", f"{out}.png", "--quiet"),
                ("restyle", *seen, sound, "-o", f"{out}.flac", "--quiet"),
            ):
                print(f"{length:g} minutes, {command[0]}: {cost_of(*command)}", flush=True)


if __name__ == "__main__":
    main()
