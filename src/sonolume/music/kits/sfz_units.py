"""SFZ values: numbers, keys, and the time scale of envelopes."""

from __future__ import annotations

import math
import re

__all__ = ["FALL", "key_number", "number"]

# SFZ players fall exponentially by e^-9 (-78 dB) in the time given (sfizz, ADSREnvelope), an
# `Envelope` by -100 dB: its times are multiplied by this.
FALL = 9 * 20 / math.log(10) / 100
NUMBER = re.compile(r"[-+]?(?:\d{1,12}(?:\.\d*)?|\.\d+)")
NOTE = re.compile(r"([a-gA-G])([#b♯♭]?)(-?\d{1,2})$")
STEPS = {"c": 0, "d": 2, "e": 4, "f": 5, "g": 7, "a": 9, "b": 11}
RAISED = {"": 0, "#": 1, "♯": 1, "b": -1, "♭": -1}


def number(text: str) -> float | None:
    """The number at the start of ``text``; None where there is none."""
    match = NUMBER.match(text)
    return float(match.group()) if match else None


def key_number(text: str) -> int | None:
    """A key from its number or name; c4 is 60, as in sforzando and sfizz."""
    note = NOTE.match(text)
    if note is None:
        value = number(text)
        return None if value is None else round(value)
    letter, accidental, octave = note.groups()
    return 12 * (int(octave) + 1) + STEPS[letter.lower()] + RAISED[accidental]
