"""`sonolume restyle`."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sonolume.correspondence.descriptors import DESCRIPTORS
from sonolume.correspondence.heads import HEADS
from sonolume.media import Audio, Picture


def test_a_night_and_what_is_told(run: Callable[..., Any], day_night_sound, tmp_path: Path) -> None:
    out, drawing = tmp_path / "out.wav", tmp_path / "out.png"
    done = run(
        "restyle", *day_night_sound, "-o", out, "--plot", drawing, "--json", "--prior", "hard"
    )
    assert done.code == 0
    told = json.loads(done.out)
    assert list(told) == [
        "out", "strength", "delta", "heads", "effects", "structure", "rules", "words", "seconds",
    ]  # fmt: skip
    assert told["out"] == str(out)
    assert set(told["delta"]) == set(DESCRIPTORS)
    assert told["delta"]["brightness"] < 0
    assert set(told["heads"]) == set(HEADS)
    assert told["heads"]["timbre"] > 0
    assert told["heads"]["rhythm"] == 0
    assert all(set(each) == {"name", "amount", "settings"} for each in told["effects"])
    assert set(told["structure"]) == {
        "onset_f1", "tempo_ratio", "chroma", "harmony", "loudness_contour",
    }  # fmt: skip
    assert "brightness-brightness" in {rule["id"] for rule in told["rules"]}
    assert told["words"] == []
    assert Audio.read(out).duration == pytest.approx(told["seconds"], abs=1e-6)
    assert Picture.read(drawing).pixels.std() > 10
    again = run("reproduce", out, "--json")
    assert json.loads(again.out)["bytes_equal"]


def test_lines_for_people_and_the_same_picture(
    run: Callable[..., Any], day_night_sound, tmp_path
) -> None:
    day, _, sound = day_night_sound
    same = run("restyle", day, day, sound, "-o", tmp_path / "same.wav", "--prior", "hard")
    assert same.code == 0
    assert "the sound is as it was" in same.out
    left, right = Audio.read(tmp_path / "same.wav"), Audio.read(sound)
    assert np.array_equal(left.samples, right.samples)
    quiet = ["--quiet", "--keep", "none", "--effects", "1", "--prior", "hard"]
    moved = run("restyle", *day_night_sound, "-o", tmp_path / "moved.flac", *quiet)
    assert (moved.code, moved.out) == (0, "")


def test_refusals_come_in_one_line(
    run: Callable[..., Any], day_night_sound, tmp_path: Path
) -> None:
    day, night, sound = day_night_sound
    for arguments, said in (
        (("--strength", "3"), "strength"),
        (("--keep", "timbre"), "keep"),
        (("--effects", "0"), "effects"),
        (("--by", "controller"), "holds no controller"),
        (("--rules", tmp_path / "no.toml"), "no.toml"),
        (("--plot", tmp_path / "no.gif"), "no.gif"),
        (("-o", tmp_path / "no.txt"), "txt"),
        (("-o", sound), "exists"),
        (("-o", sound, "--force"), "the sound itself"),
        (("-o", tmp_path / "no" / "out.wav"), "does not exist"),
    ):
        out = ("-o", tmp_path / "out.wav") if "-o" not in arguments else ()
        done = run("restyle", day, night, sound, *out, *arguments)
        assert done.code == 2
        assert said in done.err
        assert done.err.count("\n") == 1
    missing = run("restyle", day, tmp_path / "no.png", sound, "-o", tmp_path / "out.wav")
    assert missing.code == 2
    assert not (tmp_path / "out.wav").exists()
