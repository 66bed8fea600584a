"""Words as people type them, made fit for a tower."""

import unicodedata

from sonolume.errors import OptionError

LONGEST = 4000  # characters; far beyond what any tower reads


def clean_words(text: str) -> str:
    """Control characters become spaces, runs of spaces one; at most 4000 characters are kept.

    Raises OptionError for what is no text.
    """
    if not isinstance(text, str):
        raise OptionError(f"words {text!r}: expected text")
    visible = (" " if unicodedata.category(c) in ("Cc", "Cf", "Cs") else c for c in text[:LONGEST])
    return " ".join("".join(visible).split())
