"""Builds the joint encoder from its weights."""

from pathlib import Path
from typing import TypeVar

from torch import nn

from sonolume.hub import weights
from sonolume.hub.config import read_config
from sonolume.models.joint import JointEncoder
from sonolume.models.tokenizer import WordTokenizer
from sonolume.models.towers import PictureTower, SoundTower, TowerConfig
from sonolume.models.words import WordTower, WordTowerConfig

M = TypeVar("M", bound=nn.Module)


def load_word_tower(folder: Path = weights.FOLDER) -> tuple[WordTower, WordTokenizer]:
    """The word tower, frozen and in evaluation mode, with its tokenizer."""
    tensors, metadata = weights.load("joint-words", folder)
    tensors.pop("anchors", None)
    tower = WordTower(read_config(WordTowerConfig, metadata))
    tower.load_state_dict(tensors)
    return frozen(tower), WordTokenizer.from_json(metadata["tokenizer"])


def load_joint(folder: Path = weights.FOLDER) -> JointEncoder:
    """The three towers as one encoder, frozen and in evaluation mode."""
    tensors, metadata = weights.load("joint-words", folder)
    anchors = tensors.pop("anchors")
    words = WordTower(read_config(WordTowerConfig, metadata))
    words.load_state_dict(tensors)
    sound = SoundTower(_tower_config(folder, "joint-sound"))
    sound.load_state_dict(weights.load("joint-sound", folder)[0])
    picture = PictureTower(_tower_config(folder, "joint-picture"))
    picture.load_state_dict(weights.load("joint-picture", folder)[0])
    tokenizer = WordTokenizer.from_json(metadata["tokenizer"])
    return frozen(
        JointEncoder(words, sound, picture, tokenizer, tuple(metadata["concepts"]), anchors)
    )


def frozen(model: M) -> M:
    """`model` in evaluation mode, none of its parameters trained."""
    return model.eval().requires_grad_(False)


def _tower_config(folder: Path, name: str) -> TowerConfig:
    return read_config(TowerConfig, weights.header(name, folder).metadata)
