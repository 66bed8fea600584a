"""The tiny models of `tests/tiny_models.py`, as fixtures of this folder."""

from tests.tiny_models import noise, tiny_clap, tiny_diffusion, tiny_full, tiny_pocket

__all__ = ["noise", "tiny_clap", "tiny_diffusion", "tiny_full", "tiny_pocket"]
