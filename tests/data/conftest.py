"""A tiny data folder in the layout of the real one."""

import io
import json
import tarfile
from pathlib import Path

import numpy as np
import pytest
import soundfile
from PIL import Image

ROWS = [
    ("p1", "waves", ["beach", "sea"], [], "train"),
    ("p2", None, ["beach", "sunny"], [], "train"),
    ("p3", None, [], ["A dog runs .", "A brown dog runs"], "train"),
    ("p4", "dog", [], [], "validation"),
    ("p5", None, [], [], "train"),
    ("p6", "rain", ["rain", "street"], [], "train"),
]


def add(archive: tarfile.TarFile, name: str, blob: bytes) -> None:
    info = tarfile.TarInfo(name)
    info.size = len(blob)
    archive.addfile(info, io.BytesIO(blob))


def photo(seed: int, side: int) -> bytes:
    pixels = np.random.default_rng(seed).integers(0, 256, (side, side, 3), dtype=np.uint8)
    page = io.BytesIO()
    Image.fromarray(pixels).save(page, "webp", quality=90)
    return page.getvalue()


def tone(hertz: float) -> bytes:
    page = io.BytesIO()
    samples = 0.3 * np.sin(2 * np.pi * hertz * np.arange(48_000) / 48_000)
    soundfile.write(page, samples, 48_000, format="OGG", subtype="OPUS")
    return page.getvalue()


@pytest.fixture(scope="session")
def data_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    (folder / "pictures").mkdir()
    (folder / "sounds").mkdir()
    with tarfile.open(folder / "pictures" / "pictures-train-0000.tar.gz", "w:gz") as archive:
        for number, (key, concept, tags, captions, split) in enumerate(ROWS):
            fields = {
                "key": key, "concept": concept, "tags": tags, "captions": captions,
                "split": split, "group": key, "licence": "cc0", "low_res": key == "p5",
            }  # fmt: skip
            add(archive, f"{key}.webp", photo(number, 64 if key == "p5" else 128))
            add(archive, f"{key}.json", json.dumps(fields).encode())
    with tarfile.open(folder / "sounds" / "sounds-000.tar", "w") as archive:
        for key, concept, hertz in (
            ("s2", "waves", 300),
            ("s1", "thunder", 100),
            ("s3", "dog", 900),
        ):
            fields = {
                "key": key, "concept": concept, "split": "train", "group": key, "licence": "CC0-1.0"
            }  # fmt: skip
            add(archive, f"{key}.opus", tone(hertz))
            add(archive, f"{key}.json", json.dumps(fields).encode())
    retagged = {"add_tag": "storm", "weak_concept": "thunder", "keys": ["p2"]}
    (folder / "pictures" / "retag-storm.json").write_text(json.dumps(retagged), "utf-8")
    return folder
