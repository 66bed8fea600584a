"""Tiny models and checkpoints, as fixtures of this folder."""

from tests.tiny_checkpoints import tiny_adm, tiny_audioclip, tiny_clip, tiny_unconditional
from tests.tiny_models import (
    noise,
    tiny_clap,
    tiny_diffusion,
    tiny_full,
    tiny_pocket,
    tiny_sounds,
)
from tests.tiny_sound_models import audioldm2, stable_audio

__all__ = [
    "audioldm2",
    "noise",
    "stable_audio",
    "tiny_adm",
    "tiny_audioclip",
    "tiny_clap",
    "tiny_clip",
    "tiny_diffusion",
    "tiny_full",
    "tiny_pocket",
    "tiny_sounds",
    "tiny_unconditional",
]
