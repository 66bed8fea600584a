"""Builds the super-resolver from its weights."""

from pathlib import Path

from sonolume.hub import weights
from sonolume.models.upscaler import Upscaler, UpscalerConfig


def load_upscaler(folder: Path = weights.FOLDER) -> Upscaler:
    """The super-resolver, frozen and in evaluation mode.

    Raises ModelError when its weights are missing or broken.
    """
    tensors, metadata = weights.load("upscaler", folder)
    model = Upscaler(UpscalerConfig(**metadata["config"]))
    model.load_state_dict(tensors)
    return model.eval().requires_grad_(False)
