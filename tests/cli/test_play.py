"""`sonolume play`, `kit` and `render`."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from sonolume.cli.main import main
from sonolume.media import Audio, Picture
from sonolume.music.scene import Scene

SOUNDS = Path(__file__).parents[2] / "examples" / "sounds"
SCORES = Path(__file__).parents[2] / "examples" / "scores"


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    shades = np.linspace(0, 255, 64, dtype=np.uint8)[:, None, None]
    path = tmp_path / "sea.png"
    Picture(np.broadcast_to(shades, (64, 64, 3)).copy()).save(path)
    return path


def test_play_kit_render(tmp_path: Path, picture: Path, capsys) -> None:
    out, kit = tmp_path / "song.wav", tmp_path / "kit.sf2"
    args = ["play", picture, "--seconds", 6, "--takes", 1, "--sources", 5, "-o", out, "--json"]
    more = ["--kit", kit, "--stems", tmp_path / "stems", "--save-scene", tmp_path / "scene.json"]
    more += ["--midi", tmp_path / "song.mid", "--roll", tmp_path / "roll.png"]
    assert main([str(arg) for arg in [*args, *more]]) == 0
    result = json.loads(capsys.readouterr().out)
    assert result["out"] == str(out)
    assert result["kit"] == {"sfz": None, "sf2": str(kit)}
    assert result["true_peak_db"] <= -0.9
    assert result["loudness_lufs"] == pytest.approx(-14, abs=1)
    assert Audio.read(out).duration == pytest.approx(result["seconds"], abs=1e-3)
    assert Scene.from_json(result["scene"]) == Scene.read(tmp_path / "scene.json")
    assert len(result["stems"]) == len([t for t in result["tracks"] if t["instrument"]])
    assert all(Path(path).is_file() for path in result["stems"].values())
    again = ["render", tmp_path / "song.mid", "--kit", kit, "-o", tmp_path / "r.flac", "--json"]
    assert main([str(arg) for arg in again]) == 0
    rendered = json.loads(capsys.readouterr().out)
    assert [track["notes"] for track in rendered["tracks"]] == [
        track["notes"] for track in result["tracks"]
    ]


def test_a_scene_can_be_looked_at_alone(tmp_path: Path, picture: Path, capsys) -> None:
    assert main(["play", str(picture), "--scene-only", "--json"]) == 0
    assert len(Scene.from_json(json.loads(capsys.readouterr().out)).sources) >= 5


@pytest.mark.slow
def test_the_same_again(tmp_path: Path, picture: Path, capsys) -> None:
    out = tmp_path / "song.wav"
    args = ["play", picture, "--score", SCORES / "ode-to-joy.mid", "--takes", 1, "-o", out]
    assert main([str(arg) for arg in [*args, "--quiet"]]) == 0
    assert main(["reproduce", str(out), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["bytes_equal"]


def test_a_kit_of_sounds(tmp_path: Path, capsys) -> None:
    out, time = tmp_path / "kit", np.arange(22050) / 22050
    tone = sum(np.sin(2 * np.pi * 330 * n * time) / n for n in (1, 2, 3))
    Audio(0.3 * np.exp(-2 * time) * tone[None], 22050).save(tmp_path / "tone.wav")
    args = ["kit", tmp_path / "tone.wav", SOUNDS / "fire.flac", "-o", out, "--layers", 1, "--json"]
    assert main([str(arg) for arg in args]) == 0
    made = json.loads(capsys.readouterr().out)["instruments"]
    assert [row["name"] for row in made] == ["tone", "fire"]
    assert [row["pitched"] for row in made] == [True, False]
    assert len(list(out.glob("*.sfz"))) == 2


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["play"], "PICTURE"),
        (["play", "{picture}", "--map", "drums"], "ROLE=SOURCE"),
        (["play", "{picture}", "--trust"], "--timbre"),
        (["play", "{picture}", "--seconds", "1"], "seconds"),
        (["play", "{picture}", "--kit", "{dir}/kit.xyz", "--seconds", "6"], "kit"),
        (["play", "{picture}", "-o", "{picture}"], "exists"),
        (["play", "{dir}/none.png", "-o", "{dir}/a.wav"], "does not exist"),
        (["play", "{picture}", "--score", "{picture}", "-o", "{dir}/a.wav"], "sea.png"),
        (["play", "{picture}", "-o", "{dir}/x.xyz", "--seconds", "6"], "xyz"),
        (["kit", "{picture}", "-o", "{dir}/k.sf2"], "sea.png"),
        (["render", "{picture}", "--kit", "{picture}", "-o", "{dir}/a.wav"], "sea.png"),
    ],
)
def test_one_line_says_what_is_wrong(tmp_path: Path, picture: Path, capsys, args, said) -> None:
    filled = [arg.format(picture=picture, dir=tmp_path) for arg in args]
    before = sorted(tmp_path.iterdir())
    assert main(filled) == 2
    err = capsys.readouterr().err.strip().splitlines()[-1]
    assert said in err
    assert sorted(tmp_path.iterdir()) == before
