"""Kits on disc: SF2 2.04 banks and folders of SFZ instruments, written and read."""

from sonolume.music.kits.read import read_kit
from sonolume.music.kits.write import write_kit

__all__ = ["read_kit", "write_kit"]
