"""One warning for all that a reader leaves out."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

__all__ = ["left_out"]

NAMED = 12


def left_out(path: Path, things: Iterable[str]) -> None:
    """Warn once (UserWarning), naming the most frequent; silent where nothing is left out."""
    counts = Counter(things)
    if not counts:
        return
    named = ", ".join(
        f"{thing} ({n}×)" if n > 1 else thing for thing, n in counts.most_common(NAMED)
    )
    more = f" and {len(counts) - NAMED} more" if len(counts) > NAMED else ""
    warnings.warn(f"{path}: left out: {named}{more}", UserWarning, stacklevel=3)
