"""Tiny sound models, as fixtures of this folder."""

from tests.tiny_sound_models import audioldm2, stable_audio

__all__ = ["audioldm2", "stable_audio"]
