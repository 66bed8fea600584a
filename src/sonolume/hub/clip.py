"""Builds CLIP from its folder, and its tokenizer for networks that share its vocabulary."""

from pathlib import Path
from typing import Final

import torch

from sonolume.errors import ModelError
from sonolume.hub.building import frozen
from sonolume.hub.download import folder_of, needs_full
from sonolume.hub.layout import Layout, require
from sonolume.hub.pretrained import load_tokenizer, loading, network
from sonolume.models.full.clip import LENGTH, ClipEncoder

DEFAULT: Final = "openai/clip-vit-base-patch32"
CLIP: Final[Layout] = {".": ("config.json", "model.safetensors")}


def load_clip(name: str | Path, device: torch.device) -> ClipEncoder:
    """CLIP of a folder or a name on the hub, in float32.

    Raises ModelError when it is not there, broken, or another kind of model.
    """
    folder = folder_of(name, CLIP)
    require(folder, CLIP)
    try:
        from transformers import CLIPModel
    except ImportError as error:
        raise needs_full(error) from error
    with loading(folder):
        model = network(CLIPModel, folder)
    config, words = model.config, model.config.text_config
    if config.model_type != "clip" or words.max_position_embeddings < LENGTH:
        raise ModelError(f"{folder}: a {config.model_type} model; give CLIP of transformers")
    tokenizer = load_tokenizer("CLIPTokenizer", folder, words.vocab_size)
    return ClipEncoder(frozen(model.to(device)), tokenizer)
