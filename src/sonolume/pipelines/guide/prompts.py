"""What a picture is guided towards: words, sounds and pictures, each with a weight."""

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sonolume.errors import OptionError
from sonolume.media import Audio, Picture
from sonolume.pipelines.guide.parts import Kind
from sonolume.pipelines.words import clean_words

HEAVIEST = 1000.0

_NUMBER = r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?"
_WEIGHTED = re.compile(rf"(?P<value>.*)(?<!\\):\s*(?P<weight>{_NUMBER})\s*", re.DOTALL)
# A number after a colon that is no weight: the time of day, the port of a server.
_CLOCK = re.compile(r"(?:.*\D)?\d{1,2}:[0-5]\d\s*", re.DOTALL)
_PORT = re.compile(r"[a-z][a-z0-9+.-]*://[^/\s]*:\d+\s*", re.IGNORECASE)

Value = str | Path | Audio | Picture
Given = Value | tuple[Value, float]


@dataclass(frozen=True)
class Prompt:
    """One thing to go to, or with a negative weight to go away from.

    `value` is a phrase, or the file or object of a sound or a picture. Raises OptionError for an
    empty phrase and for a weight beyond ±1000.
    """

    kind: Kind
    value: Value
    weight: float = 1.0

    def __post_init__(self) -> None:
        weight = self.weight
        number = isinstance(weight, int | float) and not isinstance(weight, bool)
        if not number or not math.isfinite(weight) or abs(weight) > HEAVIEST:
            raise OptionError(
                f"weight {weight!r} of {self.told!r}: expected a number from −1000 to 1000; "
                r"write \: for a colon that belongs to the words"
            )
        if self.kind == "words" and not (isinstance(self.value, str) and clean_words(self.value)):
            raise OptionError(
                f"a prompt without words: {self.value!r}; expected WORDS or WORDS:1.5"
            )

    @property
    def told(self) -> str:
        """The value in words: a phrase, the name of a file, or the kind of an object in memory."""
        if self.kind == "words":
            return clean_words(str(self.value))
        return Path(self.value).name if isinstance(self.value, str | Path) else self.kind


def read_prompt(kind: Kind, text: str) -> Prompt:
    r"""A prompt as it is typed: ``WORDS``, ``WORDS:0.5``, ``FILE:-1``.

    The weight follows the last colon. Other colons belong to the words, and so does one before
    which a backslash stands (``ratio 3\:4``), one in a time of day (``10:30``) and one before the
    port of an address. A file that exists under the whole text is that file.

    Raises OptionError as `Prompt`, and for what is no text.
    """
    if not isinstance(text, str):
        raise OptionError(f"{kind} {text!r}: expected text such as 'a beach:0.5'")
    found = None if _is_whole(kind, text) else _WEIGHTED.fullmatch(text)
    value, weight = (found["value"], float(found["weight"])) if found else (text, 1.0)
    if kind != "words" and not value.strip():
        raise OptionError(f"{kind} {text!r}: no file is named; expected FILE or FILE:0.5")
    return Prompt(kind, value.replace(r"\:", ":"), weight)


def type_prompt(prompt: Prompt) -> str:
    """A prompt as `read_prompt` reads it, with its weight. Objects in memory cannot be typed."""
    typed = prompt.told.replace(":", r"\:") + f":{prompt.weight:g}"
    # "take 9" of weight 30 would be a time of day, "take 9:30".
    return f"{typed}.0" if _is_whole(prompt.kind, typed) else typed


def gather(kind: Kind, given: Given | Iterable[Given] | None) -> list[Prompt]:
    """Prompts of one kind from what a caller gives: one or several, with weights or without.

    A phrase or a file name may carry its weight as `read_prompt` has it, and in a pair stands for
    itself. Raises OptionError.
    """
    if given is None:
        return []
    if isinstance(given, str | Path | Audio | Picture) or _is_pair(given):
        return [_one(kind, given)]
    if not isinstance(given, Iterable):
        raise OptionError(f"{kind} {given!r}: expected prompts, or pairs of prompt and weight")
    return [_one(kind, item) for item in given]


def _one(kind: Kind, given: Any) -> Prompt:
    if isinstance(given, str):
        return read_prompt(kind, given)
    value, weight = given if _is_pair(given) else (given, 1.0)
    if not _fits(kind, value):
        raise OptionError(f"{kind} {value!r}: expected {'text' if kind == 'words' else 'a file'}")
    return Prompt(kind, value, weight)


def _fits(kind: Kind, value: object) -> bool:
    match kind:
        case "words":
            return isinstance(value, str)
        case "sound":
            return isinstance(value, str | Path | Audio)
        case "picture":
            return isinstance(value, str | Path | Picture)


def _is_pair(given: object) -> bool:
    return (
        isinstance(given, tuple)
        and len(given) == 2
        and isinstance(given[1], int | float)
        and not isinstance(given[0], tuple)
    )


def _is_whole(kind: Kind, text: str) -> bool:
    """Whether a last colon in the text is not the one before a weight."""
    if kind == "words":
        return bool(_CLOCK.fullmatch(text) or _PORT.fullmatch(text))
    try:
        return bool(_PORT.fullmatch(text)) or Path(text).exists()
    except (OSError, ValueError):
        return False
