"""Builds an AudioSet tagger from its folder."""

import json
from pathlib import Path
from typing import Final

import torch

from sonolume.errors import ModelError
from sonolume.hub.building import frozen
from sonolume.hub.download import needs_full
from sonolume.hub.layout import Layout, require
from sonolume.hub.pretrained import loading, network
from sonolume.models.full.tagger import AudioTagger

TAGGER: Final[Layout] = {".": ("config.json", "model.safetensors", "preprocessor_config.json")}


def load_tagger(folder: Path, device: torch.device) -> AudioTagger:
    """An audio spectrogram transformer and its classes, in float32.

    Raises ModelError when it is not there, or broken.
    """
    require(folder, TAGGER)
    try:
        from transformers import ASTFeatureExtractor, ASTForAudioClassification
    except ImportError as error:
        raise needs_full(error) from error
    with loading(folder):
        model = network(ASTForAudioClassification, folder)
        extractor = ASTFeatureExtractor.from_pretrained(folder, local_files_only=True)
    return AudioTagger(frozen(model.to(device)), extractor)


def model_type(folder: Path) -> str:
    """The type that a folder of transformers states. Raises ModelError when it states none."""
    try:
        return str(json.loads((folder / "config.json").read_text("utf-8"))["model_type"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelError(f"{folder}: no config.json that names a model ({error})") from error
