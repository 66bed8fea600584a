"""`sonolume data`: counts, and features of the teachers."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
import torch

from sonolume.data.features import write_features
from sonolume.data.restyle_table import read_pairs
from sonolume.data.shards import read_photos, read_sounds
from sonolume.errors import DataError
from sonolume.models.teachers import enlarge, load_teacher
from sonolume.training.aids import read_features


def test_summary_for_machines(run: Callable[..., Any], tiny: Any) -> None:
    outcome = run("data", "summary", "--data", tiny.data, "--json")
    result = json.loads(outcome.out)
    assert result["counts"]["sounds"]["rain"] == {"train": 3, "validation": 1}
    assert result["counts"]["pictures"]["(none)"] == {"train": 3}
    assert result["commercial"] == {"sounds": 9, "pictures": 9}


def test_summary_for_people(run: Callable[..., Any], tiny: Any) -> None:
    lines = run("data", "summary", "--data", tiny.data).out.splitlines()
    assert lines[0].split() == [
        "CONCEPT", "SOUNDS", "TRAIN", "SOUNDS", "VALIDATION", "PICTURES", "TRAIN",
        "PICTURES", "VALIDATION",
    ]  # fmt: skip
    assert [line.split() for line in lines[1:3]] == [
        ["(none)", "-", "-", "3", "-"],
        ["cat", "-", "-", "3", "1"],
    ]
    assert lines[-2].split() == ["all", "9", "3", "12", "3"]
    assert lines[-1] == "Licensed for commercial use: 9 sounds, 9 pictures."


def test_features_are_those_of_the_teachers(
    run: Callable[..., Any], tiny: Any, tmp_path: Path
) -> None:
    options = ("--data", tiny.data, "--teachers", tiny.teachers, "--out", tmp_path / "aids")
    outcome = run("data", "features", *options, "--json", "--quiet")
    assert (outcome.code, outcome.err) == (0, "")
    files = json.loads(outcome.out)["files"]
    assert {name: file["items"] for name, file in files.items()} == {
        "audioset": 12, "mobilenet_v2": 15
    }  # fmt: skip
    with np.load(tmp_path / "aids" / "mobilenet_v2.npz") as table:
        pooled = dict(zip(table["keys"].tolist(), table["pooled"], strict=True))
    photo = next(photo for photo in read_photos(tiny.data) if photo.key == "waves2")
    net = load_teacher("imagenet_mobilenet_v2", tiny.teachers)
    with torch.no_grad():
        pixels = torch.tensor(photo.pixels).permute(2, 0, 1)[None] / 255
        expected = net.features(enlarge(pixels))[0].numpy()
    np.testing.assert_allclose(pooled["waves2"], expected, rtol=2e-3, atol=1e-4)
    found = read_features(tmp_path / "aids", "audioset", ["dog0", "dog3"])
    assert found.values.shape == (2, 384)
    np.testing.assert_allclose(found.values.sum(0), 0, atol=1e-3)


def test_features_of_five_crops(tiny: Any, tmp_path: Path) -> None:
    write_features(tiny.data, tiny.teachers, tmp_path, lambda *_: None, crops=True)
    with np.load(tmp_path / "mobilenet_v2_crops.npz") as table:
        keys, pooled = table["keys"].tolist(), table["pooled"]
    assert pooled.shape == (15, 5, 1280)
    photo = next(photo for photo in read_photos(tiny.data) if photo.key == "waves2")
    side = photo.pixels.shape[0]
    lower_right = torch.tensor(photo.pixels[-round(side * 5 / 7) :, -round(side * 5 / 7) :])
    net = load_teacher("imagenet_mobilenet_v2", tiny.teachers)
    with torch.no_grad():
        expected = net.features(enlarge(lower_right.permute(2, 0, 1)[None] / 255, 160))[0].numpy()
    np.testing.assert_allclose(pooled[keys.index("waves2"), 3], expected, rtol=2e-3, atol=1e-4)


def test_features_go_on_where_they_were_cut_short(tiny: Any, tmp_path: Path) -> None:
    known = np.full((2, 384), 7, np.float16)
    np.savez(tmp_path / "audioset.part.npz", keys=["dog0", "rain1"], features=known)
    told: list[tuple[str, int, int]] = []
    write_features(tiny.data, tiny.teachers, tmp_path, lambda *what: told.append(what))
    assert told[0] == ("audioset", 2, 12)
    assert [done for name, done, _ in told if name == "audioset"] == list(range(2, 13))
    assert not (tmp_path / "audioset.part.npz").exists()
    with np.load(tmp_path / "audioset.npz") as table:
        assert table["keys"].tolist() == sorted(clip.key for clip in read_sounds(tiny.data))
        sevens = (table["features"] == 7).all(1)
        assert table["keys"][sevens].tolist() == ["dog0", "rain1"]
    told.clear()
    write_features(tiny.data, tiny.teachers, tmp_path, lambda *what: told.append(what))
    assert told == [("audioset", 12, 12), ("mobilenet_v2", 15, 15)]


def test_folders_without_data(run: Callable[..., Any], tmp_path: Path) -> None:
    message = "neither sounds/ nor pictures/ there; give the folder of the data"
    assert message in run("data", "summary", "--data", tmp_path).err
    out = tmp_path / "aids"
    options = ("--data", tmp_path, "--teachers", tmp_path, "--out", out)
    outcome = run("data", "features", *options)
    assert outcome.code == 2
    assert message in outcome.err
    assert not out.exists()


def test_broken_features_are_not_overwritten(tiny: Any, tmp_path: Path) -> None:
    (tmp_path / "audioset.npz").write_bytes(b"PK\x03\x04 cut")
    with pytest.raises(DataError, match=r"audioset.npz: unreadable features .* remove the file"):
        write_features(tiny.data, tiny.teachers, tmp_path, lambda *_: None)
    assert (tmp_path / "audioset.npz").read_bytes() == b"PK\x03\x04 cut"


def test_pairs_of_own_sounds(run: Callable[..., Any], tmp_path: Path) -> None:
    folder, out = tmp_path / "sounds of mine", tmp_path / "pairs"
    folder.mkdir()
    options = ("data", "pairs", "--data", folder, "--out", out, "--pairs", 1)
    assert "no sounds" in run(*options).err
    assert not out.exists()
    for number in range(3):
        samples = 0.1 * np.random.default_rng(number).standard_normal(8000)
        soundfile.write(folder / f"{number}.wav", samples, 16_000)
    result = json.loads(run(*options, "--json").out)
    assert result["pairs"] == {"train": 16, "tune": 16, "held": 16}
    found = read_pairs(out)
    assert {part: len(rows) for part, rows in found.rows.items()} == result["pairs"]
    before = (out / "train-0000.npz").stat().st_mtime_ns
    assert run(*options).code == 0
    assert (out / "train-0000.npz").stat().st_mtime_ns == before
    refused = run(*options, "--palette", "seven")
    assert refused.code == 2
    assert "holds other pairs" in refused.err
