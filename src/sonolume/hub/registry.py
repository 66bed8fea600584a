"""Which models there are: those inside the package, and the full-size ones on the hub.

An embedded model has a card beside its weights, ``NAME.md``, which opens with its facts:

    ---
    job: paint
    licence: CC BY-NC 4.0
    parameters: 9800000
    data: photographs of 51 concepts
    ---

Parameters and size are read from the weights themselves; ``parameters`` in a card is for its
readers, and a card that disagrees with its weights is refused.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sonolume.errors import ModelError
from sonolume.hub import weights

__all__ = ["HUB_MODELS", "Model", "card", "registry"]

_REQUIRED = ("job", "licence", "parameters", "data")


@dataclass(frozen=True)
class Model:
    """One model: what it does, how large it is, on what terms, and where it is."""

    name: str
    job: str
    parameters: int
    size: int
    """Bytes on disk; for hub models, of the float32 weights that are downloaded."""
    licence: str
    where: str
    data: str
    """What it was trained on."""
    embedded: bool


HUB_MODELS: Final = (
    Model(
        name="sd15",
        job="paint",
        parameters=1_066_235_307,
        size=4_264_941_228,
        licence="CreativeML OpenRAIL-M",
        where="https://huggingface.co/stable-diffusion-v1-5/stable-diffusion-v1-5",
        data="LAION-2B-en and its aesthetic subset",
        embedded=False,
    ),
    Model(
        name="laion/clap-htsat-unfused",
        job="joint",
        parameters=153_492_890,
        size=613_971_560,
        licence="Apache-2.0",
        where="https://huggingface.co/laion/clap-htsat-unfused",
        data="LAION-Audio-630K",
        embedded=False,
    ),
    Model(
        name="openai/clip-vit-base-patch32",
        job="joint",
        parameters=151_277_313,
        size=605_109_252,
        licence="MIT (as in the repository of its authors)",
        where="https://huggingface.co/openai/clip-vit-base-patch32",
        data="400 million pairs of pictures and texts from the web",
        embedded=False,
    ),
)


def registry(folder: Path = weights.FOLDER) -> tuple[Model, ...]:
    """Embedded models by name, then the known full-size ones.

    Raises:
        ModelError: weights are broken or incomplete, or a card is missing or wrong.
    """
    return (*(_embedded(name, folder) for name in weights.names(folder)), *HUB_MODELS)


def card(name: str, folder: Path = weights.FOLDER) -> dict[str, str]:
    """The facts at the head of a card: ``key: value`` lines between two lines of ``---``.

    Raises:
        ModelError: the card is missing, has no such head, or lacks a fact.
    """
    path = folder / f"{name}.md"
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ModelError(f"{path}: the weights {name!r} have no readable card ({error})") from error
    if lines[:1] != ["---"] or "---" not in lines[1:]:
        raise ModelError(f"{path}: a card begins with its facts between two lines of '---'")
    facts: dict[str, str] = {}
    for line in lines[1 : lines.index("---", 1)]:
        key, colon, value = line.partition(":")
        if not colon or not value.strip():
            raise ModelError(f"{path}: expected 'key: value', found {line!r}")
        facts[key.strip()] = value.strip()
    missing = [key for key in _REQUIRED if key not in facts]
    if missing:
        raise ModelError(f"{path}: the card does not say {', '.join(missing)}")
    return facts


def _embedded(name: str, folder: Path) -> Model:
    facts = card(name, folder)
    header = weights.header(name, folder)
    if facts["parameters"].replace("_", "") != str(header.parameters):
        found = f"{facts['parameters']}, but the weights have {header.parameters}"
        raise ModelError(f"{folder / name}.md: the card says parameters: {found}")
    return Model(
        name=name,
        job=facts["job"],
        parameters=header.parameters,
        size=header.size,
        licence=facts["licence"],
        where=str(weights.files(name, folder)[0]),
        data=facts["data"],
        embedded=True,
    )
