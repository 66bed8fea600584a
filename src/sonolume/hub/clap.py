"""Builds LAION CLAP from its folder."""

from pathlib import Path

import torch

from sonolume.errors import ModelError
from sonolume.hub.building import frozen
from sonolume.hub.download import folder_of, needs_full
from sonolume.hub.layout import CLAP, require
from sonolume.hub.pretrained import loading, network
from sonolume.models.full.encoders import CLAP_RATE, ClapEncoder

DEFAULT = "laion/clap-htsat-unfused"
EMBEDDING = 512


def load_clap(name: str | Path, device: torch.device) -> ClapEncoder:
    """CLAP of a folder or a name on the hub, in float32.

    Raises ModelError when it is not there, broken, or of another width than 512.
    """
    folder = folder_of(name, CLAP)
    require(folder, CLAP)
    try:
        from transformers import AutoTokenizer, ClapFeatureExtractor, ClapModel
    except ImportError as error:
        raise needs_full(error) from error
    with loading(folder):
        model = network(ClapModel, folder)
        extractor = ClapFeatureExtractor.from_pretrained(folder, local_files_only=True)
        tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
    if model.config.projection_dim != EMBEDDING or extractor.sampling_rate != CLAP_RATE:
        raise ModelError(
            f"{folder}: gives {model.config.projection_dim} numbers a sound, heard at "
            f"{extractor.sampling_rate} Hz; expected {EMBEDDING} at {CLAP_RATE} Hz"
        )
    return ClapEncoder(frozen(model.to(device)), extractor, tokenizer)
