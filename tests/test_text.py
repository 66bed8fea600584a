"""What is committed speaks of the project alone, not of the machine it was written on."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]

# Absolute paths of somebody's machine; not parts of an address or of a longer path.
LOCAL = re.compile(r"(?<![\w.~/:-])/(?:home|mnt|opt|root|scratch|tmp|Users|work)/[\w.]")

LARGEST = 16_000_000


def committed() -> list[Path]:
    """Files that git tracks, or would track: all that are not ignored."""
    if not shutil.which("git") or not (ROOT / ".git").exists():
        pytest.skip("not a git checkout")
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, check=True).stdout
    paths = (ROOT / name for name in listed.decode().split("\0") if name)
    return [path for path in paths if path.is_file()]


def faults(text: str) -> Iterator[str]:
    for number, line in enumerate(text.splitlines(), 1):
        if LOCAL.search(line) or str(ROOT) in line:
            yield f"{number}: {line.strip()[:100]}"


def test_no_text_names_a_local_path() -> None:
    found = []
    for path in committed():
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue  # sounds, pictures, weights
        found += [f"{path.relative_to(ROOT)}:{fault}" for fault in faults(text)]
    assert found == []


def test_no_file_is_too_large_for_the_repository() -> None:
    too_large = {path.name for path in committed() if path.stat().st_size >= LARGEST}
    assert too_large == set()


@pytest.mark.parametrize("folder", ["home", "root", "tmp", "Users", "work"])
def test_a_local_path_is_seen(folder: str) -> None:
    assert list(faults(f"first\nread '/{folder}/somebody/notes.md'")) == [
        f"2: read '/{folder}/somebody/notes.md'"
    ]
    assert list(faults(f"https://example.org/{folder}/page and some/{folder}/page")) == []
