import io
import json
import tarfile
from pathlib import Path

import numpy as np
import pytest

from sonolume.data.licences import COMMERCIAL
from sonolume.data.shards import Label, read_labels, read_photos, read_sounds
from sonolume.errors import DataError


def test_photos_come_sorted_with_their_fields(data_folder: Path) -> None:
    photos = list(read_photos(data_folder))
    assert [p.key for p in photos] == ["p1", "p2", "p3", "p4", "p5", "p6"]
    assert all(p.pixels.shape == (128, 128, 3) and p.pixels.dtype == np.uint8 for p in photos)
    assert photos[0].tags == ("beach", "sea")
    assert photos[2].captions[1] == "A brown dog runs"
    assert photos[4].low_res


def test_photos_that_turned_out_to_show_storms(data_folder: Path) -> None:
    storm = next(p for p in read_photos(data_folder) if p.key == "p2")
    assert "storm" in storm.tags
    assert storm.weak_concept == "thunder"


def test_split(data_folder: Path) -> None:
    assert [p.key for p in read_photos(data_folder, "validation")] == ["p4"]


def test_sounds_are_sixteen_kilohertz_mono(data_folder: Path) -> None:
    clips = list(read_sounds(data_folder, "train"))
    assert [c.key for c in clips] == ["s1", "s2", "s3"]
    for clip, hertz in zip(clips, (100, 300, 900), strict=True):
        assert abs(len(clip.samples) - 16_000) < 200
        spectrum = np.abs(np.fft.rfft(clip.samples))
        assert abs(np.argmax(spectrum) * 16_000 / len(clip.samples) - hertz) < 3


def test_missing_and_broken_shards(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"no shard sounds-\*\.tar\* there"):
        list(read_sounds(tmp_path))
    (tmp_path / "sounds").mkdir()
    (tmp_path / "sounds" / "sounds-000.tar").write_bytes(b"not a tar" * 100)
    with pytest.raises(DataError, match="unreadable shard"):
        list(read_sounds(tmp_path))


def test_only_licences_that_are_wanted(data_folder: Path) -> None:
    assert [c.key for c in read_sounds(data_folder, licences={"CC0-1.0"})] == ["s1", "s2", "s3"]
    assert list(read_sounds(data_folder, licences={"MIT"})) == []
    assert len(list(read_photos(data_folder, "train", licences={"cc0"}))) == 5
    assert list(read_photos(data_folder, licences=frozenset())) == []


def test_no_research_or_unstated_licence_counts_as_commercial() -> None:
    doubtful = {"CC-BY-NC-3.0", "CC-Sampling-Plus-1.0", "unstated", "flickr8k-research", "pexels"}
    assert doubtful.isdisjoint(COMMERCIAL)
    assert {"CC0-1.0", "CC-BY-4.0", "cc0", "mit"} <= COMMERCIAL
    assert not any("research" in code or "NC" in code for code in COMMERCIAL)


def test_labels_come_without_decoding(data_folder: Path) -> None:
    labels = list(read_labels(data_folder, "pictures"))
    assert [label.key for label in labels] == ["p1", "p2", "p3", "p4", "p5", "p6"]
    assert labels[3] == Label("p4", "dog", "validation", "cc0")


def test_sounds_at_another_rate(data_folder: Path) -> None:
    clip = next(iter(read_sounds(data_folder, rate=32_000)))
    assert abs(len(clip.samples) - 32_000) < 400


@pytest.mark.parametrize(
    ("fields", "blob", "message"),
    [
        ({}, b"", r"a.json says nothing of key, concept, split, group, licence; add it"),
        (
            {"key": "a", "concept": "dog", "split": "train", "group": "a", "licence": "cc0"},
            b"no picture",
            r"a.webp: unreadable photo",
        ),
    ],
)
def test_broken_items(tmp_path: Path, fields: dict[str, str], blob: bytes, message: str) -> None:
    (tmp_path / "pictures").mkdir()
    with tarfile.open(tmp_path / "pictures" / "pictures-0.tar", "w") as archive:
        for name, content in (("a.webp", blob), ("a.json", json.dumps(fields).encode())):
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    with pytest.raises(DataError, match=message):
        list(read_photos(tmp_path))
