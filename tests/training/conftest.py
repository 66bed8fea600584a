"""The tiny data of `tests/tiny_training.py`, as a fixture of this folder."""

from tests.tiny_training import tiny

__all__ = ["tiny"]
