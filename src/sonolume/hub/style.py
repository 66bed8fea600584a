"""Builds restyle's learnt parts from their weights."""

from pathlib import Path

from sonolume.hub import weights
from sonolume.hub.building import built
from sonolume.hub.config import read_config
from sonolume.models.effect_controller import (
    EffectController,
    EffectControllerConfig,
    StyleController,
    StyleControllerConfig,
)
from sonolume.models.style_heads import StyleHeads, StyleHeadsConfig
from sonolume.models.style_map import StyleMap, StyleMapConfig

__all__ = [
    "BASELINE",
    "CONTROLLER",
    "HEADS",
    "MAP",
    "load_baseline",
    "load_controller",
    "load_heads",
    "load_map",
]

HEADS, MAP, CONTROLLER = "restyle-heads", "restyle-map", "restyle-controller"
BASELINE = "restyle-baseline"


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


def load_baseline(folder: Path = weights.FOLDER) -> StyleController:
    """The published design, likewise; never among the embedded weights."""
    tensors, metadata = weights.load(BASELINE, folder)
    return built(lambda: StyleController(read_config(StyleControllerConfig, metadata)), tensors)
