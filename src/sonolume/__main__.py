"""``python -m sonolume`` is the command ``sonolume``."""

from __future__ import annotations

import sys

from sonolume.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
