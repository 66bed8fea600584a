"""The command `describe`, on tiny weights."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile
from PIL import Image
from tests.tiny_models import tiny_pocket

__all__ = ["tiny_pocket"]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """a.wav, b.png, and a folder of one sound, one picture and a note."""
    monkeypatch.chdir(tmp_path)
    rng = np.random.default_rng(0)
    (tmp_path / "mixed").mkdir()
    for name in ("a.wav", "mixed/rain.flac"):
        soundfile.write(tmp_path / name, 0.1 * rng.standard_normal(32_000), 16_000)
    pixels = rng.integers(0, 255, (20, 30, 3), np.uint8)
    for name in ("b.png", "mixed/photo.png"):
        Image.fromarray(pixels).save(tmp_path / name)
    (tmp_path / "mixed" / "notes.txt").write_text("nothing to see")
    (tmp_path / "own.txt").write_text("tram\nbus\n")
    return tmp_path


@pytest.fixture
def describe(run, here, tiny_pocket):
    return lambda *args: run("describe", *args, "--model", tiny_pocket)


def test_json_of_one_file(describe) -> None:
    found = describe("a.wav", "--json", "--list", "colours", "--top", 2)
    assert (found.code, found.err) == (0, "")
    row = json.loads(found.out)
    assert list(row) == ["file", "kind", "caption", "keywords", "timeline"]
    assert row["file"] == "a.wav"
    assert len(row["keywords"]) == 2


def test_json_of_a_folder_is_one_object_a_line(describe) -> None:
    found = describe("mixed", "--json")
    rows = [json.loads(line) for line in found.out.splitlines()]
    assert [(Path(row["file"]).as_posix(), row["kind"]) for row in rows] == [
        ("mixed/photo.png", "picture"), ("mixed/rain.flac", "sound")
    ]  # fmt: skip


def test_lines_for_people(describe) -> None:
    found = describe("a.wav", "b.png", "--words", "own.txt", "--threshold", 0.01)
    assert found.code == 0
    assert found.out.startswith("a.wav: sound\n  ")
    assert "b.png: picture\n" in found.out
    assert "tram" in found.out
    assert describe("a.wav", "--quiet").out == ""


@pytest.mark.parametrize(
    ("name", "begins"), [("a.srt", "1\n00:00:00,000 --> 00:00:02,000\n"), ("a.vtt", "WEBVTT\n\n")]
)
def test_subtitles_by_suffix(describe, here, name, begins) -> None:
    found = describe("a.wav", "-o", name)
    assert (found.code, found.out) == (0, f"written: {name}\n")
    assert (here / name).read_text().startswith(begins)
    again = describe("a.wav", "-o", name)
    assert (again.code, again.out) == (2, "")
    assert f"{name} exists; --force replaces it" in again.err
    assert describe("a.wav", "-o", name, "--force").code == 0


def test_a_format_on_the_terminal(describe) -> None:
    assert describe("a.wav", "--format", "vtt").out.startswith("WEBVTT")
    assert json.loads(describe("a.wav", "--format", "json").out)["kind"] == "sound"


def test_many_files_to_one_page_or_to_a_folder(describe, here) -> None:
    assert describe("mixed", "-o", "all.jsonl", "--quiet").out == ""
    rows = (here / "all.jsonl").read_text("utf-8").splitlines()
    assert [json.loads(row)["kind"] for row in rows] == ["picture", "sound"]
    found = describe("mixed", "a.wav", "-o", "told", "--format", "txt", "--json")
    assert len(found.out.splitlines()) == 3
    assert sorted(p.name for p in (here / "told").iterdir()) == ["a.txt", "photo.txt", "rain.txt"]


def test_a_plot(describe, here) -> None:
    found = describe("a.wav", "--plot", "a.png", "--json")
    assert found.code == 0
    with Image.open(here / "a.png") as drawn:
        assert drawn.width > 500


def test_one_bad_file_among_many_is_named_and_the_others_go_on(describe, here) -> None:
    (here / "mixed" / "broken.wav").write_bytes(b"RIFF")
    found = describe("mixed", "--json")
    assert found.code == 2
    assert len(found.out.splitlines()) == 2
    assert found.err.count("\n") == 1
    assert "broken.wav" in found.err


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ((), "Missing argument 'INPUTS...'"),
        (("gone.wav",), "gone.wav does not exist"),
        (("own.txt",), "own.txt is neither a sound nor a picture"),
        (("a.wav", "--list", "nope"), "unknown word list 'nope'; known: actions"),
        (("a.wav", "--words", "gone.txt"), "gone.txt: no such file of words"),
        (("a.wav", "--top", "0"), "top 0: expected a whole number"),
        (("a.wav", "--threshold", "2"), "threshold 2.0: expected 0 to 1"),
        (("a.wav", "--format", "srt", "--json"), "--format srt and --json: give -o"),
        (("mixed", "--format", "srt"), "--format srt and several files: give -o"),
        (("mixed", "-o", "all.srt"), "several srt files need a folder"),
        (("a.wav", "-o", "a.doc"), "a.doc: give --format, or one of the suffixes"),
        (("b.png", "-o", "b.srt"), "a picture has no timeline; srt is for sounds"),
        (("a.wav", "-o", "nowhere/a.srt"), "the folder nowhere does not exist"),
        (("mixed", "--plot", "a.png"), "--plot draws one file"),
        (("a.wav", "--plot", "b.png"), "b.png exists; --force replaces it"),
        (("a.wav", "--plot", "a.txt"), "a plot is saved as one of"),
        (("a.wav", "--captioner", "x", "--no-caption"), "leave one of them out"),
        (("a.wav", "--audio-encoder", "x"), "has its own audio encoder"),
        (("a" * 5000,), "File name too long"),
    ],
)
def test_refusals(describe, here, args, message) -> None:
    before = sorted(here.rglob("*"))
    found = describe(*args)
    assert (found.code, found.out) == (2, "")
    assert message in found.err
    assert found.err.count("\n") == 1
    assert sorted(here.rglob("*")) == before


def test_an_empty_folder(describe, here) -> None:
    (here / "empty").mkdir()
    found = describe("empty")
    assert found.code == 2
    assert "empty: neither sounds nor pictures in this folder" in found.err
