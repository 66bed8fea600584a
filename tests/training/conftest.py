"""The tiny data of `tests/tiny_training.py` and the tiny models, as fixtures of this folder."""

from tests.tiny_models import tiny_pocket, tiny_sounds
from tests.tiny_training import tiny
from tests.training.restyle_pairs import pairs_folder, takes

__all__ = ["pairs_folder", "takes", "tiny", "tiny_pocket", "tiny_sounds"]
