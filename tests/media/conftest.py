from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from sonolume.media import Audio


@pytest.fixture
def tone() -> Callable[..., Audio]:
    """A sine per channel, 440 Hz and its multiples."""

    def make(seconds: float = 0.5, rate: int = 16_000, channels: int = 1, **keywords) -> Audio:
        time = np.arange(round(seconds * rate)) / rate
        pitches = 440 * np.arange(1, channels + 1)[:, None]
        return Audio(0.5 * np.sin(2 * np.pi * pitches * time), rate, **keywords)

    return make


@pytest.fixture
def write_bytes(tmp_path: Path) -> Callable[[str, bytes], Path]:
    def write(name: str, content: bytes) -> Path:
        path = tmp_path / name
        path.write_bytes(content)
        return path

    return write
