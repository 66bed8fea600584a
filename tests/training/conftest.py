"""The tiny data of `tests/tiny_training.py` and the tiny models, as fixtures of this folder."""

from tests.tiny_models import tiny_pocket
from tests.tiny_training import tiny

__all__ = ["tiny", "tiny_pocket"]
