"""Builds the super-resolver from its weights."""

from pathlib import Path

from sonolume.hub import weights
from sonolume.hub.building import built
from sonolume.models.upscaler import Upscaler, UpscalerConfig


def load_upscaler(folder: Path = weights.FOLDER) -> Upscaler:
    """The super-resolver, frozen and in evaluation mode.

    Raises ModelError when its weights are missing or broken.
    """
    tensors, metadata = weights.load("upscaler", folder)
    return built(lambda: Upscaler(UpscalerConfig(**metadata["config"])), tensors)
