"""Builds CLIP from its folder, and its tokenizer for networks that share its vocabulary."""

from pathlib import Path
from typing import Any, Final

import torch

from sonolume.errors import ModelError
from sonolume.hub.building import frozen
from sonolume.hub.download import folder_of, needs_full
from sonolume.hub.layout import Layout, require
from sonolume.hub.library import loading, network
from sonolume.models.full.clip import LENGTH, ClipEncoder

DEFAULT: Final = "openai/clip-vit-base-patch32"
CLIP: Final[Layout] = {".": ("config.json", "model.safetensors")}
VOCABULARY: Final[Layout] = {".": ("tokenizer_config.json",)}


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
    tokenizer = load_tokenizer(folder, words.vocab_size)
    return ClipEncoder(frozen(model.to(device)), tokenizer)


def load_tokenizer(name: str | Path, vocabulary: int) -> Any:
    """CLIP's tokenizer, of a folder with its files or of a model on the hub.

    Raises ModelError when it is not there, or has another vocabulary than `vocabulary` pieces.
    """
    folder = folder_of(name, VOCABULARY)
    try:
        from transformers import CLIPTokenizer
    except ImportError as error:
        raise needs_full(error) from error
    with loading(folder):
        tokenizer = CLIPTokenizer.from_pretrained(folder, local_files_only=True)
    if len(tokenizer) != vocabulary:
        raise ModelError(f"{folder}: {len(tokenizer)} pieces of words; the model has {vocabulary}")
    return tokenizer
