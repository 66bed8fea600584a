"""``sonolume guide``."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tests.tiny_models import tiny_pocket

from sonolume.media import Audio, Picture, read_provenance

__all__ = ["tiny_pocket"]

QUICK = ("--steps", 2, "--cutouts", 1, "--size", 16)


@pytest.fixture
def sound(tmp_path: Path) -> Path:
    path = tmp_path / "noise.wav"
    noise = np.random.default_rng(0).normal(0, 0.1, (1, 16_000)).astype(np.float32)
    Audio(noise, 16_000).save(path)
    return path


def test_what_it_prints(run, tiny_pocket, tmp_path, sound) -> None:
    target = tmp_path / "a.png"
    code, out, err = run(
        "guide", "--text", "a beach: wide:1", "--sound", f"{sound}:-0.5", "-o", target,
        "--model", tiny_pocket, "--seed", 4, "--json", *QUICK,
    )  # fmt: skip
    assert (code, err) == (0, "")
    told = json.loads(out)
    assert list(told) == ["out", "captions", "prompts", "seeds", "steps", "seconds"]
    assert told["out"] == [str(target)]
    assert told["captions"] == [""]
    assert told["prompts"] == [
        {"kind": "words", "value": "a beach: wide", "weight": 1.0},
        {"kind": "sound", "value": "noise.wav", "weight": -0.5},
    ]
    assert (told["seeds"], told["steps"]) == ([4], 2)
    assert Picture.read(target).pixels.shape == (16, 16, 3)


def test_it_comes_out_the_same(run, tiny_pocket, tmp_path, sound) -> None:
    target = tmp_path / "a.png"
    Picture(np.full((20, 20, 3), 99, np.uint8)).save(tmp_path / "grey.png")
    args = ("--init", tmp_path / "grey.png", "--skip", 1, "--picture", tmp_path / "grey.png:0.2")
    assert (
        run("guide", "--sound", sound, *args, "-o", target, "--model", tiny_pocket, *QUICK)[0] == 0
    )
    code, out, _ = run("reproduce", target)
    assert (code, out) == (0, f"{tmp_path / 'a.reproduced.png'}: byte for byte the same\n")


def test_a_grid_of_seeds(run, tiny_pocket, tmp_path) -> None:
    folder = tmp_path / "many"
    args = ("guide", "--text", "rain", "--count", 3, "-o", folder, "--model", tiny_pocket, *QUICK)
    assert run(*args, "--quiet") == (0, "", "")
    assert sorted(path.name for path in folder.iterdir()) == [
        "0001.png", "0002.png", "0003.png", "grid.png", "manifest.json",
    ]  # fmt: skip
    assert json.loads((folder / "manifest.json").read_text())["seeds"] == [0, 1, 2]
    assert read_provenance(folder / "0003.png")["seed"] == 2
    assert run(*args)[0] == 2
    assert run(*args, "--force", "--quiet")[0] == 0


def test_previews_and_an_animation(run, tiny_pocket, tmp_path) -> None:
    target = tmp_path / "a.png"
    args = ("guide", "--text", "rain", "-o", target, "--model", tiny_pocket, *QUICK)
    assert run(*args, "--previews", 1, "--gif", "--quiet")[0] == 0
    assert [p.name for p in sorted((tmp_path / "a-previews").iterdir())] == ["0001.png", "0002.png"]
    with Image.open(tmp_path / "a.gif") as moving:
        assert moving.n_frames == 2
    last = Picture.read(tmp_path / "a-previews" / "0002.png")
    assert np.array_equal(last.pixels, Picture.read(target).pixels)


def test_what_enrichment_adds_can_be_typed(run, tiny_pocket, tmp_path, sound) -> None:
    args = ("guide", "--sound", sound, "--enrich", "keywords", "--model", tiny_pocket)
    code, out, _ = run(*args, "--enrich-only")
    assert (code, out) == (0, "--text rain:1\n")
    code, out, _ = run(*args, "--enrich-only", "--json")
    assert json.loads(out)["prompts"][1] == {"kind": "words", "value": "rain", "weight": 1.0}
    code, out, _ = run(*args, "-o", tmp_path / "a.png", *QUICK)
    assert code == 0
    assert out.startswith("--text rain:1\n")
    assert not list(Path().glob("guided*"))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "nothing to go to"),
        (("--text", ""), "without words"),
        (("--text", "rain:5000"), "weight"),
        (("--sound", "nowhere.wav"), "nowhere.wav"),
        (("--sound", "nowhere.wav:0.5"), "nowhere.wav"),
        (("--picture", "nowhere.png"), "nowhere.png"),
        (("--text", "rain", "--steps", 0), "steps 0"),
        (("--text", "rain", "--scale", -1), "guidance scale"),
        (("--text", "rain", "--cutouts", 0), "cutouts 0"),
        (("--text", "rain", "--skip", 1), "initial picture"),
        (("--text", "rain", "--init", "nowhere.png"), "nowhere.png"),
        (("--text", "rain", "--sampler", "plms"), "sampler"),
        (("--text", "rain", "--gif"), "--previews"),
        (("--text", "rain", "--enrich", "smell"), "smell"),
        (("--text", "rain", "--enrich-only"), "--enrich"),
        (("--text", "rain", "-o", "a.tiff"), "a.tiff"),
        (("--text", "rain", "--count", 2, "-o", "a.png"), "folder"),
        (("--text", "rain", "-o", "nowhere/a.png"), "nowhere"),
        (("--text", "rain", "--model", "nowhere"), "nowhere"),
    ],
)
def test_bad_requests_are_one_line(
    run, tiny_pocket, tmp_path, monkeypatch, arguments, said
) -> None:
    monkeypatch.chdir(tmp_path)
    model = () if "--model" in arguments else ("--model", tiny_pocket)
    quick = () if "--steps" in arguments or "--cutouts" in arguments else QUICK
    code, out, err = run("guide", *arguments, *model, *quick)
    assert (code, out) == (2, "")
    assert said in err
    assert err.count("\n") == 1
    assert not list(tmp_path.iterdir())
