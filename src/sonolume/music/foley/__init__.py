"""Foley: sounds of things, synthesised from what they are made of and how they are played."""

from sonolume.music.foley.synthesise import synthesise

__all__ = ["synthesise"]
