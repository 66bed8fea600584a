"""Sounds made into instruments."""

from sonolume.music.instruments.make import make_drums, make_instrument
from sonolume.music.instruments.settings import InstrumentSettings

__all__ = ["InstrumentSettings", "make_drums", "make_instrument"]
