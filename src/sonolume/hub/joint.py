"""Builds the joint encoder from its weights."""

from pathlib import Path
from typing import Any

from sonolume.hub import weights
from sonolume.hub.building import built, frozen
from sonolume.hub.config import read_config
from sonolume.models.joint import JointEncoder
from sonolume.models.tokenizer import WordTokenizer
from sonolume.models.towers import PictureTower, SoundTower, TowerConfig
from sonolume.models.words import WordTower, WordTowerConfig

__all__ = ["frozen", "load_joint", "load_word_tower"]


def load_word_tower(folder: Path = weights.FOLDER) -> tuple[WordTower, WordTokenizer]:
    """The word tower, frozen and in evaluation mode, with its tokenizer."""
    tensors, metadata = weights.load("joint-words", folder)
    tensors.pop("anchors", None)
    tower = built(lambda: WordTower(read_config(WordTowerConfig, metadata)), tensors)
    return tower, WordTokenizer.from_json(metadata["tokenizer"])


def load_joint(folder: Path = weights.FOLDER) -> JointEncoder:
    """The three towers as one encoder, frozen and in evaluation mode."""
    tensors, metadata = weights.load("joint-words", folder)
    anchors = tensors.pop("anchors")
    words = built(lambda: WordTower(read_config(WordTowerConfig, metadata)), tensors)
    sound, picture = (
        _load_tower(kind, name, folder)
        for kind, name in ((SoundTower, "joint-sound"), (PictureTower, "joint-picture"))
    )
    tokenizer = WordTokenizer.from_json(metadata["tokenizer"])
    return frozen(
        JointEncoder(words, sound, picture, tokenizer, tuple(metadata["concepts"]), anchors)
    )


def _load_tower(kind: type[Any], name: str, folder: Path) -> Any:
    tensors, metadata = weights.load(name, folder)
    return built(lambda: kind(read_config(TowerConfig, metadata)), tensors)
