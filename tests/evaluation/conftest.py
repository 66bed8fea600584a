"""A small world whose truth is known: every concept is one tone and one pattern."""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import soundfile
import torch
from numpy.typing import NDArray
from PIL import Image
from safetensors.torch import save_file
from tests.tiny_models import tiny_pocket, tiny_sounds
from torch import Tensor, nn

from sonolume.data.concepts import concepts, phrases
from sonolume.evaluation.judge import NET, Judge, load_judge, save_heads
from sonolume.evaluation.judge_fit import fit_judge
from sonolume.media.audio import Audio
from sonolume.media.picture import Picture
from sonolume.models.teachers import MobileNetV1
from sonolume.pipelines.paint.settings import PaintRequest, PaintSettings

__all__ = ["tiny_pocket", "tiny_sounds"]

SLUGS = tuple(concept.slug for concept in concepts())
PHRASES = {line: c.slug for c in concepts() for line in [*phrases(c.slug), c.name]}
PAIRED = ("dog", "train", "waves", "guitar")
STATES = ("thunder", "fire")
PLACES = ("beach", "city", "forest", "mountain")
RATE = 16_000


def tone(slug: str) -> NDArray[np.float32]:
    """Half a second of the concept's own frequency."""
    frequency = 100 + 100 * SLUGS.index(slug)
    return (0.3 * np.sin(2 * np.pi * frequency * np.arange(RATE // 2) / RATE)).astype(np.float32)


def pattern(name: str, variant: int = 0, side: int = 128) -> NDArray[np.uint8]:
    """Stripes in a colour, angle and width of the name's own; `variant` shifts them a little."""
    rng = np.random.default_rng(sum(name.encode()) * 7919)
    colour, angle, width = rng.random(3), rng.uniform(0, np.pi), rng.uniform(6, 20)
    y, x = np.mgrid[:side, :side] * 128 / side
    wave = np.sin((x * np.cos(angle) + y * np.sin(angle) + 2 * variant) * 2 * np.pi / width)
    return np.uint8(255 * np.clip(colour * (0.65 + 0.3 * wave[..., None]), 0, 1))


def add(archive: tarfile.TarFile, name: str, blob: bytes) -> None:
    info = tarfile.TarInfo(name)
    info.size = len(blob)
    archive.addfile(info, io.BytesIO(blob))


def write_sounds(folder: Path, slugs: Sequence[str], split: str = "validation") -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with tarfile.open(folder / f"sounds-{split}.tar", "w") as archive:
        for slug in slugs:
            for n in range(2):
                blob = io.BytesIO()
                soundfile.write(blob, tone(slug), RATE, format="FLAC")
                key = f"{slug}-{n}"
                row = {"key": key, "concept": slug, "split": split, "group": key, "licence": "cc0"}
                add(archive, f"{key}.opus", blob.getvalue())
                add(archive, f"{key}.json", json.dumps(row).encode())


def write_photos(folder: Path, split: str, variants: Sequence[int]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with tarfile.open(folder / f"pictures-{split}.tar.gz", "w:gz") as archive:
        for name in [*PAIRED, *PLACES]:
            for n in variants:
                blob = io.BytesIO()
                Image.fromarray(pattern(name, n)).save(blob, "WEBP", lossless=True)
                place = name in PLACES
                key = f"{name}-{split}-{n}"
                row = {
                    "key": key, "concept": None if place else name, "split": split, "group": key,
                    "tags": [name] if place else [], "licence": "cc0",
                }  # fmt: skip
                add(archive, f"{key}.webp", blob.getvalue())
                add(archive, f"{key}.json", json.dumps(row).encode())


@pytest.fixture(scope="session")
def world() -> SimpleNamespace:
    """What tests need to make worlds of their own."""
    return SimpleNamespace(
        PAIRED=PAIRED,
        PLACES=PLACES,
        Faithful=Faithful,
        Knowing=Knowing,
        pattern=pattern,
        write_photos=write_photos,
        write_sounds=write_sounds,
    )


@pytest.fixture(scope="session")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Tones of six concepts; patterns of four of them and of four places."""
    folder = tmp_path_factory.mktemp("world") / "small"
    write_sounds(folder / "sounds", [*PAIRED, *STATES])
    write_photos(folder / "pictures", "train", range(3))
    write_photos(folder / "pictures", "validation", (3, 4))
    return folder


@pytest.fixture(scope="session")
def teachers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The judge's net with random weights that keep the size of what passes through."""
    torch.manual_seed(0)
    net = MobileNetV1()
    for module in net.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight)
    folder = tmp_path_factory.mktemp("teachers")
    save_file(net.state_dict(), folder / f"{NET}.safetensors")
    return folder


@pytest.fixture(scope="session")
def heads(data: Path, teachers: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The judge's heads, trained on the patterns."""
    folder = tmp_path_factory.mktemp("heads")
    save_heads(fit_judge(teachers, data), folder)
    return folder


@pytest.fixture(scope="session")
def judge(teachers: Path, heads: Path) -> Judge:
    return load_judge(teachers, heads)


class Knowing:
    """An encoder that is right by construction: a concept is one axis of the space."""

    concepts = SLUGS
    anchors = torch.eye(len(SLUGS), 512)

    def embed_sound(self, samples: NDArray[np.float32], /) -> Tensor:
        if not samples.any():
            return torch.ones(512) / 512**0.5
        spectrum = np.abs(np.fft.rfft(samples))
        frequency = np.fft.rfftfreq(len(samples), 1 / RATE)[spectrum.argmax()]
        return torch.eye(len(SLUGS), 512)[round((frequency - 100) / 100)]

    def embed_pictures(self, pictures: Tensor, /) -> Tensor:
        known = np.stack([pattern(slug).mean((0, 1)) for slug in SLUGS])
        means = (pictures.mean((2, 3)).numpy() + 1) * 127.5
        distances = np.linalg.norm(means[:, None] - known[None], axis=2)
        return torch.eye(len(SLUGS), 512)[distances.argmin(1)]

    def embed_words(self, texts: list[str], /) -> Tensor:
        """Lines of the phrasebook, also when "indeed" was put before them."""
        known = [PHRASES[text.removeprefix("indeed ")] for text in texts]
        return torch.stack([torch.eye(len(SLUGS), 512)[SLUGS.index(slug)] for slug in known])

    def hear(self, audio: Audio) -> Tensor:
        return self.embed_sound(audio.samples[0])


@pytest.fixture
def knowing() -> Knowing:
    return Knowing()


class Faithful:
    """A painter that shows what it is asked for: the pattern of the concept or the place.

    Under a sound, the words' picture is tinted as its state claims.
    """

    TINTS = {"thunder": (0.93, 0.95, 0.99), "fire": (1.0, 0.96, 0.92)}  # noqa: RUF012

    def __init__(self) -> None:
        self.requests: list[PaintRequest] = []

    def paint_many(
        self, requests: Sequence[PaintRequest], settings: PaintSettings | None = None, /
    ) -> list[Picture]:
        self.requests += requests
        side = (settings or PaintSettings()).size
        return [Picture(self._paint(request, side)) for request in requests]

    def _paint(self, request: PaintRequest, side: int) -> NDArray[np.uint8]:
        heard = None
        if request.sound is not None:
            heard = SLUGS[int(request.sound.argmax())]
        place = request.words.removeprefix("a ")
        if place in PLACES and heard not in PAIRED:
            tint = np.array(self.TINTS.get(heard or "", (1, 1, 1)))
            return np.uint8(pattern(place, 0, side) * tint)
        return pattern(heard or PHRASES[request.words], request.seed % 3, side)


@pytest.fixture
def faithful() -> Faithful:
    return Faithful()
