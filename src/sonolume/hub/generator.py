"""Builds the pocket sound generator and its vocoder from their weights."""

from pathlib import Path

from sonolume.hub import weights
from sonolume.hub.building import built
from sonolume.hub.config import read_config
from sonolume.models.sound_generator import SoundGenerator, SoundGeneratorConfig
from sonolume.models.vocoder import Vocoder, VocoderConfig

GENERATOR, VOCODER = "sound-generator", "vocoder"


def load_generator(folder: Path = weights.FOLDER) -> SoundGenerator:
    """The generator of log-mels, frozen and in evaluation mode.

    Raises ModelError when its weights are missing or broken.
    """
    tensors, metadata = weights.load(GENERATOR, folder)
    return built(lambda: SoundGenerator(read_config(SoundGeneratorConfig, metadata)), tensors)


def load_vocoder(folder: Path = weights.FOLDER) -> Vocoder:
    """The vocoder, likewise."""
    tensors, metadata = weights.load(VOCODER, folder)
    return built(lambda: Vocoder(read_config(VocoderConfig, metadata)), tensors)
