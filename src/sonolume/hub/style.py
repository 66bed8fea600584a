"""Builds restyle's learnt parts from their weights."""

from pathlib import Path

from torch import Tensor, nn

from sonolume.errors import ModelError
from sonolume.hub import weights
from sonolume.hub.building import built
from sonolume.hub.config import read_config
from sonolume.hub.generator import GENERATOR
from sonolume.models.effect_controller import (
    EffectController,
    EffectControllerConfig,
    StyleController,
    StyleControllerConfig,
)
from sonolume.models.film import Film, FilmConfig
from sonolume.models.lora import merge_lora
from sonolume.models.style_heads import StyleHeads, StyleHeadsConfig
from sonolume.models.style_map import StyleMap, StyleMapConfig

__all__ = [
    "BASELINE",
    "CONTROLLER",
    "FILM",
    "HEADS",
    "MAP",
    "load_baseline",
    "load_controller",
    "load_film",
    "load_heads",
    "load_map",
]

HEADS, MAP, CONTROLLER = "restyle-heads", "restyle-map", "restyle-controller"
BASELINE, FILM = "restyle-baseline", "restyle-film"


def load_heads(folder: Path = weights.FOLDER) -> StyleHeads:
    """The style encoder, frozen and in evaluation mode.

    Raises ModelError when its weights are missing or broken.
    """
    tensors, metadata = weights.load(HEADS, folder)
    return built(lambda: StyleHeads(read_config(StyleHeadsConfig, metadata)), tensors)


def load_map(folder: Path = weights.FOLDER) -> StyleMap:
    """The map from pictures to heads, likewise."""
    tensors, metadata = weights.load(MAP, folder)
    return built(lambda: StyleMap(read_config(StyleMapConfig, metadata)), tensors)


def load_controller(folder: Path = weights.FOLDER) -> EffectController:
    """The controller, likewise."""
    tensors, metadata = weights.load(CONTROLLER, folder)
    return built(lambda: EffectController(read_config(EffectControllerConfig, metadata)), tensors)


def load_film(generator: nn.Module, folder: Path = weights.FOLDER) -> Film:
    """The modulation of a generator, likewise; its low-rank changes are added to the generator.

    Raises ModelError where it was trained with another generator than the one in the folder.
    """
    tensors, metadata = weights.load(FILM, folder)
    if metadata.get("generator") != weights.sha256(GENERATOR, folder):
        raise ModelError(f"{folder}: {FILM} was trained with another {GENERATOR}; train it again")
    parts: dict[str, dict[str, Tensor]] = {"film": {}, "lora": {}}
    for key, tensor in tensors.items():
        kind, _, name = key.partition(".")
        parts.setdefault(kind, {})[name] = tensor
    merge_lora(generator, parts["lora"])
    return built(lambda: Film(read_config(FilmConfig, metadata)), parts["film"])


def load_baseline(folder: Path = weights.FOLDER) -> StyleController:
    """The published design, likewise; never among the embedded weights."""
    tensors, metadata = weights.load(BASELINE, folder)
    return built(lambda: StyleController(read_config(StyleControllerConfig, metadata)), tensors)
