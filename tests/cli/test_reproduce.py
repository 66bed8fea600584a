"""``sonolume reproduce``."""

from __future__ import annotations

import json

import numpy as np
import pytest

import sonolume
from sonolume.cli.reproduce import _differs, _largest_difference
from sonolume.hub import weights
from sonolume.media.audio import Audio
from sonolume.media.picture import Picture

needs_weights = pytest.mark.skipif(not weights.names(), reason="no weights in this installation")


def picture(value: int, size: int = 8, provenance: dict | None = None) -> Picture:
    return Picture(np.full((size, size, 3), value, np.uint8), provenance)


@pytest.fixture
def painted(tmp_path):
    """A picture that sonolume painted in two steps, from noise and words."""
    path = tmp_path / "beach.png"
    noise = np.random.default_rng(0).normal(0, 0.1, (1, 16000)).astype(np.float32)
    Audio(noise, 16000).save(tmp_path / "noise.wav")
    paint = sonolume.load("paint")
    paint(tmp_path / "noise.wav", "a beach", seed=3, steps=2).save(path)
    return path


@needs_weights
def test_a_painted_picture_comes_out_the_same(run, painted) -> None:
    copy = painted.with_name("beach.reproduced.png")
    assert run("reproduce", painted) == (0, f"{copy}: byte for byte the same\n", "")
    assert copy.read_bytes() == painted.read_bytes()


@needs_weights
def test_json_and_another_name(run, painted, tmp_path) -> None:
    copy = tmp_path / "copy.png"
    code, out, err = run("reproduce", painted, "-o", copy, "--json")
    assert (code, err) == (0, "")
    assert json.loads(out) == {
        "file": str(painted),
        "output": str(copy),
        "bytes_equal": True,
        "largest_pixel_difference": 0,
    }


@pytest.mark.parametrize("make", ["missing", "folder", "text", "bare"])
def test_what_cannot_be_reproduced_is_one_line(run, tmp_path, make) -> None:
    path = tmp_path / "x.png"
    if make == "folder":
        path.mkdir()
    if make == "text":
        path.write_text("not a picture")
    if make == "bare":
        picture(9).save(path)
    before = set(tmp_path.iterdir())
    code, out, err = run("reproduce", path)
    assert (code, out) == (2, "")
    assert err.startswith("sonolume: ")
    assert str(path) in err
    assert err.count("\n") == 1
    assert "unforeseen" not in err
    assert set(tmp_path.iterdir()) == before
    if make == "bare":
        assert "does not say how it was made" in err


def test_existing_targets_are_refused_before_the_work(run, tmp_path) -> None:
    path = tmp_path / "x.png"
    picture(9, provenance={"job": "paint"}).save(path)
    picture(1).save(tmp_path / "x.reproduced.png")
    code, _, err = run("reproduce", path)
    assert code == 2
    assert err.endswith("x.reproduced.png exists; --force replaces it, -o gives another name\n")
    code, _, err = run("reproduce", path, "-o", path, "--force")
    assert code == 2
    assert err.endswith("x.png is the original; give its copy another name with -o\n")
    assert Picture.read(path).provenance == {"job": "paint"}


@pytest.mark.parametrize(
    ("other", "difference", "verdict"),
    [
        (picture(100), 0, "the same pixels in different bytes"),
        (picture(103), 3, "not the same; pixel values differ by up to 3 of 255"),
        (picture(0), 100, "not the same; pixel values differ by up to 100 of 255"),
        (picture(100, size=4), None, "not the same size"),
    ],
)
def test_differences_are_measured_in_pixel_values(tmp_path, other, difference, verdict) -> None:
    picture(100).save(tmp_path / "a.png")
    other.save(tmp_path / "b.png")
    assert _largest_difference(tmp_path / "a.png", tmp_path / "b.png") == difference
    assert _largest_difference(tmp_path / "b.png", tmp_path / "a.png") == difference
    assert _differs(difference) == verdict
