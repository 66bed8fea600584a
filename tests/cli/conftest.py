"""Running commands as a user would, in this process."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from tests.tiny_models import tiny_pocket, tiny_sounds
from tests.tiny_training import tiny

from sonolume.cli.main import main
from sonolume.correspondence.edits import edit
from sonolume.media import Audio, Picture

__all__ = ["Outcome", "run", "tiny", "tiny_pocket", "tiny_sounds"]

RATE = 16_000


class Outcome(NamedTuple):
    code: int
    out: str
    err: str


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Callable[..., Outcome]:
    """``run("paint", "a.wav", ...)`` gives the exit code and what was printed."""

    def call(*args: object) -> Outcome:
        code = main([str(argument) for argument in args])
        return Outcome(code, *capsys.readouterr())

    return call


@pytest.fixture
def day_night_sound(tmp_path: Path) -> tuple[Path, Path, Path]:
    """Files: a picture, the same darker, and a second of a plucked tone in stereo."""
    rng = np.random.default_rng(3)
    patches = rng.uniform(60, 190, (6, 6, 3)).repeat(16, axis=0).repeat(16, axis=1)
    day = Picture(patches.astype(np.uint8))
    day.save(tmp_path / "day.png")
    edit(day, "darken", 0.6).save(tmp_path / "night.png")
    time = np.arange(RATE) / RATE
    tone = sum(np.sin(2 * np.pi * 220 * k * time) / k for k in range(1, 9))
    sound = 0.1 * tone * np.exp(-6 * (time % 0.25))
    Audio(np.stack([sound, sound]).astype(np.float32), RATE).save(tmp_path / "sound.wav")
    return tmp_path / "day.png", tmp_path / "night.png", tmp_path / "sound.wav"
