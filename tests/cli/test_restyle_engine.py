"""`sonolume restyle --engine diffusion`."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sonolume.correspondence.edits import edit
from sonolume.media import Audio, Picture

RATE = 16_000


@pytest.fixture
def files(tmp_path: Path) -> tuple[Path, Path, Path]:
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


def test_drawn_again_told_and_made_again(
    run: Callable[..., Any], files, tiny_sounds: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out.wav"
    how = ("--engine", "diffusion", "--noise-level", "0.2", "--start", "noise", "--keep", "none")
    done = run("restyle", *files, "-o", out, *how, "--model", tiny_sounds, "--json")
    assert done.code == 0, done.err
    told = json.loads(done.out)
    assert told["engine"] == "diffusion"
    assert told["noise_level"] == 0.2
    assert "dark" in told["said"]
    assert told["effects"] == []
    before, after = Audio.read(files[2]), Audio.read(out)
    assert after.samples.shape == before.samples.shape
    assert not np.allclose(after.samples, before.samples, atol=1e-3)
    assert json.loads(run("reproduce", out, "--json").out)["bytes_equal"]
    lines = run("restyle", *files, "-o", tmp_path / "b.wav", *how, "--model", tiny_sounds)
    assert "drawn again as more dark" in lines.out
    assert "noise level 0.2 of 0.2" in lines.out


def test_options_of_the_other_engine_are_refused(
    run: Callable[..., Any], files, tiny_pocket: Path, tmp_path: Path
) -> None:
    diffusion = ("--engine", "diffusion")
    for arguments, said in (
        (("--noise-level", "0.3"), "--noise-level is for --engine diffusion"),
        (("--sounds", "nowhere"), "--sounds is for --engine diffusion"),
        ((*diffusion, "--sounds", tmp_path / "nowhere"), "no such model folder"),
        (("--detail", "sound"), "--detail is for --engine diffusion"),
        ((*diffusion, "--effects", "4"), "--effects is for --engine rack"),
        ((*diffusion, "--by", "search"), "--by is for --engine rack"),
        ((*diffusion, "--noise-level", "1.5"), "noise level 1.5: expected 0 to 1"),
        ((*diffusion, "--model", tiny_pocket), "holds no sound-generator and no vocoder"),
    ):
        done = run("restyle", *files, "-o", tmp_path / "out.wav", *arguments)
        assert done.code == 2
        assert said in done.err
        assert done.err.count("\n") == 1
        assert not (tmp_path / "out.wav").exists()
