"""A folder of sound files, and a few pairs of them; fixtures."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile

RATE = 16_000
TAKES = 24


@pytest.fixture(scope="session")
def takes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two dozen short tones in noise, a recording each."""
    folder = tmp_path_factory.mktemp("takes")
    time = np.arange(RATE // 2) / RATE
    for number in range(TAKES):
        rng = np.random.default_rng(number)
        fade = np.exp(-time * rng.uniform(1, 8))
        tone = np.sin(2 * np.pi * rng.uniform(150, 2000) * time) * fade
        noisy = 0.4 * tone + rng.normal(0, 0.05, len(time))
        soundfile.write(folder / f"take-{number:02d}.wav", noisy, RATE)
    return folder


@pytest.fixture(scope="session")
def pairs_folder(takes: Path, tiny_pocket: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """48 pairs of the palette `moves`, and two remixes."""
    from sonolume.data.restyle_pairs import pair_files
    from sonolume.hub.joint import load_joint
    from sonolume.pipelines.restyle.chains.palette import palette

    remixes = tmp_path_factory.mktemp("remixes")
    for name, gain in (("original", 1.0), ("remix", 0.2)):
        (remixes / name).mkdir()
        for take in sorted(takes.glob("*.wav"))[:2]:
            samples, rate = soundfile.read(take)
            smooth = np.convolve(samples, np.ones(8) / 8, "same")
            soundfile.write(remixes / name / take.name, gain * samples + (1 - gain) * smooth, rate)
    out = tmp_path_factory.mktemp("pairs")
    _, files = pair_files(
        takes, out, palette("moves"), load_joint(tiny_pocket), train=16, remixes=remixes
    )
    for make in files:
        make()
    return out
