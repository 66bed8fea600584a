"""Pictures that are drawn here: two of the example scenes, and a still life of plain shapes."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from PIL import Image, ImageDraw

from sonolume.media import Picture

EXAMPLES = Path(__file__).parents[2] / "examples"


def _drawn() -> ModuleType:
    spec = importlib.util.spec_from_file_location("scenes", EXAMPLES / "scenes.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def still_life() -> Picture:
    """A pot, a ball and a box on a table, with the weave of a cloth."""
    side = 512
    down, right = np.mgrid[:side, :side] / side
    weave = np.random.default_rng(3).normal(0, 0.02, (side // 4, side // 4)).repeat(4, 0)
    level = np.where(down < 0.55, 0.62 - 0.25 * down, 0.45 + 0.15 * right + weave.repeat(4, 1))
    colours = level[..., None] * np.where(
        (down < 0.55)[..., None], (0.80, 0.90, 1.0), (1.0, 0.80, 0.62)
    )
    image = Image.fromarray((colours * 255).astype(np.uint8))
    pen = ImageDraw.Draw(image)
    pen.ellipse((70, 210, 230, 370), fill=(196, 90, 62))
    pen.rectangle((290, 160, 420, 360), fill=(66, 92, 120))
    pen.polygon([(150, 330), (270, 300), (330, 440), (190, 450)], fill=(222, 200, 120))
    return Picture(np.array(image)).resize(256, 256)


@pytest.fixture(scope="session")
def scenes() -> dict[str, Picture]:
    """Three pictures of 256 px."""
    drawn = _drawn()
    return {"beach": drawn.draw("beach"), "hills": drawn.draw("hills"), "still": still_life()}


@pytest.fixture(scope="session")
def all_scenes() -> dict[str, Picture]:
    """All four example scenes, which take seconds to draw."""
    drawn = _drawn()
    return {name: drawn.draw(name) for name in drawn.SCENES}


@pytest.fixture
def examples_folder(monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of examples, importable as when a script of it runs."""
    monkeypatch.setattr(sys, "path", [str(EXAMPLES), *sys.path])
    return EXAMPLES
