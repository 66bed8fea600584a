"""`sonolume restyle --engine diffusion`."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from sonolume.media import Audio


def test_drawn_again_told_and_made_again(
    run: Callable[..., Any], day_night_sound, tiny_sounds: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out.wav"
    how = ("--engine", "diffusion", "--noise-level", "0.2", "--start", "noise", "--keep", "none")
    done = run("restyle", *day_night_sound, "-o", out, *how, "--model", tiny_sounds, "--json")
    assert done.code == 0, done.err
    told = json.loads(done.out)
    assert told["engine"] == "diffusion"
    assert told["noise_level"] == 0.2
    assert "dark" in told["said"]
    assert told["effects"] == []
    before, after = Audio.read(day_night_sound[2]), Audio.read(out)
    assert after.samples.shape == before.samples.shape
    assert not np.allclose(after.samples, before.samples, atol=1e-3)
    assert json.loads(run("reproduce", out, "--json").out)["bytes_equal"]
    lines = run("restyle", *day_night_sound, "-o", tmp_path / "b.wav", *how, "--model", tiny_sounds)
    assert "drawn again as more dark" in lines.out
    assert "noise level 0.2 of 0.2" in lines.out


def test_options_of_the_other_engine_are_refused(
    run: Callable[..., Any], day_night_sound, tiny_pocket: Path, tmp_path: Path
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
        done = run("restyle", *day_night_sound, "-o", tmp_path / "out.wav", *arguments)
        assert done.code == 2
        assert said in done.err
        assert done.err.count("\n") == 1
        assert not (tmp_path / "out.wav").exists()
