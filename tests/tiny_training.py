"""A data folder, teachers and models small enough to train on within a test.

A fixture; a folder of tests has it if its `conftest.py` imports it.
"""

from __future__ import annotations

import gzip
import io
import json
import tarfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
import torch

SOUNDS = ("dog", "rain", "churchbell")
PHOTOS = ("dog", "waves", "cat")
SPLITS = ("train", "train", "train", "validation")
CAPTIONS = (
    ("coco", "1#0", "a dog runs on the beach"),
    ("coco", "1#1", "a brown dog by the sea"),
    ("coco", "2#0", "a cat sleeps on a chair"),
    ("coco", "2#1", "the cat is asleep"),
    ("clotho", "a#0", "rain falls on a roof"),
    ("clotho", "a#1", "heavy rain outside"),
)
GLOSSES = (
    (["dog"], "a tame animal that barks", ["canine"]),
    (["cat"], "a tame animal that miaows", ["feline"]),
    (["wave"], "a ridge that moves over water", []),
)
# Name of the file, content, concept, split, licence, further fields.
Item = tuple[str, bytes, str | None, str, str, dict[str, Any]]


class Tiny(NamedTuple):
    """Folders with the layout of the real ones."""

    data: Path
    teachers: Path
    aids: Path
    models: Path


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Tiny:
    root = tmp_path_factory.mktemp("tiny")
    folders = Tiny(*(root / name for name in Tiny._fields))
    for folder in folders:
        folder.mkdir()
    _write_sounds(folders.data / "sounds")
    _write_pictures(folders.data / "pictures")
    _write_words(folders.data / "words")
    _write_teachers(folders.teachers)
    _write_aids(folders.aids)
    _write_models(folders)
    return folders


def _write_sounds(folder: Path) -> None:
    import soundfile

    folder.mkdir()
    rng = np.random.default_rng(0)
    items: list[Item] = []
    for place, concept in enumerate(SOUNDS):
        for index, split in enumerate(SPLITS):
            time = np.arange(round(16_000 * (0.3 + 0.3 * index))) / 16_000
            tone = 0.3 * np.sin(2 * np.pi * 300 * (1 + place) * time)
            page = io.BytesIO()
            noisy = tone + rng.normal(0, 0.02, len(time))
            soundfile.write(page, noisy, 16_000, format="OGG", subtype="OPUS")
            licence = "CC-BY-NC-3.0" if index == 1 else "CC0-1.0"
            items.append((f"{concept}{index}.opus", page.getvalue(), concept, split, licence, {}))
    _write_shard(folder / "sounds-000.tar", items)


def _write_pictures(folder: Path) -> None:
    folder.mkdir()
    rng = np.random.default_rng(0)
    items: list[Item] = []
    for place, concept in enumerate(PHOTOS):
        for index, split in enumerate(SPLITS):
            licence = "imagenet-research" if index == 1 else "cc0"
            blob = _photo(rng, place)
            items.append((f"{concept}{index}.webp", blob, concept, split, licence, {}))
    told = {"captions": ["a dog runs .", "the sea at night"], "tags": ["beach"]}
    for index in range(3):
        blob = _photo(rng, index)
        items.append((f"told{index}.webp", blob, None, "train", "flickr8k-research", told))
    _write_shard(folder / "pictures-train-0000.tar.gz", items)


def _photo(rng: np.random.Generator, channel: int) -> bytes:
    from PIL import Image

    pixels = rng.integers(0, 100, (16, 16, 3), dtype=np.uint8)
    pixels[..., channel] += 150
    page = io.BytesIO()
    Image.fromarray(pixels).resize((128, 128), Image.Resampling.BICUBIC).save(page, "webp")
    return page.getvalue()


def _write_shard(path: Path, items: Iterable[Item]) -> None:
    with tarfile.open(path, "w:gz" if path.suffix == ".gz" else "w") as archive:
        for name, blob, concept, split, licence, more in items:
            key = Path(name).stem
            fields = {"key": key, "concept": concept, "split": split, "group": key}
            page = json.dumps({**fields, "licence": licence, **more}).encode()
            for member, content in ((name, blob), (f"{key}.json", page)):
                info = tarfile.TarInfo(member)
                info.size = len(content)
                archive.addfile(info, io.BytesIO(content))


def _write_words(folder: Path) -> None:
    (folder / "lists").mkdir(parents=True)
    (folder / "lists" / "places.txt").write_text("beach\nforest\n", "utf-8")
    captions = [{"source": s, "id": i, "caption": c, "split": "train"} for s, i, c in CAPTIONS]
    glosses = [{"pos": "n", "words": w, "kind_of": k, "gloss": g} for w, g, k in GLOSSES]
    _write_lines(folder / "picture-captions.jsonl.gz", captions[:4])
    _write_lines(folder / "sound-captions.jsonl.gz", captions[4:])
    _write_lines(folder / "wordnet.jsonl.gz", glosses)


def _write_lines(path: Path, rows: list[dict[str, Any]]) -> None:
    with gzip.open(path, "wt", encoding="utf-8") as page:
        page.writelines(json.dumps(row) + "\n" for row in rows)


def _write_teachers(folder: Path) -> None:
    import torch
    from safetensors.torch import save_file

    from sonolume.models.teachers import TEACHERS

    torch.manual_seed(0)
    for name in ("imagenet_squeezenet11", "imagenet_mobilenet_v2", "audioset_mn04"):
        save_file(TEACHERS[name]().half().state_dict(), folder / f"{name}.safetensors")


def _write_aids(folder: Path) -> None:
    rng = np.random.default_rng(0)
    sounds = [f"{concept}{index}" for concept in SOUNDS for index in range(len(SPLITS))]
    photos = [f"{concept}{index}" for concept in PHOTOS for index in range(len(SPLITS))]
    photos += [f"told{index}" for index in range(3)]
    np.savez(folder / "audioset.npz", keys=sounds, features=rng.normal(size=(len(sounds), 6)))
    np.savez(folder / "mobilenet_v2.npz", keys=photos, pooled=rng.normal(size=(len(photos), 7)))
    texts = [text for _, _, text in CAPTIONS]
    targets = rng.normal(size=(len(texts), 5))
    (folder / "sentences.json").write_text(json.dumps(texts), "utf-8")
    np.save(folder / "sentences.npy", targets / np.linalg.norm(targets, axis=1, keepdims=True))


def _write_models(folders: Tiny) -> None:
    """An untrained word tower of the tiny recipe."""
    from sonolume.training.context import Context
    from sonolume.training.recipes import find_recipe, read_stage
    from sonolume.training.stages.registry import STAGES, build

    table, _ = read_stage(find_recipe("tiny"), "joint.words", STAGES)
    build("joint.words", Context(folders.data), table).export(folders.models)


def fitted(stage: Any, batch: Any, steps: int) -> tuple[list[float], dict[str, float]]:
    """The losses of steps on one batch, and the figures of the last."""
    optimizer = torch.optim.Adam(stage.model.parameters(), 3e-3)
    losses, figures = [], {}
    for step in range(steps):
        torch.manual_seed(step)
        loss, figures = stage.loss(batch, step, 0.0)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(float(loss.detach()))
    return losses, {name: float(value) for name, value in figures.items()}
