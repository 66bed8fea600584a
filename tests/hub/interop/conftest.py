"""Small published checkpoints, as fixtures of this folder."""

from tests.tiny_checkpoints import tiny_adm, tiny_audioclip

__all__ = ["tiny_adm", "tiny_audioclip"]
