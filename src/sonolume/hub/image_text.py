"""Builds captioners of transformers from their folders."""

from pathlib import Path
from typing import Any, Final

import torch

from sonolume.errors import ModelError
from sonolume.hub.building import frozen
from sonolume.hub.download import folder_of, needs_full
from sonolume.hub.layout import Layout, require
from sonolume.hub.pretrained import loading, network
from sonolume.models.full.image_text import ImageTextModel

IMAGE_TEXT: Final[Layout] = {".": ("config.json", "model.safetensors")}
# Which of these a model has depends on its kind and on the version that saved it.
FETCHED: Final[Layout] = {
    ".": (
        *IMAGE_TEXT["."],
        "generation_config.json",
        "preprocessor_config.json",
        "processor_config.json",
        "chat_template.json",
        "chat_template.jinja",
        "vocab.txt",
    )
}


def load_image_text(name: str | Path, device: torch.device) -> ImageTextModel:
    """A model that writes about pictures, of a folder or a name on the hub, in float32.

    Raises ModelError when it is not there, broken, or another kind of model.
    """
    folder = folder_of(name, FETCHED)
    require(folder, IMAGE_TEXT)
    try:
        from transformers import AutoConfig, AutoModelForImageTextToText, AutoProcessor
    except ImportError as error:
        raise needs_full(error) from error
    with loading(folder):
        config = AutoConfig.from_pretrained(folder, local_files_only=True)
    if type(config) not in AutoModelForImageTextToText._model_mapping:
        raise ModelError(f"{folder}: a {config.model_type} model writes nothing about pictures")
    processors: Any = AutoProcessor
    with loading(folder):
        model = network(AutoModelForImageTextToText, folder)
        processor = processors.from_pretrained(folder, local_files_only=True)
    return ImageTextModel(frozen(model.to(device)), processor)
